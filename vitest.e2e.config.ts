import { defineConfig } from "vitest/config";

/** The slower suite: whole systems that are killed and started again; `.ci/run` runs it after `npm run check`. */
export default defineConfig({
  test: {
    name: "e2e",
    include: ["test/{e2e,chaos}/**/*.e2e.ts"],
    // Each test starts one or two systems of five processes: side by side they would measure each other.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
});
