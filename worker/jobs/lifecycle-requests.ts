import type { CreateInput } from "./calls.ts";
import { dueRun } from "./lifecycle-anew.ts";
import { retryNow } from "./lifecycle-clock.ts";
import { type Event, ignored, moved, refused, type Step } from "./lifecycle-events.ts";
import { CLAIM_MS } from "./lifecycle-limits.ts";
import { withName } from "./lifecycle-names.ts";
import { skipRun } from "./lifecycle-removal.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, isOver, isSubmitted } from "./lifecycle-runs.ts";
import { isOnHold, withCursor } from "./lifecycle-slot-clock.ts";
import { judgeSlotLate, mayBeMissed } from "./lifecycle-slots-late.ts";
import type { Job } from "./lifecycle-state.ts";

/** Creates the job with its one run (contract, `once_job/create`); a claim that is too old may be another's by now. */
export function createJob(job: Job | null, input: CreateInput, now: number): Step {
  if (job !== null) return refused("exists");
  if (now - input.claimedAt > CLAIM_MS) return refused("claim_too_old");
  const { jobId, definition, cluster } = input;
  const isOnce = definition.cron === undefined;
  const { jobName: kubeJob, execAt: dueAt } = definition;
  const place = { run: 1, kubeJob, cluster, dueAt, slotAt: null, afterLost: 0, takesOver: false };
  const created: Job = {
    format: 2,
    jobId,
    id: input.id,
    installation: input.installation,
    definition,
    ...(input.bodyHash !== null && { bodyHash: input.bodyHash }),
    createdAt: input.createdAt,
    updatedAt: now,
    runs: isOnce ? [dueRun(jobId, definition, place, now)] : [],
    current: isOnce ? 1 : 0,
    nextRun: isOnce ? 2 : 1,
    finishedRuns: 0,
    clearing: null,
    times: 0,
    successTimes: 0,
    repairs: 0,
    nextLogId: 1,
    logBytes: 0,
    deletion: null,
    leftover: "",
    names: [],
    index: { version: 0, written: 0, attempts: 0, nextAttemptAt: now, net: "sweep" },
    purge: null,
  };
  const named = withName(created, definition, input.claimedAt);
  if (isOnce) return moved(named);
  const cron = {
    cursor: now,
    ahead: [],
    back: [],
    lastAt: null,
    next: null,
    cluster,
    lastExecAt: null,
    lastSuccessAt: null,
  };
  return moved(withCursor({ ...named, cron }, now, null));
}

/** The cluster was away at the run's time: a slot may be missed by that, all else waits, but not beyond its start deadline. */
export function judgeLate(job: Job, late: Extract<Event, { type: "late" }>, now: number): Step {
  const { cluster, linked } = late;
  const run = findRun(job, late.run);
  if (run === undefined) return ignored("unknown_run");
  if (run.cluster !== cluster) return ignored("other_cluster");
  if (isOver(run)) return ignored("run_is_over");
  if (run.removal !== null) return ignored("being_removed");
  if (!isSubmitted(run)) return ignored("already_known");
  if (mayBeMissed(run)) return judgeSlotLate(job, run, linked, now);
  if (run.startDeadlineAt === null || now <= run.startDeadlineAt) return ignored("nothing_due");
  return moved(skipRun(job, run, now));
}

/** The sweep found the job overdue: a booking or a removal that its cluster may have lost is told again, with the same n. */
export function pokeJob(job: Job, now: number): Step {
  const runs = job.runs.map((run): Run => {
    if (run.removal?.ask) return { ...run, removal: { ...run.removal, ask: retryNow(now) } };
    if (run.removal !== null) return run;
    if (run.state !== "due" || run.dueAt > now || isOnHold(run)) return run;
    return { ...run, book: { ...retryNow(now), problem: run.book?.problem ?? "" } };
  });
  // The stored row may be older than what we believe was written (a restore of D1): writing an equal one costs nothing.
  // A cron job's says when the sweep is to come again, which does not raise the version by itself.
  const version = job.index.version + (job.cron ? 1 : 0);
  const index = { ...job.index, version, written: Math.min(job.index.written, version - 1), nextAttemptAt: now };
  return moved({ ...job, runs, index });
}
