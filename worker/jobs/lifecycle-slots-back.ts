import { removeNow } from "./lifecycle-removal.ts";
import type { Run, SlotStanding } from "./lifecycle-run.ts";
import { findRun, withRun } from "./lifecycle-runs.ts";
import { isWithoutRow, slotStateOf, withCursorBack } from "./lifecycle-slot-clock.ts";
import { waiting } from "./lifecycle-slot-runs.ts";
import type { Job } from "./lifecycle-state.ts";

type SlotRun = Run & { state: "due"; slot: SlotStanding; slotAt: number };

/** A slot's run that no command of was sent, as far as the job knows. */
function isUnsent(run: Run): run is SlotRun {
  return run.state === "due" && run.slot !== undefined && run.slotAt !== null && run.removal === null;
}

/**
 * A slot's run is certain never to be sent: nothing is left of it. A slot that is yet to come is judged at its time; one whose
 * time has come as soon as all that is being taken back has come back (contract, part 5, "Updates").
 */
function slotIsBack(before: Job, run: SlotRun, now: number): Job {
  const { slotAt } = run;
  const { hold, isMissed, isJudged } = run.slot;
  const job = withoutSlot({ ...before, runs: before.runs.filter((other) => other.run !== run.run) }, slotAt);
  if (hold === "ghost") return job;
  // After an edit the clock stands at the edit: what the new definition has from then on is not passed over.
  if (slotAt > now) return withCursorBack(job, Math.min(slotStateOf(job).cursor, slotAt - 1));
  const state = slotStateOf(job);
  // The clock comes to it by itself.
  if (slotAt > state.cursor) return job;
  return { ...job, cron: { ...state, back: [...state.back, { at: slotAt, isMissed, isJudged }] } };
}

/** The slot has had no run after all. */
function withoutSlot(job: Job, slotAt: number): Job {
  const state = slotStateOf(job);
  if (!state.ahead.includes(slotAt)) return job;
  return { ...job, cron: { ...state, ahead: state.ahead.filter((at) => at !== slotAt) } };
}

function takeBack(job: Job, run: SlotRun, now: number): Job {
  return isWithoutRow(run) ? slotIsBack(job, run, now) : withRun(job, removeNow(run, "take_back", now));
}

/** Takes back every slot's run that was not sent, the oldest slot first; what was sent is left alone. */
export function takeBackUnsent(before: Job, now: number): Job {
  const unsent = before.runs.filter(isUnsent).sort((a, b) => a.slotAt - b.slotAt);
  return unsent.reduce((job, { run: number }) => {
    // What came of an earlier one may have settled it.
    const run = findRun(job, number);
    return run !== undefined && isUnsent(run) ? takeBack(job, run, now) : job;
  }, before);
}

/** Takes back the slot that is booked, if one is: another run has just become open. */
export function takeBackBooked(before: Job, now: number): Job {
  return waiting(before, "none").reduce((job, run) => (isUnsent(run) ? takeBack(job, run, now) : job), before);
}

/** The cluster's object has said that it never sent the run, and never will. */
export function takenBackUnsent(job: Job, run: Run, now: number): Job {
  const { removal: _, ...rest } = run;
  const unsent: Run = { ...rest, removal: null };
  return isUnsent(unsent) ? slotIsBack(job, unsent, now) : withRun(job, unsent);
}
