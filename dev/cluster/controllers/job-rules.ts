import type { Job, JobStatus, Pod } from "../client/objects.ts";
import { endOf, restartsOf } from "./pod-facts.ts";

/** A Job's books: counters, pods that ended but still hold their finalizer, and (Indexed) the indexes that are done. */
export type Tally = {
  succeeded: number;
  failed: number;
  uncounted: { succeeded: string[]; failed: string[] };
  indexes: Set<number>;
};

/** Whether and why a Job ends now; `open` says in how many ms its deadline comes. */
export type Ending =
  | { kind: "failure"; reason: string; message: string }
  | { kind: "success" }
  | { kind: "open"; deadlineInMs: number | undefined };

/** Pause after the first failed pod; each further one doubles it (DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff). */
const firstBackoffMs = 10_000;
const longestBackoffMs = 600_000;

/** startTime has whole seconds: a deadline comes up to this late, ms, and never early. */
const lostFractionMs = 1_000;

/** Decides whether a Job ends: failures are looked at before success, as in the real controller. */
export function ending(job: Job, status: JobStatus, tally: Tally, active: Pod[], nowMs: number): Ending {
  const { spec } = job;
  const failed = tally.failed + tally.uncounted.failed.length;
  if (failed > spec.backoffLimit || restartedTooOften(job, active)) {
    return { kind: "failure", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  }
  const deadlineInMs = msToDeadline(job, status, nowMs);
  if (deadlineInMs !== undefined && deadlineInMs <= 0) {
    return { kind: "failure", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  }
  const succeeded = tally.succeeded + tally.uncounted.succeeded.length;
  // Without `completions` the pods share a queue: one success and nobody left at work means done.
  const isDone = spec.completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= spec.completions;
  return isDone && !spec.suspend ? { kind: "success" } : { kind: "open", deadlineInMs };
}

/** With OnFailure the kubelet restarts in place, and those restarts are what the limit counts (pastBackoffLimitOnFailure). */
function restartedTooOften(job: Job, active: Pod[]): boolean {
  if (job.spec.template.spec.restartPolicy !== "OnFailure") return false;
  const restarts = active.reduce((total, pod) => total + restartsOf(pod), 0);
  return job.spec.backoffLimit === 0 ? restarts > 0 : restarts >= job.spec.backoffLimit;
}

function msToDeadline(job: Job, status: JobStatus, nowMs: number): number | undefined {
  const seconds = job.spec.activeDeadlineSeconds;
  if (seconds === undefined || status.startTime === undefined || job.spec.suspend) return undefined;
  return Date.parse(status.startTime) + seconds * 1000 + lostFractionMs - nowMs;
}

/** How long no new pod may start yet, ms: 10 s after a failure, twice that after the next, until one succeeds. */
export function backoffLeftMs(over: Pod[], nowMs: number): number {
  const ends = over.map((pod) => ({ isFailure: pod.status.phase !== "Succeeded", at: endOf(pod) }));
  const lastSuccess = Math.max(0, ...ends.filter((end) => !end.isFailure).map((end) => end.at));
  const failures = ends.filter((end) => end.isFailure && end.at >= lastSuccess);
  if (failures.length === 0) return 0;
  const last = Math.max(...failures.map((end) => end.at));
  return last + Math.min(firstBackoffMs * 2 ** (failures.length - 1), longestBackoffMs) - nowMs;
}
