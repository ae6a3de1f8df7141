import type { JobType } from "./calls.ts";
import { GROWING_RECORDS } from "./lifecycle-limits.ts";
import type { FinalState, Run, RunState } from "./lifecycle-run.ts";
import type { Job } from "./lifecycle-state.ts";

/** A run that is over. */
export type FinalRun = Extract<Run, { state: FinalState }>;

/** Whether the run has ended for good: its state never changes again. */
export function isOver(run: Run): run is FinalRun {
  switch (run.state) {
    case "due":
    case "sent":
    case "created":
    case "running":
    case "ending":
      return false;
    case "succeeded":
    case "failed":
    case "cancelled":
    case "lost":
    case "skipped":
      return true;
  }
}

/** Whether no Kubernetes Job of the run was seen yet: it counts as submitted (`job_status` -1). */
export function isSubmitted(run: Run): boolean {
  return run.state === "due" || run.state === "sent";
}

/** The run of that number among those at hand; undefined: none. */
export function findRun(job: Job, run: number): Run | undefined {
  return job.runs.find((candidate) => candidate.run === run);
}

/**
 * The run that speaks for the job: a once job's newest one, but for one that an update could not put in place; a cron job's
 * newest one that callers see and that is neither skipped nor cancelled, null before there is one (contract, part 2).
 */
export function speaker(job: Job, now: number): Run | null {
  if (job.cron === undefined) return newestRun(job);
  return job.runs.findLast((run) => isShown(run, now) && run.state !== "skipped" && run.state !== "cancelled") ?? null;
}

/** Whether only a row of the run is left, which makes its cluster's object ask. */
export function isGhost(run: Run): boolean {
  return run.state === "due" && run.slot?.hold === "ghost";
}

/** Whether callers see the run: from its due time on, or once more is known of it. */
export function isShown(run: Run, now: number): boolean {
  return run.state !== "due" || (run.dueAt <= now && !isGhost(run));
}

/** The job's kind. */
export function jobTypeOf(job: Job): JobType {
  return job.cron === undefined ? "once" : "cron";
}

/** The run that speaks for a once job. */
export function newestRun(job: Job): Run {
  const newest = findRun(job, job.current);
  if (newest === undefined) throw new Error(`job ${job.jobId} has no run ${job.current}: its stored value is broken`);
  return newest;
}

/** The job with that run in place of the one of its number. */
export function withRun(job: Job, run: Run): Job {
  return { ...job, runs: job.runs.map((old) => (old.run === run.run ? run : old)) };
}

/** The run that keeps this one waiting: an earlier one that is not over; null: it may be booked. */
export function waitsFor(job: Job, run: Run): Run | null {
  if (run.state !== "due" || !run.takesOver) return null;
  return job.runs.find((earlier) => earlier.run < run.run && !isOver(earlier)) ?? null;
}

/** A record of slots that did not run. */
function isRecord(run: Run): run is Run & { state: "skipped" } {
  return run.state === "skipped" && run.count !== undefined;
}

/** A record of slots that did not run, to which more may come: the newest one of its reason. */
export function isGrowing(job: Job, run: Run): run is Run & { state: "skipped" } {
  if (!isRecord(run) || job.nextRun - run.run > GROWING_RECORDS) return false;
  const { reason } = run.end;
  return !job.runs.some((newer) => newer.run > run.run && isRecord(newer) && newer.end.reason === reason);
}

/** Whether the run ended in a way that makes it speak for a cron job. */
function isSpokenOf(run: Run): boolean {
  return run.state === "succeeded" || run.state === "failed" || run.state === "lost";
}

/** Whether the run needs a place in the packed value; all others have keys of their own. */
function isPacked(job: Job, run: Run): boolean {
  if (run.run === job.current || !isOver(run) || run.removal !== null) return true;
  if (job.cron === undefined) return false;
  // Should those that are open be cancelled, the newest one that ended speaks for the job again.
  return isGrowing(job, run) || (isSpokenOf(run) && run === job.runs.findLast(isSpokenOf));
}

/** Parts the job as it is packed from the finished runs that have keys of their own, without what only an open run needs. */
export function parted(job: Job): { packed: Job; finished: Run[] } {
  const finished = job.runs.filter((run) => !isPacked(job, run));
  if (finished.length === 0) return { packed: job, finished };
  const packed = { ...job, runs: job.runs.filter((run) => isPacked(job, run)) };
  return { packed, finished: finished.map((run) => (run.definition === null ? run : { ...run, definition: null })) };
}

/** The job with these runs, read from their own keys, among those at hand. */
export function joined(job: Job, finished: readonly Run[]): Job {
  const read = finished.filter((run) => findRun(job, run.run) === undefined);
  if (read.length === 0) return job;
  return { ...job, runs: [...job.runs, ...read].sort((a, b) => a.run - b.run) };
}

/** The run in another state; what belonged to the old state alone is gone. */
export function inState(run: Run, state: RunState): Run {
  const { slotAt, definition, namespace, kubeJob, cluster, dueAt, startDeadlineAt } = run;
  const { n, removal, refusal, afterLost, logs, count } = run;
  const place = { run: run.run, slotAt, definition, namespace, kubeJob, cluster, dueAt, startDeadlineAt };
  const kept = { ...(run.lateTold && { lateTold: true as const }), ...(count !== undefined && { count }) };
  return { ...place, n, removal, refusal, afterLost, ...kept, logs, ...state };
}
