import { expect, test } from "vitest";
import { difference, linesOf } from "./lines.ts";

test("an object becomes lines without what differs from start to start", () => {
  const pod = {
    metadata: { name: "night-x7k2p", uid: "2c5bd3a4-4a6f-4c1b-9a55-5b0c1fd0a111", resourceVersion: "17" },
    spec: { volumes: [{ name: "kube-api-access-abcde" }], containers: [] },
    status: {
      hostIP: "10.99.0.1",
      conditions: [{ type: "Ready", status: "False", lastTransitionTime: "2026-11-24T03:00:00Z" }],
      message: "pod night-x7k2p ended",
    },
  };
  expect(linesOf(pod, "night")).toEqual([
    'metadata.uid = "<uid>"',
    "spec.containers = []",
    'status.conditions[Ready].lastTransitionTime = "<time>"',
    'status.conditions[Ready].status = "False"',
    'status.conditions[Ready].type = "Ready"',
    'status.hostIP = "<address>"',
    'status.message = "pod night-<random> ended"',
  ]);
});

test("the difference tells both sides, a repeated line once", () => {
  expect(difference(["a", "b", "b"], ["c", "a"])).toEqual({ left: ["b"], right: ["c"] });
});
