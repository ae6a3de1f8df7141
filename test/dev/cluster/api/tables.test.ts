import { describe, expect, test } from "vitest";
import { type JsonObject, type KubeObject, listAt } from "../../../../dev/cluster/api/json.ts";
import { findResource, namespaces } from "../../../../dev/cluster/api/resources.ts";
import { humanDuration, tableText, wantsTable } from "../../../../dev/cluster/api/tables.ts";

const nowMs = Date.parse("2026-11-24T12:00:00Z");

test.each([
  [-5, "0s"],
  [119_000, "119s"],
  [120_000, "2m"],
  [125_000, "2m5s"],
  [11 * 60_000, "11m"],
  [3 * 3_600_000, "3h"],
  [3 * 3_600_000 + 60_000, "3h1m"],
  [50 * 3_600_000, "2d"],
])("%i ms is printed as %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

function cells(plural: string, object: JsonObject): unknown[] {
  const resource = findResource(plural === "jobs" ? "batch" : "", "v1", plural) ?? namespaces;
  const full: KubeObject = {
    apiVersion: "v1",
    kind: resource.kind,
    metadata: { name: "x", creationTimestamp: "2026-11-24T11:59:00Z" },
    ...object,
  };
  const table: JsonObject = JSON.parse(tableText(resource, [full], 7, "", nowMs));
  return listAt(listAt(table, "rows")[0], "cells");
}

describe("a Job's row", () => {
  const spec = { completions: 2 };
  test.each<[string, JsonObject]>([
    ["Running", {}],
    ["Complete", { conditions: [{ type: "Complete", status: "True" }] }],
    [
      "Failed",
      {
        conditions: [
          { type: "FailureTarget", status: "True" },
          { type: "Failed", status: "True" },
        ],
      },
    ],
    ["Suspended", { conditions: [{ type: "Suspended", status: "True" }] }],
    ["FailureTarget", { conditions: [{ type: "FailureTarget", status: "True" }] }],
  ])("says %s", (word, status) => {
    expect(cells("jobs", { spec, status })[1]).toBe(word);
  });

  test("counts completions and the time it took", () => {
    const status = { succeeded: 1, startTime: "2026-11-24T11:59:10Z", completionTime: "2026-11-24T11:59:40Z" };
    expect(cells("jobs", { spec, status }).slice(0, 5)).toEqual(["x", "Running", "1/2", "30s", "60s"]);
  });

  test("of a queue counts one of many", () => {
    expect(cells("jobs", { spec: { parallelism: 3 }, status: {} })[2]).toBe("0/1 of 3");
  });
});

describe("a pod's row", () => {
  const spec = { containers: [{ name: "a" }] };
  const status = (phase: string, state: JsonObject) => ({
    phase,
    containerStatuses: [{ ready: "running" in state, restartCount: 2, state }],
  });

  test("shows phase, readiness and restarts", () => {
    expect(cells("pods", { spec, status: status("Running", { running: {} }) }).slice(1, 4)).toEqual([
      "1/1",
      "Running",
      "2",
    ]);
  });

  test("shows why a container waits or how it ended", () => {
    expect(cells("pods", { spec, status: status("Pending", { waiting: { reason: "CrashLoopBackOff" } }) })[2]).toBe(
      "CrashLoopBackOff",
    );
    expect(cells("pods", { spec, status: status("Failed", { terminated: { reason: "Error" } }) })[2]).toBe("Error");
  });

  test("says Terminating while it is on its way out", () => {
    const metadata = {
      name: "x",
      creationTimestamp: "2026-11-24T11:59:00Z",
      deletionTimestamp: "2026-11-24T12:00:00Z",
    };
    expect(cells("pods", { metadata, spec, status: status("Running", { running: {} }) })[2]).toBe("Terminating");
  });
});

test("only a client that asks for a table gets one", () => {
  expect(wantsTable("application/json;as=Table;v=v1;g=meta.k8s.io,application/json")).toBe(true);
  expect(wantsTable("application/json")).toBe(false);
});
