import { defineConfig } from "vitest/config";

/** The suite that runs on the embedded cluster and on real ones; it needs Debian with Go and root. */
export default defineConfig({
  test: {
    name: "kubernetes",
    include: ["test/kubernetes/**/*.test.ts"],
    globalSetup: ["test/kubernetes/prepare.ts"],
    // Each file starts a cluster and a whole system. They mostly wait, so they share the machine; so do the cases of one file.
    maxWorkers: 5,
    // What a failing case said is shown; the rest would be a page for each cluster's start.
    silent: "passed-only",
    maxConcurrency: 5,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
