import { removeNow } from "./lifecycle-removal.ts";
import type { Run, SlotStanding } from "./lifecycle-run.ts";
import { withRun } from "./lifecycle-runs.ts";
import { hasSlot, isWithoutRow, rulesOf, slotStateOf, withCursor } from "./lifecycle-slot-clock.ts";
import { recordSlots } from "./lifecycle-slot-records.ts";
import { waiting, withSlotRun } from "./lifecycle-slot-runs.ts";
import { judgeSlot, missSlots } from "./lifecycle-slots.ts";
import type { Job } from "./lifecycle-state.ts";

type SlotRun = Run & { state: "due"; slot: SlotStanding; slotAt: number };

/** A slot's run that no command of was sent, as far as the job knows. */
function isUnsent(run: Run): run is SlotRun {
  return run.state === "due" && run.slot !== undefined && run.slotAt !== null && run.removal === null;
}

/**
 * A slot's run is certain never to be sent: nothing is left of it. A slot that is yet to come is judged at its time; one whose
 * time has come is judged now, where the job's definition still has it (contract, part 5, "Updates").
 */
export function slotIsBack(before: Job, run: SlotRun, now: number): Job {
  const { slot, slotAt } = run;
  const job: Job = { ...before, runs: before.runs.filter((other) => other.run !== run.run) };
  if (slot.hold === "ghost") return job;
  if (slotAt > now) {
    // After an edit the clock stands at the edit: what the new definition has from then on is not passed over.
    return withCursor(job, Math.min(slotStateOf(job).cursor, slotAt - 1), null);
  }
  if (!hasSlot(job, slotAt)) return job;
  if (rulesOf(job).suspend) return recordSlots(job, { reason: "suspended", ats: [slotAt], followsAt: null }, now);
  if (slot.isMissed) return missSlots(job, [slotAt], null, now);
  // It had its turn to wait for already: it goes on waiting, under the new definition.
  if (slot.isJudged && rulesOf(job).concurrencyPolicy === "Queue") {
    return withSlotRun(job, slotAt, { hold: "turn", isMissed: false, isJudged: true }, now);
  }
  return judgeSlot(job, slotAt, null, now);
}

function takeBack(job: Job, run: SlotRun, now: number): Job {
  return isWithoutRow(run) ? slotIsBack(job, run, now) : withRun(job, removeNow(run, "take_back", now));
}

/** Takes back every slot's run that was not sent, the oldest slot first; what was sent is left alone. */
export function takeBackUnsent(before: Job, now: number): Job {
  const unsent = before.runs.filter(isUnsent).sort((a, b) => a.slotAt - b.slotAt);
  return unsent.reduce((job, run) => takeBack(job, run, now), before);
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
