import { defineConfig } from "vitest/config";

/** The suite that runs on the embedded cluster and on real ones; it needs Go, Debian's packages and, for the real node, root. */
export default defineConfig({
  test: {
    name: "kubernetes",
    include: ["test/kubernetes/**/*.test.ts"],
    // Each file starts a cluster and a whole system: side by side they would measure each other.
    fileParallelism: false,
    testTimeout: 60_000,
    // The first file of a cold start builds Kubernetes.
    hookTimeout: 1_500_000,
  },
});
