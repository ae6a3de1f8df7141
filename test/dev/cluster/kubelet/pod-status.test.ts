import { describe, expect, test } from "vitest";
import { listAt } from "../../../../dev/cluster/api/json.ts";
import { Pod } from "../../../../dev/cluster/client/objects.ts";
import { lostPodStatus } from "../../../../dev/cluster/kubelet/lost-pod.ts";
import {
  type ContainerRecord,
  phaseOf,
  podStatusOf,
  terminatedState,
} from "../../../../dev/cluster/kubelet/pod-status.ts";

const nowMs = Date.parse("2026-11-24T12:00:00Z");

function record(state: ContainerRecord["state"], rest: Partial<ContainerRecord> = {}): ContainerRecord {
  const container = { name: "main", image: "x", command: [], args: [], env: [], envFrom: [] };
  return { container, isInit: false, restartCount: 0, state, lastState: {}, ...rest };
}

const running = { running: { startedAt: "2026-11-24T11:00:00Z" } };
const waiting = { waiting: { reason: "ContainerCreating" } };
const ended = (exitCode: number) => ({ terminated: { exitCode } });

describe("a pod's phase", () => {
  test.each([
    ["Pending", [waiting], "Never", false],
    ["Running", [running], "Never", false],
    ["Running", [running, ended(1)], "Never", false],
    ["Succeeded", [ended(0), ended(0)], "Never", false],
    ["Failed", [ended(0), ended(2)], "Never", false],
    ["Running", [ended(1)], "OnFailure", false],
    ["Failed", [ended(1)], "OnFailure", true],
    ["Succeeded", [ended(0)], "Always", true],
    ["Failed", [waiting], "Never", true],
  ] as const)("is %s for %j with %s, over: %s", (phase, states, policy, isOver) => {
    expect(
      phaseOf(
        states.map((state) => record(state)),
        policy,
        isOver,
      ),
    ).toBe(phase);
  });

  test("is Running while a container waits to be restarted", () => {
    expect(phaseOf([record(waiting, { restartCount: 1 })], "OnFailure", false)).toBe("Running");
  });
});

describe("a pod's status", () => {
  test("is ready while all containers run, with init containers apart", () => {
    const records = [record(ended(0), { isInit: true }), record(running)];
    const status = podStatusOf(records, "Running", "2026-11-24T11:00:00Z", undefined, nowMs);
    expect(listAt(status, "conditions")).toMatchObject([
      { type: "PodReadyToStartContainers", status: "True" },
      { type: "Initialized", status: "True" },
      { type: "Ready", status: "True" },
      { type: "ContainersReady", status: "True" },
    ]);
    expect(listAt(status, "containerStatuses")).toMatchObject([{ name: "main", ready: true, started: true }]);
    expect(listAt(status, "initContainerStatuses")).toHaveLength(1);
  });

  test("takes its conditions back with the reason of its end, as a real kubelet does", () => {
    const conditionsOf = (exitCode: number, phase: string) =>
      listAt(podStatusOf([record(ended(exitCode))], phase, "x", undefined, nowMs), "conditions");
    expect(conditionsOf(0, "Succeeded")).toMatchObject([
      { type: "PodReadyToStartContainers", status: "False" },
      { type: "Initialized", status: "True", reason: "PodCompleted" },
      { type: "Ready", status: "False", reason: "PodCompleted" },
      { type: "ContainersReady", status: "False", reason: "PodCompleted" },
    ]);
    expect(conditionsOf(1, "Failed")[1]).not.toHaveProperty("reason");
    expect(conditionsOf(1, "Failed")[2]).toMatchObject({ type: "Ready", status: "False", reason: "PodFailed" });
  });

  test("says why the pod as a whole ended", () => {
    const why = { reason: "DeadlineExceeded", message: "too long" };
    expect(podStatusOf([record(ended(137))], "Failed", "x", why, nowMs)).toMatchObject({ phase: "Failed", ...why });
  });

  test("keeps exit code, signal, reason, times and id of an end", () => {
    const exit = { exitCode: 137, signal: 9, reason: "Error", message: "" };
    expect(terminatedState(exit, nowMs - 5_000, nowMs, "watchbell://u/main/0")).toEqual({
      terminated: {
        exitCode: 137,
        signal: 9,
        reason: "Error",
        startedAt: "2026-11-24T11:59:55Z",
        finishedAt: "2026-11-24T12:00:00Z",
        containerID: "watchbell://u/main/0",
      },
    });
  });
});

describe("a pod that lost its containers in a restart", () => {
  const pod = Pod.parse({
    metadata: { name: "p", namespace: "n", uid: "u", resourceVersion: "1", creationTimestamp: "x" },
    spec: { containers: [{ name: "done" }, { name: "ran" }, { name: "never" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        { name: "done", restartCount: 2, state: ended(0) },
        { name: "ran", state: running },
      ],
    },
  });

  test("is failed with a reason; a container that had ended keeps its own end", () => {
    const status = lostPodStatus(pod, nowMs);
    expect(status).toMatchObject({ phase: "Failed", reason: "NodeRestarted" });
    expect(listAt(status, "containerStatuses")).toMatchObject([
      { name: "done", restartCount: 2, state: { terminated: { exitCode: 0 } } },
      {
        name: "ran",
        state: { terminated: { exitCode: 137, reason: "NodeRestarted", startedAt: running.running.startedAt } },
      },
      { name: "never", state: { terminated: { finishedAt: "2026-11-24T12:00:00Z" } } },
    ]);
  });
});
