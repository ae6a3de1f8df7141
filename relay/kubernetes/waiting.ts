import type { KubeJob } from "./objects.ts";
import { type ContainerRecord, hasStarted, isOver, type PodRecord } from "./pods.ts";
import { cutWords } from "./sentences.ts";

/** Why a run does not get on: a code and a sentence; both empty: it does. */
export type Waiting = { reason: string; message: string };

/** A kubelet gets this much more than a pod's grace before it counts as silent, ms. */
const END_MARGIN_MS = 5_000;
/** Creating a container may take this long before it is worth a sentence, ms. */
const CREATING_MS = 10_000;
/** Waiting reasons that pass by themselves within a moment. */
const ORDINARY = new Set(["", "ContainerCreating", "PodInitializing"]);

/**
 * Why nothing of a run that has not ended runs right now, or why it can't end; null: it gets on. `nowAt` is the cluster's
 * clock, epoch ms. The sentence changes with the state alone, never with the time.
 */
export function waitingOf(job: KubeJob, pods: readonly PodRecord[], nowAt: number): Waiting | null {
  const live = pods.filter((pod) => !isOver(pod));
  const isGoing = job.metadata.deletionTimestamp != null;
  const stuck = live.find((pod) => isOverdue(pod, nowAt));
  if (stuck) return { reason: "PodTerminating", message: overdueWords(stuck) };
  if (!isGoing && live.some((pod) => pod.containers.some(({ running }) => running))) return null;
  for (const pod of live.toReversed()) {
    const waiting = podWaiting(pod, nowAt);
    if (waiting !== null) return waiting;
  }
  if (live.length > 0) return null;
  return isGoing ? heldWords(job) : betweenPods(pods);
}

function podWaiting(pod: PodRecord, nowAt: number): Waiting | null {
  if (pod.deleteBy !== null) {
    return { reason: "PodTerminating", message: `${podWords(pod)} is to end by ${timeText(pod.deleteBy)}` };
  }
  if (pod.unschedulable !== null) {
    return { reason: "Unschedulable", message: `pod ${pod.name}: ${cutWords(pod.unschedulable)}` };
  }
  const { containers } = pod;
  const stuck = containers.find((container) => container.waiting && !ORDINARY.has(container.waiting.reason));
  if (stuck) return containerWaiting(pod, stuck);
  const sinceAt = pod.scheduledAt;
  if (sinceAt === null || nowAt - sinceAt < CREATING_MS || hasStarted(pod)) return null;
  // An image that is being pulled, a volume that can't be mounted: the pod says no more than this.
  const name = containers.find(({ waiting }) => waiting)?.name ?? "main";
  const message = `${podWords(pod)}: container ${name} is being created since ${timeText(sinceAt)} (image, volumes)`;
  return { reason: "ContainerCreating", message };
}

function containerWaiting(pod: PodRecord, { name, waiting }: ContainerRecord): Waiting {
  // The two alternate while an image can't be pulled; as one reason they are one fact.
  const reason = waiting?.reason === "ErrImagePull" ? "ImagePullBackOff" : (waiting?.reason ?? "");
  return { reason, message: `pod ${pod.name}: container ${name}: ${cutWords(waiting?.message || reason)}` };
}

/** Its node was to have ended it by now; what it runs may go on, so that Kubernetes starts no other in its place. */
function isOverdue(pod: PodRecord, nowAt: number): boolean {
  return pod.deleteBy !== null && nowAt > pod.deleteBy + END_MARGIN_MS;
}

function overdueWords(pod: PodRecord): string {
  const why =
    pod.notReadySince === null
      ? `it was to end by ${timeText(pod.deleteBy ?? 0)}`
      : `node not ready since ${timeText(pod.notReadySince)}`;
  return `${podWords(pod)} can't terminate: ${why}; no other pod starts before it has ended`;
}

/** Its pods are over and the Job is still there: somebody's finalizer, or the garbage collector is about to take it. */
function heldWords(job: KubeJob): Waiting | null {
  const finalizers = (job.metadata.finalizers ?? []).filter((name) => !OWN_FINALIZERS.has(name));
  if (finalizers.length === 0) return null;
  return {
    reason: "Finalizer",
    message: `Job ${job.metadata.name} is held by finalizer ${cutWords(finalizers.join(", "))}`,
  };
}

/** Kubernetes' own, which go by themselves. */
const OWN_FINALIZERS = new Set(["foregroundDeletion", "orphan"]);

/** Between a pod and the one that replaces it Kubernetes pauses for 10 s and more. */
function betweenPods(pods: readonly PodRecord[]): Waiting | null {
  const last = pods.at(-1);
  if (last === undefined || last.phase === "Succeeded") return null;
  const how = last.phase === "Failed" ? "failed" : "was deleted before it ended";
  return { reason: "PodBackOff", message: `pod ${last.name} ${how}; Kubernetes has not made the next one yet` };
}

function podWords(pod: PodRecord): string {
  return pod.node === null ? `pod ${pod.name}` : `pod ${pod.name} on node ${pod.node}`;
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}
