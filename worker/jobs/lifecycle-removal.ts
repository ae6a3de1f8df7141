import type { DeleteOutcome } from "./calls.ts";
import { retryNow } from "./lifecycle-clock.ts";
import type { Removal, Run } from "./lifecycle-run.ts";
import { findRun, isOver, isSubmitted, withRun } from "./lifecycle-runs.ts";
import { notRemoved, notStartedEnd } from "./lifecycle-start-deadline.ts";
import type { Job } from "./lifecycle-state.ts";
import { endRun, endWithoutPods } from "./lifecycle-timeline.ts";

/** The run with a decision that its Job may not be, to be told to its cluster at once. */
export function removeNow(run: Run, why: Removal["why"], now: number): Run {
  const n = run.n + 1;
  return { ...run, n, removal: { n, why, sinceAt: now, ask: retryNow(now) } };
}

/** Whether the cluster's object has taken the removal over: the Job is going, or will when a relay comes. */
export function isBeingRemoved(run: Run): boolean {
  return run.removal !== null && run.removal.ask === null;
}

/** A Job turned up for a run that is over: it is removed and counted. */
export function repair(job: Job, run: Run, now: number): Job {
  return withRun({ ...job, repairs: job.repairs + 1 }, removeNow(run, "repair", now));
}

/** The job as deleted; its name is given up and its index row says so next. */
export function deleted(job: Job, outcome: DeleteOutcome, now: number): Job {
  return { ...job, deletion: { state: "done", at: now, outcome }, releasing: job.nameHeld ? retryNow(now) : null };
}

/**
 * No Job of the run is left. `existed`: there was one to remove. An open run ends with it, as `cancelled` where its caller
 * deleted it, as `skipped` where its start deadline passed and nothing was ever created, and as `failed` where no container
 * of its Job had started by then.
 */
export function removalConfirmed(before: Job, run: Run, existed: boolean, at: number): Job {
  const why = run.removal?.why;
  const cleared: Run = { ...run, removal: null };
  if (isOver(cleared)) return withRun({ ...before, leftover: "" }, cleared);
  const wasSeen = existed || !isSubmitted(run);
  if (why === "deadline") {
    if (wasSeen) {
      const message = "its Job was created after the start deadline and was removed";
      return endRun(before, cleared, "cancelled", endWithoutPods(at, "deadline", message));
    }
    const message = "its start deadline passed before its Job could be created";
    return endRun(before, cleared, "skipped", endWithoutPods(at, "deadline", message));
  }
  if (why === "not_started") return endRun(before, cleared, "failed", notStartedEnd(run, at));
  const message = wasSeen ? "its Job was removed" : "it was taken back before its Job was created";
  const over = endRun(before, cleared, "cancelled", endWithoutPods(at, "deleted", message));
  return deleted(over, wasSeen ? "removed_from_cluster" : "cancelled_before_dispatch", at);
}

/** The cluster will not remove the Job: an open run goes on, and its job may be deleted again. */
export function removalRefused(before: Job, run: Run, message: string, at: number): Job {
  const why = run.removal?.why;
  const kept: Run = { ...run, removal: null };
  const job = withRun(before, why === "not_started" ? notRemoved(kept, at) : kept);
  if (isOver(run)) return { ...job, leftover: message };
  return why === "delete" ? { ...job, deletion: { state: "refused", message } } : job;
}

/** The run ended by itself before its removal took hold: its caller met a finished job, and the Job still goes. */
export function endedWhileRemoved(before: Job, number: number, now: number): Job {
  const run = findRun(before, number);
  if (!run?.removal) return before;
  const removal: Removal = { ...run.removal, why: "finished" };
  const job = withRun(before, { ...run, removal });
  return run.removal.why === "delete" ? deleted(job, "already_finished", now) : job;
}
