import { leadMs, retryNow } from "./lifecycle-clock.ts";
import { ignored, moved, refused, type Step } from "./lifecycle-events.ts";
import { finishEnding } from "./lifecycle-facts.ts";
import { giveUpLogs } from "./lifecycle-logs.ts";
import { deletionMet, removeFinished, removeNow, takenBack } from "./lifecycle-removal.ts";
import type { Removal, Run } from "./lifecycle-run.ts";
import { findRun, isGhost, isOver, isSubmitted, newestRun, waitsFor, withRun } from "./lifecycle-runs.ts";
import { isWithoutRow } from "./lifecycle-slot-clock.ts";
import type { Job } from "./lifecycle-state.ts";

type Why = Extract<Removal["why"], "delete" | "update" | "cancel" | "replace">;

const LOGS_GIVEN_UP: Record<Why, string> = {
  delete: "the job was deleted",
  update: "the job was updated",
  cancel: "the run was cancelled",
  replace: "a newer slot replaced the run",
};

/** When a run is to be booked, epoch ms: its time less the job's lead. */
function bookAt(job: Job, run: Run): number {
  return run.dueAt - leadMs(job.jobId);
}

/** Whether no cluster can have heard of the run yet. */
function wasNeverBooked(job: Job, run: Run, now: number): boolean {
  if (run.state !== "due") return false;
  if (run.slot !== undefined) return isWithoutRow(run);
  if (run.cluster === null || waitsFor(job, run) !== null) return true;
  return now < bookAt(job, run) && run.book !== null;
}

/** Whoever wants more of a run that is being removed already is heard; who deletes or updates goes before who cancels. */
function removedFor(removal: Removal, why: Why): Removal {
  const isCancelled = why === "cancel" && (removal.why === "delete" || removal.why === "update");
  return isCancelled ? removal : { ...removal, why };
}

/** Ends an open run for its caller: here and now where its cluster never heard of it, else by its cluster. */
export function endForCaller(job: Job, run: Run, why: Why, now: number): Job {
  if (run.state === "ending") {
    // Who ends a run waits for no log.
    const given = giveUpLogs(run, LOGS_GIVEN_UP[why]);
    const over = given.state === "ending" ? finishEnding(withRun(job, given), given) : job;
    return deletionMet(over, "already_finished", now);
  }
  if (run.removal === null && wasNeverBooked(job, run, now)) return takenBack(job, run, why, now);
  // What is only taken back may be left alone by its cluster: who ends it asks anew.
  const removal = run.removal && run.removal.why !== "take_back" ? removedFor(run.removal, why) : null;
  return withRun(job, removal ? { ...run, removal } : removeNow(run, why, now));
}

/** Ends every open run of the job, the newest first, since that one may be waiting for the others. */
export function endAllForCaller(before: Job, why: Why, now: number): Job {
  const open = before.runs.filter((run) => !isOver(run)).reverse();
  return open.reduce((job, { run: number }) => {
    const run = findRun(job, number);
    return run === undefined ? job : endForCaller(job, run, why, now);
  }, before);
}

/** The job with the Jobs of its finished runs, as far as they are at hand, on their way out. */
export function clearFinished(job: Job, now: number): Job {
  return { ...job, runs: job.runs.map((run) => removeFinished(job, run, now)) };
}

/** Deletes the job (contract, part 2); a once job that is submitted and not yet created needs `force`. */
export function deleteJob(job: Job, force: boolean, now: number): Step {
  // A deletion that is under way, or done, is joined by whoever asks.
  if (job.deletion?.state === "done" || job.deletion?.state === "asked") return ignored("already_known");
  if (job.cron === undefined && isSubmitted(newestRun(job)) && !force) return refused("submitted");
  // The slots that a schedule still had are taken back, whether one was booked or not.
  const met = job.cron?.next ? "cancelled_before_dispatch" : "already_finished";
  const asked: Job = {
    ...job,
    deletion: { state: "asked", askedAt: now, met },
    clearing: job.finishedRuns > 0 ? { ...retryNow(now), below: job.nextRun } : null,
  };
  const ended = clearFinished(endAllForCaller(asked, "delete", now), now);
  return moved(deletionMet(ended, "already_finished", now));
}

/** Cancels one run (contract, part 5); of one that is over, or ending by itself, nothing changes. */
export function cancelRun(job: Job, number: number, now: number): Step {
  const run = findRun(job, number);
  if (run === undefined || isGhost(run)) return refused("unknown_run");
  if (isOver(run) || run.state === "ending") return ignored("run_is_over");
  return moved(endForCaller(job, run, "cancel", now));
}
