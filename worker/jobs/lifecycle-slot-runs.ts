import { dueRun } from "./lifecycle-anew.ts";
import { retryNow } from "./lifecycle-clock.ts";
import { OPEN_RUNS, WAITING_SLOTS } from "./lifecycle-limits.ts";
import type { Run, SlotStanding } from "./lifecycle-run.ts";
import { withRun } from "./lifecycle-runs.ts";
import { isOpenRun, rulesOf, slotStateOf } from "./lifecycle-slot-clock.ts";
import { recordRun } from "./lifecycle-slot-records.ts";
import type { Job } from "./lifecycle-state.ts";
import { slotSuffix } from "./run-names.ts";

/** A slot's run as it waits on hold, or to be booked. */
export type WaitingRun = Run & { state: "due"; slot: SlotStanding };

/** Those that wait with that hold and are not being taken back, in order of their slots. */
export function waiting(job: Job, hold: SlotStanding["hold"]): WaitingRun[] {
  const isWaiting = (run: Run): run is WaitingRun =>
    run.state === "due" && run.slot?.hold === hold && run.removal === null;
  return job.runs.filter(isWaiting).sort((a, b) => a.dueAt - b.dueAt);
}

/** Whether no run of the job is open, so that another slot may start unless the job is `Allow`. */
export function hasOpen(job: Job): boolean {
  return job.runs.some(isOpenRun);
}

/** Whether as many runs are open as may be. */
export function isFull(job: Job): boolean {
  return job.runs.filter(isOpenRun).length >= OPEN_RUNS;
}

/** The job with a run for that slot: to be booked now, or on hold. */
export function withSlotRun(job: Job, slotAt: number, slot: Omit<SlotStanding, "row">, now: number): Job {
  const place = {
    run: job.nextRun,
    kubeJob: `${job.definition.jobName}${slotSuffix(rulesOf(job), slotAt)}`,
    cluster: slotStateOf(job).cluster,
    dueAt: slotAt,
    slotAt,
    afterLost: 0,
    takesOver: false,
  };
  const due = dueRun(job.jobId, job.definition, place, now);
  const book = slot.hold === "none" ? { ...retryNow(now), problem: "" } : null;
  const run: Run = { ...due, book, slot: { ...slot, row: false } };
  return { ...job, runs: [...job.runs, run], nextRun: job.nextRun + 1 };
}

/** A run on hold may start: it is booked. */
function released(job: Job, run: WaitingRun, now: number): Job {
  return withRun(job, { ...run, slot: { ...run.slot, hold: "none" }, book: { ...retryNow(now), problem: "" } });
}

function isPastDeadline(run: Run, now: number): boolean {
  return run.startDeadlineAt !== null && run.startDeadlineAt < now;
}

/** Starts the runs whose turn it is: the oldest once no run is open, under `Allow` all that there is room for. */
export function startTurns(before: Job, now: number): Job {
  let job = before;
  for (const run of waiting(before, "turn")) {
    if (isPastDeadline(run, now)) job = recordRun(job, run, "deadline", now);
    else if (rulesOf(job).concurrencyPolicy === "Allow" ? isFull(job) : hasOpen(job)) break;
    else job = released(job, run, now);
  }
  return job;
}

/**
 * Gives the missed slots that the misfire policy picked their turn, oldest first; what is past its start deadline goes into a
 * record. Under `Replace` they take the place of what waited before.
 */
export function releaseMissed(before: Job, now: number): Job {
  const picked = waiting(before, "missed");
  if (picked.length === 0) return before;
  const { concurrencyPolicy } = rulesOf(before);
  const replaced = concurrencyPolicy === "Replace" ? waiting(before, "turn") : [];
  const freed = replaced.reduce((job, run) => recordRun(job, run, "concurrency", now), before);
  return picked.reduce((job, run) => {
    if (isPastDeadline(run, now)) return recordRun(job, run, "deadline", now);
    if (concurrencyPolicy === "Allow")
      return isFull(job) ? recordRun(job, run, "queue_full", now) : released(job, run, now);
    if (waiting(job, "turn").length >= WAITING_SLOTS) return recordRun(job, run, "queue_full", now);
    return withRun(job, { ...run, slot: { ...run.slot, hold: "turn" } });
  }, freed);
}
