import { describe, expect, it } from "vitest";
import { ANNOTATIONS } from "../../../protocol/words.ts";
import type { PodRecord } from "../../../relay/kubernetes/pods.ts";
import { isReported, podsAreComplete, reportOf } from "../../../relay/kubernetes/run-report.ts";
import { containerStatus, jobObject, podObject, seenPod } from "../support/objects.ts";

const running = podObject({ phase: "Running", containers: [containerStatus("main", { running: {} })] });
const ended = (exitCode: number, more: object = {}): object =>
  containerStatus("main", { terminated: { exitCode, reason: "Error", ...more } });
const succeeded = podObject({
  phase: "Succeeded",
  containers: [containerStatus("main", { terminated: { exitCode: 0, reason: "Completed" } })],
});
const failed = podObject({ phase: "Failed", containers: [ended(3)] });
const complete = jobObject({
  conditions: [{ type: "Complete", status: "True", lastTransitionTime: "2026-11-24T16:00:05Z" }],
});
const failedJob = (reason: string, message: string, annotations = {}) =>
  jobObject({ conditions: [{ type: "Failed", status: "True", reason, message }], annotations });
const backoff = failedJob("BackoffLimitExceeded", "Job has reached the specified backoff limit");

// What the kubelet says of a container that it does not find when the pod is over; that it ran, the pod said before.
const notFound = podObject({ phase: "Failed", containers: [ended(137, { reason: "ContainerStatusUnknown" })] });
const runningSince = podObject({
  phase: "Running",
  containers: [containerStatus("main", { running: { startedAt: "2026-11-24T16:00:01Z" } })],
});

const report = (job = jobObject(), pods: PodRecord[] = []) => reportOf(job, pods, Date.parse("2026-11-24T16:00:05Z"));

describe("the start of a run", () => {
  it.each([
    { state: "no pod", pods: [], started: null },
    { state: "a pending pod", pods: [seenPod(podObject())], started: null },
    { state: "a running container", pods: [seenPod(running)], started: "pod1" },
    { state: "a container that ended already", pods: [seenPod(failed)], started: "pod1" },
    { state: "a pod deleted before its image was there", pods: [seenPod(podObject(), notFound)], started: null },
    { state: "a pod that ran and whose container is lost", pods: [seenPod(runningSince, notFound)], started: "pod1" },
    { state: "a pod that ran and is gone", pods: [seenPod(running, failed, "gone")], started: "pod1" },
  ])("with $state is $started", ({ pods, started }) => {
    expect(report(jobObject(), pods).startedPod).toBe(started);
  });
});

describe("why a run waits", () => {
  it("is nothing after the end", () => {
    const waiting = containerStatus("main", { waiting: { reason: "ErrImagePull" } });

    expect(report(backoff, [seenPod(podObject({ containers: [waiting] }))]).waiting).toBeNull();
  });
});

describe("the end of a run", () => {
  it.each(["SuccessCriteriaMet", "FailureTarget", "Suspended"])("is not %s", (type) => {
    expect(report(jobObject({ conditions: [{ type, status: "True" }] }), [seenPod(succeeded)]).end).toBeNull();
  });

  it("is not a condition that is false, nor a counter", () => {
    const job = jobObject({ conditions: [{ type: "Complete", status: "False" }], status: { succeeded: 1 } });

    expect(report(job, [seenPod(succeeded)]).end).toBeNull();
  });

  it("is success without a word on Complete", () => {
    expect(report(complete, [seenPod(running, succeeded)]).end).toEqual({
      result: "succeeded",
      reason: "",
      message: "",
      endedAt: Date.parse("2026-11-24T16:00:05Z"),
      pods: [{ podName: "pod1", exitCode: 0, reason: "Completed" }],
      podCount: 1,
      logs: [],
    });
  });

  it("is failure with the code of the Job and a sentence that names the exit code", () => {
    const { end } = report(backoff, [seenPod(running, failed)]);

    expect(end).toMatchObject({
      result: "failed",
      reason: "BackoffLimitExceeded",
      message: "pod pod1: container main exited with code 3 (Error); Job has reached the specified backoff limit",
      pods: [{ podName: "pod1", exitCode: 3, reason: "Error" }],
    });
  });

  it.each([
    { what: "an exit code", state: { exitCode: 7, reason: "Error" }, words: "exited with code 7 (Error)" },
    { what: "a signal by its number", state: { exitCode: 0, signal: 9 }, words: "was ended by signal 9, exit code 0" },
    { what: "a signal by the exit code", state: { exitCode: 143 }, words: "was ended by signal 15, exit code 143" },
    {
      what: "too much memory",
      state: { exitCode: 137, reason: "OOMKilled" },
      words: "used more memory than its limit and was killed (OOMKilled, exit code 137)",
    },
    {
      what: "a command that can't start",
      state: { exitCode: 128, reason: "StartError", message: 'exec: "nope": not found' },
      words: 'could not start (StartError, exit code 128): exec: "nope": not found',
    },
    {
      what: "a termination message",
      state: { exitCode: 1, message: "line 1\nline 2" },
      words: "exited with code 1: line 1 line 2",
    },
  ])("names $what", ({ state, words }) => {
    const pod = seenPod(podObject({ phase: "Failed", containers: [containerStatus("main", { terminated: state })] }));

    expect(report(backoff, [pod]).end?.message).toContain(`pod pod1: container main ${words}`);
  });

  it("names the container that failed, not the one beside it", () => {
    const ok = containerStatus("side", { terminated: { exitCode: 0 } });
    const pod = seenPod(podObject({ phase: "Failed", names: ["side", "main"], containers: [ok, ended(4)] }));

    expect(report(backoff, [pod]).end?.message).toContain("container main exited with code 4");
  });

  it("tells an evicted pod by its reason", () => {
    const pod = seenPod(podObject({ phase: "Failed", reason: "Evicted", message: "low on memory" }));

    const { end } = report(backoff, [pod]);

    expect(end?.message).toContain("pod pod1: Evicted: low on memory");
    expect(end?.pods).toEqual([{ podName: "pod1", exitCode: null, reason: "Evicted" }]);
  });

  it("puts the Job's words first where its deadline ended the pod, which is gone by then", () => {
    const killed = podObject({ phase: "Failed", containers: [ended(143)] });
    const job = failedJob("DeadlineExceeded", "Job was active longer than specified deadline");

    const { end } = report(job, [seenPod(running, killed, "gone")]);

    expect(end?.message).toMatch(/^Job was active longer than specified deadline; pod pod1: container main was ended/);
    expect(end?.pods).toEqual([{ podName: "pod1", exitCode: 143, reason: "Error" }]);
  });

  it("says of a pod that was deleted while it ran what is known", () => {
    const { end } = report(backoff, [seenPod(running, "gone")]);

    expect(end?.message).toContain("pod pod1 was deleted before it ended");
    expect(end?.pods).toEqual([{ podName: "pod1", exitCode: null, reason: "Deleted" }]);
  });

  it("tells the newest failed pod of several, and lists at most 100 of them with their number", () => {
    const pods = Array.from({ length: 120 }, (_, index) =>
      seenPod(podObject({ name: `pod${index}`, phase: "Failed", containers: [ended(index % 100 || 1)] })),
    );

    const { end } = report(backoff, pods);

    expect(end?.message).toContain("pod pod119");
    expect(end?.podCount).toBe(120);
    expect(end?.pods).toHaveLength(100);
    expect(end?.pods.at(-1)?.podName).toBe("pod119");
    expect(end?.logs).toHaveLength(120);
  });
});

describe("the logs that will follow", () => {
  const key = (restart: number, podName = "pod1", container = "main") => ({
    podName,
    podUid: `${podName}-uid`,
    container,
    restart,
  });
  const collect = { [ANNOTATIONS.logCollect]: "true" };
  const all = jobObject({ conditions: complete.status?.conditions as [], annotations: collect });
  const other = podObject({
    name: "pod2",
    phase: "Succeeded",
    containers: [containerStatus("main", { terminated: { exitCode: 0 } })],
  });

  it("are those of every pod where they are collected", () => {
    expect(report(all, [seenPod(failed), seenPod(other)]).end?.logs).toEqual([key(0), key(0, "pod2")]);
  });

  it("are those of failed pods unasked", () => {
    expect(report(complete, [seenPod(failed), seenPod(other)]).end?.logs).toEqual([key(0)]);
  });

  it("are none of a pod that never started", () => {
    expect(report(all, [seenPod(podObject({ phase: "Failed", reason: "Evicted" }))]).end?.logs).toEqual([]);
  });

  it("are those of every start, also where the node has none any more: its row says so", () => {
    const restarted = podObject({
      phase: "Failed",
      containers: [containerStatus("main", { terminated: { exitCode: 1 } }, 3, { terminated: { exitCode: 1 } })],
    });

    expect(report(all, [seenPod(restarted)]).end?.logs).toEqual([key(0), key(1), key(2), key(3)]);
  });

  it("count the start that a container in CrashLoopBackOff waits after", () => {
    const waiting = { waiting: { reason: "CrashLoopBackOff" } };
    const pod = podObject({
      phase: "Failed",
      containers: [containerStatus("main", waiting, 1, { terminated: { exitCode: 3 } })],
    });

    expect(report(all, [seenPod(pod)]).end?.logs).toEqual([key(0), key(1)]);
  });

  it("are one per container, init containers included", () => {
    const pod = podObject({
      phase: "Failed",
      init: [containerStatus("init", { terminated: { exitCode: 0 } })],
      containers: [ended(1)],
    });

    expect(report(backoff, [seenPod(pod)]).end?.logs).toEqual([key(0, "pod1", "init"), key(0)]);
    expect(seenPod(pod).severalContainers).toBe(true);
  });
});

describe("what is known of the pods", () => {
  it.each([
    { succeeded: 1, pods: [], complete: false },
    { succeeded: 1, pods: [seenPod(running)], complete: false },
    { succeeded: 1, pods: [seenPod(succeeded)], complete: true },
    { succeeded: 1, pods: [seenPod(running, "gone")], complete: true },
    { succeeded: 0, pods: [], complete: true },
  ])("is complete once as many are over as the Job counted", ({ succeeded: count, pods, complete: isComplete }) => {
    expect(podsAreComplete(jobObject({ status: { succeeded: count } }), pods)).toBe(isComplete);
  });

  it("keeps every end of a container that was ever seen", () => {
    const first = podObject({ phase: "Running", containers: [ended(1)] });
    const third = podObject({
      phase: "Running",
      containers: [containerStatus("main", { running: {} }, 2, { terminated: { exitCode: 2 } })],
    });

    const pod = seenPod(first, third);

    expect([...(pod.containers[0]?.ends.entries() ?? [])].map(([restart, end]) => [restart, end.exitCode])).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it("was reported where the annotation says so", () => {
    expect(isReported(jobObject())).toBe(false);
    expect(isReported(jobObject({ annotations: { [ANNOTATIONS.reportedAt]: "2026-11-24T16:00:00Z" } }))).toBe(true);
  });
});
