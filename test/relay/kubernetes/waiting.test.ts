import { describe, expect, it } from "vitest";
import type { PodRecord } from "../../../relay/kubernetes/pods.ts";
import { waitingOf } from "../../../relay/kubernetes/waiting.ts";
import { containerStatus, jobObject, podObject, seenPod } from "../support/objects.ts";

const at = (seconds: number): number => Date.parse("2026-11-24T16:00:00Z") + seconds * 1_000;
const text = (seconds: number): string => new Date(at(seconds)).toISOString().replace(".000Z", "Z");
const runs = [containerStatus("main", { running: {} })];
const running = podObject({ phase: "Running", node: "n1", containers: runs });
const isReady = (status: "True" | "False") => [
  { type: "Ready", status, lastTransitionTime: text(10) },
  { type: "ContainersReady", status: "True" },
];
const failed = podObject({ phase: "Failed" });

function waitingFor(reason: string, message = ""): PodRecord {
  return seenPod(podObject({ containers: [containerStatus("main", { waiting: { reason, message } })] }));
}

describe("a pod that does not start", () => {
  it.each([
    ["ErrImagePull", "ImagePullBackOff"],
    ["ImagePullBackOff", "ImagePullBackOff"],
    ["InvalidImageName", "InvalidImageName"],
    ["ErrImageNeverPull", "ErrImageNeverPull"],
    ["CreateContainerConfigError", "CreateContainerConfigError"],
  ])("for %s says so as %s", (reason, said) => {
    const waiting = waitingOf(jobObject(), [waitingFor(reason, "no such thing")], at(0));

    expect(waiting).toEqual({ reason: said, message: "pod pod1: container main: no such thing" });
  });

  it.each(["ContainerCreating", "PodInitializing", ""])("says nothing for the ordinary %s", (reason) => {
    expect(waitingOf(jobObject(), [waitingFor(reason)], at(0))).toBeNull();
  });

  it("says the scheduler's words while no node fits", () => {
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }];
    const waiting = waitingOf(jobObject(), [seenPod(podObject({ conditions }))], at(0));

    expect(waiting).toEqual({ reason: "Unschedulable", message: "pod pod1: 0/3 nodes" });
  });

  it("says since when its container is being created once that takes long", () => {
    const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: text(0) }];
    const containers = [containerStatus("main", { waiting: { reason: "ContainerCreating" } })];
    const pod = seenPod(podObject({ node: "n1", conditions, containers }));

    expect(waitingOf(jobObject(), [pod], at(9))).toBeNull();
    expect(waitingOf(jobObject(), [pod], at(10))).toEqual({
      reason: "ContainerCreating",
      message: `pod pod1 on node n1: container main is being created since ${text(0)} (image, volumes)`,
    });
  });

  it("is of no interest while another pod of the run runs", () => {
    expect(waitingOf(jobObject(), [waitingFor("ErrImagePull"), seenPod(running)], at(0))).toBeNull();
  });
});

describe("a pod that can't terminate", () => {
  const going = (status: "True" | "False" = "False") =>
    podObject({
      ...{ phase: "Running", node: "n1", containers: runs },
      ...{ deletionTimestamp: text(20), conditions: isReady(status) },
    });

  it("names pod and node, and since when the node is not ready", () => {
    const waiting = waitingOf(jobObject(), [seenPod(going())], at(26));

    expect(waiting).toEqual({
      reason: "PodTerminating",
      message: `pod pod1 on node n1 can't terminate: node not ready since ${text(10)}; no other pod starts before it has ended`,
    });
  });

  it("names when it was to end where its node says that it is well", () => {
    const waiting = waitingOf(jobObject(), [seenPod(going("True"))], at(26));

    expect(waiting?.message).toContain(`pod pod1 on node n1 can't terminate: it was to end by ${text(20)}`);
  });

  it("is so only after its grace and a little more", () => {
    expect(waitingOf(jobObject(), [seenPod(going())], at(25))).toBeNull();
  });

  it("is so although other pods of the run go on", () => {
    const other = seenPod(podObject({ name: "pod2", phase: "Running", containers: runs }));

    expect(waitingOf(jobObject(), [seenPod(going()), other], at(26))?.reason).toBe("PodTerminating");
  });

  it("is forgotten once it is gone", () => {
    expect(waitingOf(jobObject(), [seenPod(going(), "gone")], at(26))?.reason).toBe("PodBackOff");
  });
});

describe("between two pods", () => {
  it.each([
    { what: "failed", pod: seenPod(failed), words: "pod pod1 failed; Kubernetes has not made the next one yet" },
    {
      what: "was deleted",
      pod: seenPod(running, "gone"),
      words: "pod pod1 was deleted before it ended; Kubernetes has not made the next one yet",
    },
  ])("a run whose last pod $what waits for the next", ({ pod, words }) => {
    expect(waitingOf(jobObject(), [pod], at(0))).toEqual({ reason: "PodBackOff", message: words });
  });

  it("a run whose last pod succeeded waits for nothing: its Job is about to be complete", () => {
    expect(waitingOf(jobObject(), [seenPod(podObject({ phase: "Succeeded" }))], at(0))).toBeNull();
  });

  it("a run without any pod waits for what its events tell", () => {
    expect(waitingOf(jobObject(), [], at(0))).toBeNull();
  });
});

describe("a Job that is being deleted", () => {
  const going = (finalizers: string[]) => jobObject({ deletionTimestamp: text(0), finalizers });

  it("says until when its pod may take", () => {
    const pod = podObject({ phase: "Running", node: "n1", containers: runs, deletionTimestamp: text(60) });

    expect(waitingOf(going(["foregroundDeletion"]), [seenPod(pod)], at(5))).toEqual({
      reason: "PodTerminating",
      message: `pod pod1 on node n1 is to end by ${text(60)}`,
    });
  });

  it("names the finalizer that somebody else holds it with", () => {
    expect(waitingOf(going(["foregroundDeletion", "example.com/hold"]), [], at(5))).toEqual({
      reason: "Finalizer",
      message: "Job job1 is held by finalizer example.com/hold",
    });
  });

  it("waits for nothing of note where only Kubernetes' own finalizer is left", () => {
    expect(waitingOf(going(["foregroundDeletion"]), [], at(5))).toBeNull();
  });
});
