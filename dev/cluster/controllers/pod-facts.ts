import type { Pod } from "../client/objects.ts";

/** The finalizer that keeps a Job's pod until it has been counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
/** The annotation and label that carry a pod's completion index. */
export const indexKey = "batch.kubernetes.io/job-completion-index";

/** Says whether no container of a pod will ever run again; a deleted pod that no node holds counts as such. */
export function isPodOver(pod: Pod): boolean {
  const { phase } = pod.status;
  if (phase === "Succeeded" || phase === "Failed") return true;
  return isPodDeleting(pod) && (pod.spec.nodeName ?? "") === "";
}

/** Says whether a pod is on its way out. */
export function isPodDeleting(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Says whether a pod is still held until it is counted. */
export function isPodTracked(pod: Pod): boolean {
  return pod.metadata.finalizers.includes(trackingFinalizer);
}

/** The pod's completion index; undefined where its Job is not Indexed. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations[indexKey];
  return text === undefined ? undefined : Number(text);
}

/** When a pod that is over ended, epoch ms: the end of its last container, or what comes closest. */
export function endOf(pod: Pod): number {
  let last = 0;
  for (const status of pod.status.containerStatuses) {
    const finished = Date.parse(status.state.terminated?.finishedAt ?? "");
    if (finished > last) last = finished;
  }
  return last > 0 ? last : Date.parse(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp);
}

/** Restarts of all containers of a pod. */
export function restartsOf(pod: Pod): number {
  let total = 0;
  for (const status of [...pod.status.initContainerStatuses, ...pod.status.containerStatuses])
    total += status.restartCount;
  return total;
}

/** Says whether a pod is ready. */
export function isPodReady(pod: Pod): boolean {
  return pod.status.conditions.some((one) => one.type === "Ready" && one.status === "True");
}
