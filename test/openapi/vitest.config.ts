import { defineConfig } from "vitest/config";

/** The API's document and its answers, compared by schemathesis on a whole system; it needs Python 3.10 or newer with venv. */
export default defineConfig({
  test: {
    name: "openapi",
    include: ["test/openapi/**/*.e2e.ts"],
    // Three minutes on two quiet cores; the rest is for a machine that is busy, and for pip.
    testTimeout: 900_000,
  },
});
