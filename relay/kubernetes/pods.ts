import type { ContainerStatus, KubePod } from "./objects.ts";

/** How one start of a container ended. */
export type ContainerEnd = { exitCode: number; signal: number | null; reason: string; message: string };

/** A container with all its ends that were ever seen: the API shows only the last two. */
export type ContainerRecord = {
  name: string;
  init: boolean;
  /** Which start the present state belongs to. */
  restart: number;
  /** When that start was, by the node's clock, epoch ms; null: it is not said. */
  startedAt: number | null;
  running: boolean;
  waiting: { reason: string; message: string } | null;
  ends: ReadonlyMap<number, ContainerEnd>;
};

/**
 * What is remembered of a pod. It outlives the pod: a Job's deadline deletes its pods before the Job says Failed
 * (platform notes, "Kubernetes Jobs").
 */
export type PodRecord = {
  uid: string;
  name: string;
  jobUid: string;
  phase: string;
  reason: string;
  message: string;
  /** The scheduler's words while it finds no node; null otherwise. */
  unschedulable: string | null;
  containers: readonly ContainerRecord[];
  /** When the first container started, by the node's clock, epoch ms; null: none did, or it is not said. */
  startedAt: number | null;
  severalContainers: boolean;
  /** The node it was bound to; null: none yet. */
  node: string | null;
  /** When it was bound to it, epoch ms by the cluster's clock; null: it was not, or it is not said. */
  scheduledAt: number | null;
  /**
   * Since when its node is silent, epoch ms; null: it is not. The control plane then calls the pod not ready, while its
   * containers, as the node saw them last, are (node-lifecycle controller).
   */
  notReadySince: number | null;
  /** Its deletion was asked for: what ends from then on was ended. */
  deleting: boolean;
  /** When its grace after that ends, epoch ms by the cluster's clock; null: no deletion was asked for. */
  deleteBy: number | null;
  gone: boolean;
};

/** The Job that controls a pod; null: none does. */
export function jobUidOf(pod: KubePod): string | null {
  return pod.metadata.ownerReferences?.find((owner) => owner.controller)?.uid ?? null;
}

/** Merges what a pod says now with what is remembered of it. */
export function recordPod(pod: KubePod, jobUid: string, earlier: PodRecord | undefined, gone: boolean): PodRecord {
  const init = pod.status?.initContainerStatuses ?? [];
  const main = pod.status?.containerStatuses ?? [];
  const scheduled = conditionOf(pod, "PodScheduled");
  return {
    uid: pod.metadata.uid,
    name: pod.metadata.name,
    jobUid,
    phase: pod.status?.phase ?? "Pending",
    reason: pod.status?.reason ?? "",
    message: pod.status?.message ?? "",
    unschedulable: isUnschedulable(scheduled) ? (scheduled?.message ?? "no node fits") : null,
    containers: [
      ...init.map((status) => recordContainer(status, true, earlier)),
      ...main.map((status) => recordContainer(status, false, earlier)),
    ],
    startedAt: earlier?.startedAt ?? firstStart([...init, ...main]),
    severalContainers: pod.spec.containers.length + (pod.spec.initContainers?.length ?? 0) > 1,
    node: pod.spec.nodeName || null,
    scheduledAt: scheduled?.status === "True" ? timeOf(scheduled.lastTransitionTime) : null,
    notReadySince: notReadySince(pod),
    deleting: pod.metadata.deletionTimestamp != null || earlier?.deleting === true,
    deleteBy: timeOf(pod.metadata.deletionTimestamp),
    gone: gone || earlier?.gone === true,
  };
}

type PodCondition = {
  status: string;
  reason?: string | null | undefined;
  lastTransitionTime?: string | null | undefined;
};

function conditionOf(pod: KubePod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

function isUnschedulable(scheduled: PodCondition | undefined): boolean {
  return scheduled?.status === "False" && scheduled.reason === "Unschedulable";
}

function notReadySince(pod: KubePod): number | null {
  const ready = conditionOf(pod, "Ready");
  const isContradicted = ready?.status === "False" && conditionOf(pod, "ContainersReady")?.status === "True";
  return isContradicted ? timeOf(ready.lastTransitionTime) : null;
}

function recordContainer(status: ContainerStatus, init: boolean, earlier: PodRecord | undefined): ContainerRecord {
  const known = earlier?.containers.find((container) => container.name === status.name && container.init === init);
  const ends = new Map(known?.ends);
  const before = status.lastState?.terminated;
  // While it waits for its next start it is still counted as the last one, which then stands in lastState (run, 1.36.3).
  const beforeAt = status.state?.waiting ? status.restartCount : status.restartCount - 1;
  if (before && beforeAt >= 0) ends.set(beforeAt, containerEnd(before));
  const now = status.state?.terminated;
  if (now) ends.set(status.restartCount, containerEnd(now));
  const waiting = status.state?.waiting;
  return {
    name: status.name,
    init,
    restart: status.restartCount,
    startedAt: timeOf(status.state?.running?.startedAt ?? now?.startedAt),
    running: status.state?.running != null,
    waiting: waiting ? { reason: waiting.reason ?? "", message: waiting.message ?? "" } : null,
    ends,
  };
}

function timeOf(text: string | null | undefined): number | null {
  const at = Date.parse(text ?? "");
  return Number.isFinite(at) ? at : null;
}

function firstStart(statuses: readonly ContainerStatus[]): number | null {
  const starts = statuses
    .flatMap(({ state, lastState }) => [
      lastState?.terminated?.startedAt,
      state?.terminated?.startedAt,
      state?.running?.startedAt,
    ])
    .map(timeOf)
    .filter((at) => at !== null);
  return starts.length > 0 ? Math.min(...starts) : null;
}

type Terminated = { exitCode: number; signal?: number | null; reason?: string | null; message?: string | null };

function containerEnd(state: Terminated): ContainerEnd {
  return {
    exitCode: state.exitCode,
    signal: state.signal ?? null,
    reason: state.reason ?? "",
    message: state.message ?? "",
  };
}

/** The newest end of a container; null: it never ended. */
export function lastEnd(container: ContainerRecord): ContainerEnd | null {
  const newest = Math.max(-1, ...container.ends.keys());
  return container.ends.get(newest) ?? null;
}

/** The kubelet's word for a container that it does not find when its pod is over, be it that it never started one. */
const NOT_FOUND = "ContainerStatusUnknown";

/**
 * Whether any container of the pod ever ran. An end alone does not say so: of a pod deleted in the midst of its image pull
 * the kubelet says that each container ended with 137, and no start of it (kubelet, status_manager.go, 1.36).
 */
export function hasStarted(pod: PodRecord): boolean {
  if (pod.startedAt !== null) return true;
  return pod.containers.some(({ running, ends }) => running || [...ends.values()].some(isRealEnd));
}

function isRealEnd(end: ContainerEnd): boolean {
  return end.reason !== NOT_FOUND;
}

/** Whether the pod can run nothing any more. */
export function isOver(pod: PodRecord): boolean {
  return pod.gone || pod.phase === "Succeeded" || pod.phase === "Failed";
}

/** Whether the pod counts as failed: by its phase, or since it went before it could succeed. */
export function hasFailed(pod: PodRecord): boolean {
  if (pod.phase === "Failed") return true;
  if (pod.phase === "Succeeded") return false;
  return pod.gone || pod.containers.some((container) => (lastEnd(container)?.exitCode ?? 0) !== 0);
}

/** Exit codes of SIGTERM and SIGKILL, which a deletion sends. */
const ENDED_BY_DELETION = new Set([143, 137]);

/**
 * The end that tells why a container did not succeed. Under OnFailure the back-off limit has the pod deleted while its
 * next start already runs: then the start before it failed, and this one was only ended.
 */
export function tellingEnd(pod: PodRecord, container: ContainerRecord): ContainerEnd | null {
  const newest = lastEnd(container);
  if (newest === null || !(pod.deleting || pod.gone) || !ENDED_BY_DELETION.has(newest.exitCode)) return newest;
  const earlier = [...container.ends.values()].filter((end) => end !== newest && end.exitCode !== 0);
  return earlier.at(-1) ?? newest;
}

/** The container that tells why the pod ended: the first that failed, else the first that ended. */
export function decidingContainer(pod: PodRecord): ContainerRecord | null {
  const ended = pod.containers.filter((container) => lastEnd(container) !== null);
  return ended.find((container) => lastEnd(container)?.exitCode !== 0) ?? ended.find((c) => !c.init) ?? null;
}
