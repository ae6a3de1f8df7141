import { badRequest, conflict } from "./failures.ts";
import { at, isJsonObject, type Json, type KubeObject, listAt, textAt } from "./json.ts";
import { graceSecondsOf } from "./kinds/pod.ts";
import type { Resource } from "./resources.ts";
import { type Result, refused, success } from "./status.ts";
import { isFreeToGo } from "./writing.ts";

/** How a delete treats what the object owns. */
export type Propagation = "Foreground" | "Background" | "Orphan";

/** What a DELETE asks for, from its body and its query. */
export type DeleteOptions = {
  /** Undefined: the kind's default, Orphan for Jobs and Background for all else. */
  propagation: Propagation | undefined;
  graceSeconds: number | undefined;
  uid: string;
  resourceVersion: string;
};

/** What a delete comes to: the object goes at once, or stays marked until finalizers and grace are over. */
export type DeleteOutcome = { kind: "gone" } | { kind: "marked"; object: KubeObject };

const foreground = "foregroundDeletion";
const orphan = "orphan";

/** Reads DeleteOptions; what the body says wins over the query, as in the real server. */
export function deleteOptions(body: Json | undefined, query: URLSearchParams): Result<DeleteOptions> {
  const propagation = textAt(body, "propagationPolicy") || query.get("propagationPolicy") || undefined;
  if (
    propagation !== undefined &&
    propagation !== "Foreground" &&
    propagation !== "Background" &&
    propagation !== "Orphan"
  ) {
    return refused(badRequest(`invalid propagationPolicy: "${propagation}"`));
  }
  const grace = at(body, "gracePeriodSeconds") ?? queryNumber(query.get("gracePeriodSeconds"));
  if (grace !== undefined && grace !== null && (typeof grace !== "number" || !Number.isInteger(grace) || grace < 0)) {
    return refused(badRequest(`invalid gracePeriodSeconds: ${JSON.stringify(grace)}`));
  }
  return success({
    propagation,
    graceSeconds: grace ?? undefined,
    uid: textAt(body, "preconditions", "uid"),
    resourceVersion: textAt(body, "preconditions", "resourceVersion"),
  });
}

function queryNumber(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

/** Decides a delete: preconditions, finalizers for what it owns, grace for a pod that may be running (registry BeforeDelete). */
export function decideDelete(
  resource: Resource,
  object: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): Result<DeleteOutcome> {
  const name = textAt(object, "metadata", "name");
  const uid = textAt(object, "metadata", "uid");
  if (options.uid !== "" && options.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}. The object might have been deleted and then recreated`;
    return refused(conflict(resource, name, why));
  }
  const version = textAt(object, "metadata", "resourceVersion");
  if (options.resourceVersion !== "" && options.resourceVersion !== version) {
    const why = `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${version}`;
    return refused(conflict(resource, name, why));
  }
  const marked = withDeletion(object, graceOf(object, options.graceSeconds), nowMs);
  const finalizers = finalizersFor(object, options.propagation);
  if (finalizers.length > 0) marked.metadata.finalizers = finalizers;
  else delete marked.metadata.finalizers;
  return success(isFreeToGo(marked) ? { kind: "gone" } : { kind: "marked", object: marked });
}

function graceOf(object: KubeObject, asked: number | undefined): number {
  if (object.kind !== "Pod") return 0;
  const grace = graceSecondsOf(object, asked);
  const current = at(object, "metadata", "deletionGracePeriodSeconds");
  // A second delete can shorten the grace, never lengthen it.
  return typeof current === "number" ? Math.min(current, asked ?? current, grace) : grace;
}

function withDeletion(object: KubeObject, graceSeconds: number, nowMs: number): KubeObject {
  const isSame = object.metadata.deletionGracePeriodSeconds === graceSeconds;
  if (isSame) return { ...object, metadata: { ...object.metadata } };
  const deletionTimestamp = wholeSeconds(nowMs + graceSeconds * 1000);
  const { generation } = object.metadata;
  // The first mark changes what controllers do with it, so it counts as a change of what is wanted (rest.BeforeDelete).
  const isFirst = object.metadata.deletionTimestamp === undefined;
  const metadata = {
    ...object.metadata,
    ...(typeof generation === "number" && isFirst ? { generation: generation + 1 } : {}),
    deletionTimestamp,
    deletionGracePeriodSeconds: graceSeconds,
  };
  const deleted: KubeObject = { ...object, metadata };
  if (object.kind === "Namespace" && isJsonObject(object.status))
    deleted.status = { ...object.status, phase: "Terminating" };
  return deleted;
}

function finalizersFor(object: KubeObject, propagation: Propagation | undefined): Json[] {
  const own = listAt(object, "metadata", "finalizers").filter((one) => one !== foreground && one !== orphan);
  const wasForeground = listAt(object, "metadata", "finalizers").includes(foreground);
  const wasOrphan = listAt(object, "metadata", "finalizers").includes(orphan);
  switch (propagation) {
    case "Foreground":
      return [...own, foreground];
    case "Orphan":
      return [...own, orphan];
    case "Background":
      return own;
    case undefined:
      // batch/v1's own default is to orphan (DefaultGarbageCollectionPolicy); a deletion under way keeps its policy.
      if (wasForeground) return [...own, foreground];
      return wasOrphan || object.kind === "Job" ? [...own, orphan] : own;
  }
}

/** RFC 3339 in whole seconds, UTC: the form of every time in object metadata and status. */
export function wholeSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
