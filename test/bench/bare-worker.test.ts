import path from "node:path";
import { describe, expect, it } from "vitest";
import { readWorkerConfig } from "../../dev/start/worker-config.ts";

describe("the bench's bare Worker", () => {
  it("has a configuration that the local host can run", () => {
    const config = readWorkerConfig(path.resolve(import.meta.dirname, "../../bench/bare-worker"));
    expect(config.durable_objects.bindings).toEqual([{ name: "CLOCKS", class_name: "BareClock" }]);
    expect(config.ratelimits).toEqual([]);
  });
});
