import { clusterSelector, type KubernetesCalls } from "./calls.ts";
import { type ApiFailure, isNotFound } from "./failures.ts";
import type { KubePod } from "./objects.ts";

/** What may still run of a Job that is gone: the pods themselves, or why they can't be looked at. */
export type LeftPods = { ok: true; pods: KubePod[] } | { ok: false; failure: ApiFailure };

/** Whether the pod can run nothing any more. */
export function isPodOver(pod: KubePod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/**
 * The pods of one Job (by its uid) that are not over. A Job deleted in the background, or with its pods orphaned, goes before
 * them (platform notes, "Kubernetes Jobs"); orphans keep the label, not the owner.
 */
export async function podsLeftBy(
  calls: KubernetesCalls,
  clusterLabel: string,
  namespace: string,
  uid: string,
): Promise<LeftPods> {
  const selector = `${clusterSelector(clusterLabel)},batch.kubernetes.io/controller-uid=${uid}`;
  const listed = await calls.listPods(namespace, selector);
  if (listed.ok) return { ok: true, pods: listed.value.filter((pod) => !isPodOver(pod)) };
  return isNotFound(listed.failure) ? { ok: true, pods: [] } : listed;
}

/** Why a run whose Job is gone is not over yet. */
export function leftWords(pods: readonly KubePod[]): { reason: string; message: string } {
  const names = pods.slice(0, 3).map(({ metadata, spec }) => {
    return spec.nodeName ? `${metadata.name} on node ${spec.nodeName}` : metadata.name;
  });
  const more = pods.length > names.length ? ` and ${pods.length - names.length} more` : "";
  const message = `its Job was deleted by somebody else, and of it pod ${names.join(", ")}${more} is still there; the run is lost once that has ended`;
  return { reason: "JobGone", message };
}
