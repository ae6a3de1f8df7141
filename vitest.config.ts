import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { isClosingChannel } from "./test/support/closing-channel.ts";

/** The Worker's bindings and settings as tests inside workerd see them. */
const insideWorkerd = () =>
  cloudflareTest(async () => ({
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: {
      bindings: {
        TEST_MIGRATIONS: await readD1Migrations("./migrations"),
        WATCHBELL_TOKEN: "test-token",
        WATCHBELL_RATE_LIMIT: "",
      },
    },
  }));

const OBJECTS = [
  "test/worker/objects/**/*.test.ts",
  "test/worker/clusters/**/*.test.ts",
  "test/worker/jobs/lifecycle*.test.ts",
];

/**
 * Tests inside workerd (the Worker and its objects), and those on Node (all else). The files of a workerd project share one
 * workerd, its D1 and its objects, since a fresh one per file costs two seconds each: a test names its own jobs and clusters,
 * or clears the tables first. The HTTP side and the objects have a project each, so that neither meets the other's rows.
 */
export default defineConfig({
  test: {
    onUnhandledError: (error) => !isClosingChannel(error),
    projects: [
      {
        plugins: [insideWorkerd()],
        test: {
          name: "workerd",
          isolate: false,
          include: OBJECTS,
          setupFiles: ["./test/worker/apply-migrations.ts"],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [insideWorkerd()],
        test: {
          name: "workerd-http",
          isolate: false,
          include: ["test/worker/**/*.test.ts"],
          exclude: OBJECTS,
          setupFiles: ["./test/worker/apply-migrations.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/worker/**", "test/kubernetes/**"],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
