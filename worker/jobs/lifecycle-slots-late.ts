import { ignored, moved, type Step } from "./lifecycle-events.ts";
import type { Run, SlotStanding } from "./lifecycle-run.ts";
import { withRun } from "./lifecycle-runs.ts";
import { rulesOf } from "./lifecycle-slot-clock.ts";
import { recordRun } from "./lifecycle-slot-records.ts";
import { waiting } from "./lifecycle-slot-runs.ts";
import { missedKept } from "./lifecycle-slots.ts";
import type { Job } from "./lifecycle-state.ts";

type SlotRun = Run & { state: "due"; slot: SlotStanding };

/** Whether an absent cluster makes the run a missed slot: those that waited for their turn, as a trigger does, wait on. */
export function mayBeMissed(run: Run): run is SlotRun {
  return run.state === "due" && run.slot !== undefined && (!run.slot.isJudged || run.slot.isMissed);
}

/**
 * The cluster was away at the slot's time (contract, part 5, "Missed slots"). While it is, the row stays, so that its object asks
 * again when a relay comes; the misfire policy picks then. Until then the slot may still run, unless newer ones push it out.
 */
export function judgeSlotLate(job: Job, run: SlotRun, linked: boolean, now: number): Step {
  const { hold, isMissed } = run.slot;
  if (hold === "turn") return ignored("already_known");
  const missed: SlotRun = { ...run, book: null, slot: { hold: "missed", row: true, isMissed: true, isJudged: false } };
  if (!linked) return hold === "none" ? moved(pushOut(withRun(job, missed), now)) : ignored("already_known");
  // What the policy has picked already is sent.
  if (hold === "none" && isMissed) return ignored("already_known");
  return moved(pushOut(withoutRows(hold === "none" ? withRun(job, missed) : job), now));
}

/**
 * A relay has come: no row stands for missed slots any more. Each is dropped when its own question is answered, so a run that
 * still may be sent is booked by a later decision.
 */
function withoutRows(job: Job): Job {
  const runs = job.runs.flatMap((run): Run[] => {
    if (run.state !== "due" || !run.slot?.row || run.removal !== null) return [run];
    return run.slot.hold === "ghost" ? [] : [{ ...run, n: run.n + 1, slot: { ...run.slot, row: false } }];
  });
  return { ...job, runs };
}

/** What the cluster's object is to do with the row of a slot's run: it stays while it is to ask again, or to be sent. */
export function isRowKept(run: Run): boolean {
  if (run.removal?.why === "take_back") return false;
  return run.state !== "due" || run.slot === undefined || run.slot.hold === "none" || run.slot.row;
}

/** More slots may have been missed than the policy would run: the oldest are certain not to. */
function pushOut(before: Job, now: number): Job {
  const missed = waiting(before, "missed");
  const excess = missed.slice(0, Math.max(0, missed.length - missedKept(rulesOf(before))));
  return excess.reduce((job, run) => recordRun(job, run, "misfire", now), before);
}
