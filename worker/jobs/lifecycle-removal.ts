import type { DeleteOutcome } from "./calls.ts";
import { retryNow } from "./lifecycle-clock.ts";
import type { Removal, Run } from "./lifecycle-run.ts";
import { findRun, isGhost, isOver, isSubmitted, newestRun, withRun } from "./lifecycle-runs.ts";
import { withSlotAhead } from "./lifecycle-slot-clock.ts";
import { recordRun } from "./lifecycle-slot-records.ts";
import { notRemoved, notStartedEnd } from "./lifecycle-start-deadline.ts";
import type { Job } from "./lifecycle-state.ts";
import { endRun, endWithoutPods } from "./lifecycle-timeline.ts";

/** The run with a decision that its Job may not be, to be told to its cluster at once. */
export function removeNow(run: Run, why: Removal["why"], now: number): Run {
  const n = run.n + 1;
  return { ...run, n, refusal: "", removal: { n, why, sinceAt: now, ask: retryNow(now), failedWith: null } };
}

/** Whether the cluster's object has taken the removal over: the Job is going, or will when a relay comes. */
export function isBeingRemoved(run: Run): boolean {
  return run.removal !== null && run.removal.ask === null;
}

/** A Job turned up for a run that is over: it is removed and counted. */
export function repair(job: Job, run: Run, now: number): Job {
  return withRun({ ...job, repairs: job.repairs + 1 }, removeNow(run, "repair", now));
}

/** The reason code of a run that its caller ended. */
function reasonOf(why: Removal["why"]): string {
  if (why === "update") return "updated";
  if (why === "replace") return "replaced";
  return why === "cancel" ? "cancelled" : "deleted";
}

/** Ends a run that no cluster ever heard of, or that its cluster gave back unsent. */
export function takenBack(job: Job, run: Run, why: Removal["why"], at: number): Job {
  return endedByCaller(job, run, { why, outcome: "cancelled_before_dispatch", at });
}

/** A slot that was taken back before its time leaves none behind (contract, part 5), and a ghost is no run. */
function leavesNothing(run: Run, why: Removal["why"], at: number): boolean {
  return isGhost(run) || (run.state === "due" && run.slot !== undefined && why === "delete" && run.dueAt > at);
}

function endedByCaller(
  before: Job,
  run: Run,
  { why, outcome, at }: { why: Removal["why"]; outcome: DeleteOutcome; at: number },
): Job {
  if (leavesNothing(run, why, at)) {
    return deletionMet({ ...before, runs: before.runs.filter((other) => other.run !== run.run) }, outcome, at);
  }
  const wasRemoved = outcome === "removed_from_cluster";
  const message = wasRemoved ? "its Job was removed" : "it was taken back before its Job was created";
  const over = endRun(before, run, "cancelled", { ...endWithoutPods(at, reasonOf(why), message), outcome });
  // Whether or not its cluster had a row of it.
  const isEarly = isSlotsOwn(run) && run.dueAt > at;
  return deletionMet(isEarly ? withSlotAhead(over, run.dueAt) : over, outcome, at);
}

const STRENGTH: readonly DeleteOutcome[] = ["already_finished", "cancelled_before_dispatch", "removed_from_cluster"];

/** What somebody met who ended several runs: that a Job was removed says more than that none was ever sent. */
export function strongest(outcomes: readonly DeleteOutcome[]): DeleteOutcome {
  return STRENGTH.findLast((outcome) => outcomes.includes(outcome)) ?? "already_finished";
}

/** What somebody met who ended this run, which is over. */
export function outcomeOf(run: Run): DeleteOutcome {
  return (isOver(run) ? run.end.outcome : null) ?? "already_finished";
}

/** Notes what a deletion under way met; it is done with the last open run. */
export function deletionMet(job: Job, outcome: DeleteOutcome, at: number): Job {
  if (job.deletion?.state !== "asked") return job;
  const met = strongest([job.deletion.met, outcome]);
  if (!job.runs.every(isOver)) return { ...job, deletion: { ...job.deletion, met } };
  return { ...job, deletion: { state: "done", at, outcome: met } };
}

/** Whether the run is what its slot came to; one that runs a lost run again is not. */
function isSlotsOwn(run: Run): boolean {
  return run.slotAt !== null && run.afterLost === 0;
}

/** The run's start deadline passed, and nothing of it was created. */
export function skipRun(job: Job, run: Run, at: number): Job {
  if (isGhost(run)) return { ...job, runs: job.runs.filter((other) => other.run !== run.run) };
  if (isSlotsOwn(run)) return recordRun(withRun(job, run), run, "deadline", at);
  const message = "its start deadline passed before its Job could be created";
  return endRun(job, run, "skipped", endWithoutPods(at, "deadline", message));
}

/**
 * No Job of the run is left. `existed`: there was one to remove. An open run ends with it, as `cancelled` where its caller
 * ended it, as `skipped` where its start deadline passed and nothing was ever created, and as `failed` where no container of
 * its Job had started by then.
 */
export function removalConfirmed(before: Job, run: Run, existed: boolean, at: number): Job {
  const why = run.removal?.why ?? "delete";
  const cleared: Run = { ...run, removal: null };
  if (isOver(cleared)) return withRun({ ...before, leftover: "" }, cleared);
  const wasSeen = existed || !isSubmitted(run);
  if (why === "deadline") {
    if (wasSeen) {
      const message = "its Job was created after the start deadline and was removed";
      return endRun(before, cleared, "cancelled", endWithoutPods(at, "deadline", message));
    }
    return skipRun(before, cleared, at);
  }
  if (why === "replace" && !wasSeen && isSlotsOwn(cleared)) {
    return recordRun(withRun(before, cleared), cleared, "concurrency", at);
  }
  if (why === "not_started") return endRun(before, cleared, "failed", notStartedEnd(run, at));
  const outcome = wasSeen ? "removed_from_cluster" : "cancelled_before_dispatch";
  return endedByCaller(before, cleared, { why, outcome, at });
}

/**
 * The cluster will not remove the Job: an open run goes on, or has failed by itself, and may be removed again. An update that
 * waited for it is given up: the run goes on under its own definition, and speaks for the job again.
 */
export function removalRefused(before: Job, run: Run, message: string, at: number): Job {
  const { why, failedWith } = run.removal ?? {};
  const open: Run = { ...run, removal: null, refusal: message };
  const kept = why === "not_started" ? notRemoved(open, at) : open;
  if (!isOver(kept) && failedWith) {
    const failed = endRun(before, kept, "failed", failedWith);
    return deletionMet({ ...failed, leftover: message }, "already_finished", at);
  }
  const job = withRun(before, kept);
  if (isOver(run)) return { ...job, leftover: message };
  if (why === "delete") return { ...job, deletion: { state: "refused", message } };
  return why === "update" ? updateGivenUp(job, kept, message, at) : job;
}

function updateGivenUp(before: Job, run: Run, message: string, at: number): Job {
  const waiting = newestRun(before);
  const end = endWithoutPods(at, "update_refused", `the Job of run ${run.run} could not be removed: ${message}`);
  const isWaiting = waiting.run > run.run && !isOver(waiting);
  const job = isWaiting
    ? endRun(before, waiting, "cancelled", { ...end, outcome: "cancelled_before_dispatch" })
    : before;
  return { ...job, current: run.run, definition: run.definition ?? job.definition };
}

/** The run ended by itself before its removal took hold: its caller met a finished run, and the Job still goes. */
export function endedWhileRemoved(before: Job, number: number, now: number): Job {
  const run = findRun(before, number);
  if (!run?.removal) return before;
  const removal: Removal = { ...run.removal, why: "finished" };
  return deletionMet(withRun(before, { ...run, removal }), "already_finished", now);
}

const HOUR_MS = 3_600_000;

/**
 * Whether a Job of a finished run may still stand in its cluster. Its TTL runs once its end was acknowledged; a day more is
 * for a relay that was away, and whatever comes later is answered `gone` and gets its TTL then.
 */
export function mayHaveJob(job: Job, run: Run, now: number): boolean {
  if (!isOver(run) || run.removal !== null || run.times.createdAt === null) return false;
  if (run.state !== "succeeded" && run.state !== "failed") return false;
  const ttlMs = Number(job.definition.metadata.ttl_seconds_after_finished ?? 0) * 1_000;
  return run.run === job.current || now < run.end.finishedAt + ttlMs + 24 * HOUR_MS;
}

/** A finished run's Job, if one may still be there, is removed when its cluster is there. */
export function removeFinished(job: Job, run: Run, now: number): Run {
  return mayHaveJob(job, run, now) ? removeNow(run, "finished", now) : run;
}
