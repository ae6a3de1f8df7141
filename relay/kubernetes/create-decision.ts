import { z } from "zod";
import type { Create } from "../../protocol/down.ts";
import { ANNOTATIONS, JOB_FROM, LABELS, type RefusalReason, type RunKey } from "../../protocol/words.ts";
import {
  type ApiFailure,
  describeFailure,
  isAlreadyExists,
  isNamespaceTerminating,
  isQuota,
  isRetryable,
  isStarting,
  mayHaveHappened,
} from "./failures.ts";
import type { KubeJob } from "./objects.ts";
import { isReported } from "./run-report.ts";
import { isNameOfRun, runKeyOf } from "./run-store.ts";

const Labels = z.record(z.string(), z.string());

/** What the relay itself insists on in a manifest; all else is the API server's to judge. */
const Manifest = z.object({
  apiVersion: z.literal("batch/v1"),
  kind: z.literal("Job"),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: Labels,
    annotations: z.record(z.string(), z.string()),
  }),
  spec: z.object({ template: z.object({ metadata: z.object({ labels: Labels }) }) }),
});

/** A create that will never succeed. */
export type Refused = { reason: RefusalReason; message: string };

const NOT_ALLOWED = "namespace_not_allowed";

/** Whether a namespace is one of those that the relay was told of (WATCHBELL_NAMESPACES); empty: it may touch all. */
export function mayTouch(namespaces: readonly string[], namespace: string): boolean {
  return namespaces.length === 0 || namespaces.includes(namespace);
}

/** What is said of anything asked for in another namespace. */
export function notAllowedWords(namespace: string): string {
  return `the relay may not touch namespace ${namespace} (WATCHBELL_NAMESPACES)`;
}

/** Why nothing more is heard of a run whose Job is there, in a namespace that the relay was told of once and is not now. */
export function outOfView(namespace: string): { reason: string; message: string } {
  return { reason: NOT_ALLOWED, message: `its Job is not looked at: ${notAllowedWords(namespace)}` };
}

/** The cluster's own rules: only Jobs, only allowed namespaces, only what carries our labels. null: nothing speaks against it. */
export function refusedByRule(create: Create, clusterLabel: string, namespaces: readonly string[]): Refused | null {
  if (!mayTouch(namespaces, create.namespace)) {
    return { reason: NOT_ALLOWED, message: notAllowedWords(create.namespace) };
  }
  const parsed = Manifest.safeParse(create.manifest);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    return invalid(`the manifest is no Job of ours: ${where} is missing or wrong`);
  }
  const { metadata, spec } = parsed.data;
  const isRuns = isNameOfRun(metadata.name, metadata.labels[LABELS.jobName], create.run);
  if (metadata.name !== create.name || !isRuns) return invalid("the manifest's name is not the run's");
  if (metadata.namespace !== undefined && metadata.namespace !== create.namespace) {
    return invalid("the manifest's namespace is not the run's");
  }
  if (metadata.annotations[ANNOTATIONS.run] !== String(create.run)) return invalid("the manifest is another run's");
  const onJob = wrongLabel(metadata.labels, create, clusterLabel);
  const onPod = wrongLabel(spec.template.metadata.labels, create, clusterLabel);
  if (onJob !== null || onPod !== null) return invalid(`the manifest's label ${onJob ?? onPod} is missing or wrong`);
  return null;
}

function invalid(message: string): Refused {
  return { reason: "invalid", message };
}

function wrongLabel(labels: Record<string, string>, run: RunKey, clusterLabel: string): string | null {
  if (labels[LABELS.from] !== JOB_FROM) return LABELS.from;
  if (labels[LABELS.cluster] !== clusterLabel) return LABELS.cluster;
  if (labels[LABELS.jobId] !== run.jobId) return LABELS.jobId;
  return [LABELS.jobName, LABELS.jobType].find((label) => !labels[label]) ?? null;
}

/** What to do after an attempt that did not create the Job. */
export type CreateVerdict =
  | { verdict: "exists" }
  | ({ verdict: "refused" } & Refused)
  /** `mayHaveHappened`: the Job may be there all the same, or still come within the create's time-out. */
  | { verdict: "retry"; reason: string; message: string; retryAfterMs: number | null; mayHaveHappened: boolean };

/** Judges an attempt's failure. `secrets`: values of the manifest that may not go up in a sentence. */
export function judgeCreateFailure(failure: ApiFailure, secrets: readonly string[]): CreateVerdict {
  if (isAlreadyExists(failure)) return { verdict: "exists" };
  const message = describeFailure(failure, secrets);
  if (isQuota(failure)) return retry("quota", message, failure);
  if (isRetryable(failure) || failure.status === 409) return retry(waitingReason(failure), message, failure);
  if (failure.status === 404) return { verdict: "refused", reason: "namespace_missing", message };
  if (failure.status === 403) {
    if (isNamespaceTerminating(failure)) return { verdict: "refused", reason: "namespace_terminating", message };
    // Where rights are given namespace by namespace, one that is missing is answered in the words of a missing right.
    const hint = /\bcannot create resource\b/.test(message)
      ? " (no Role of the relay's there, or no such namespace)"
      : "";
    return { verdict: "refused", reason: "forbidden", message: `${message}${hint}` };
  }
  return { verdict: "refused", reason: "invalid", message };
}

function retry(reason: string, message: string, failure: ApiFailure): CreateVerdict {
  const { retryAfterMs } = failure;
  return { verdict: "retry", reason, message, retryAfterMs, mayHaveHappened: mayHaveHappened(failure) };
}

function waitingReason(failure: ApiFailure): string {
  if (failure.status === 0) return "api_server_unreachable";
  if (isStarting(failure)) return "api_server_starting";
  if (failure.status === 401) return "unauthorized";
  return failure.status === 429 ? "api_server_busy" : "api_server_error";
}

/**
 * Whose Job has the name. `same`: this run's, success even while it is being deleted. `replace`: an older run of this job,
 * or a Job of ours whose end was reported. `going`: anybody else's that is being deleted, so that its name is only waited
 * for. `taken`: anybody else's, which is left alone.
 */
export function judgeExisting(job: KubeJob, run: RunKey, clusterLabel: string): "same" | "replace" | "going" | "taken" {
  const labels = job.metadata.labels ?? {};
  const ours = labels[LABELS.from] === JOB_FROM && labels[LABELS.cluster] === clusterLabel;
  const existing = runKeyOf(job);
  const others = job.metadata.deletionTimestamp ? "going" : "taken";
  if (!ours || existing === null) return others;
  if (existing.jobId === run.jobId && existing.run === run.run) return "same";
  // A newer run's Job, reported or not, means that this create comes late: the job has given this run up.
  if (existing.jobId === run.jobId) return existing.run < run.run ? "replace" : "taken";
  return isReported(job) ? "replace" : others;
}

/** Kubernetes' own: its pods are still ending. */
const FOREGROUND = "foregroundDeletion";

/** What a create waits for while a Job that goes has its name. */
export function awaitedName(job: KubeJob, whose: "replace" | "going"): { reason: string; message: string } {
  const { name, namespace, deletionTimestamp, finalizers } = job.metadata;
  const others = (finalizers ?? []).filter((finalizer) => finalizer !== FOREGROUND);
  const held = others.length > 0 ? `, held by its finalizer ${others.join(", ").slice(0, 200)}` : "";
  const ending = finalizers?.includes(FOREGROUND) ? ", its pods end first" : "";
  const since = deletionTimestamp ? ` since ${deletionTimestamp}` : "";
  const which =
    whose === "replace" ? `an older Job named ${name}` : `a Job named ${name} that is not this job's in ${namespace}`;
  return {
    reason: whose === "replace" ? "older_job" : "name_going",
    message: `${which} is being deleted${since}${ending}${held}`,
  };
}

const EnvValue = z.object({ name: z.string(), value: z.string() });
/** Shorter values occur in any sentence by chance. */
const MIN_SECRET_LENGTH = 4;
/** Ours, in every container; a sentence may name the job. */
const NO_SECRETS = /^WATCHBELL_(?:JOB_ID|RUN|SLOT_AT)$/;

/** The env values of a manifest, of whatever container: they may be secrets, so no sentence that goes up may hold them. */
export function envValuesOf(manifest: unknown): string[] {
  const values = new Set<string>();
  const collect = (value: unknown, key: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) {
        const variable = key === "env" ? EnvValue.safeParse(item).data : undefined;
        const isSecret = variable && !NO_SECRETS.test(variable.name) && variable.value.length >= MIN_SECRET_LENGTH;
        if (isSecret) values.add(variable.value);
        else collect(item, "");
      }
    } else if (typeof value === "object" && value !== null) {
      for (const [name, inner] of Object.entries(value)) collect(inner, name);
    }
  };
  collect(manifest, "");
  return [...values];
}
