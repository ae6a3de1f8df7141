import type { CronRules } from "./definition.ts";
import { leadMs, leadWithinMs } from "./lifecycle-clock.ts";
import { MISSED_AFTER_MS, SLOT_LOOK_MAX_MS, SLOTS_PER_LOOK } from "./lifecycle-limits.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver } from "./lifecycle-runs.ts";
import type { CronState, Job } from "./lifecycle-state.ts";
import { isSlot, nextItem, nextSlotAt } from "./schedule.ts";

/** The rules of a cron job; throws for a once job, which has none. */
export function rulesOf(job: Job): CronRules {
  const { cron } = job.definition;
  if (cron === undefined) throw new Error(`job ${job.jobId} has no schedule`);
  return cron;
}

/** How far a cron job's clock has come; throws for a once job, which has no slots. */
export function slotStateOf(job: Job): CronState {
  if (job.cron === undefined) throw new Error(`job ${job.jobId} has no slots`);
  return job.cron;
}

function nextOf(rules: CronRules, cursor: number): CronState["next"] {
  const item = nextItem(rules, rules.earliestAt === null ? cursor : Math.max(cursor, rules.earliestAt - 1));
  if (item === null || (rules.endAt !== null && item.at > rules.endAt)) return null;
  return { at: item.at, isSlot: item.kind === "slot" };
}

/** The next slot that will be tried after that moment, epoch ms; null: none, or the job is suspended. */
export function nextSlotOf(rules: CronRules, after: number): number | null {
  if (rules.suspend) return null;
  const at = nextSlotAt(rules, rules.earliestAt === null ? after : Math.max(after, rules.earliestAt - 1));
  return at === null || (rules.endAt !== null && at > rules.endAt) ? null : at;
}

/** The job with its clock at that moment; `lastAt`: the slot that was settled there, null where none was. */
export function withCursor(job: Job, cursor: number, lastAt: number | null): Job {
  return { ...job, cron: { ...slotStateOf(job), cursor, lastAt, next: nextOf(rulesOf(job), cursor) } };
}

/** The job with a slot noted that has had its run before its time came. */
export function withSlotAhead(job: Job, slotAt: number): Job {
  const state = slotStateOf(job);
  return { ...job, cron: { ...state, ahead: [...state.ahead, slotAt] } };
}

/** The job without those of them that its clock has passed. */
export function withoutPassed(job: Job, now: number): Job {
  const state = slotStateOf(job);
  const ahead = state.ahead.filter((at) => at > Math.min(now, state.cursor));
  return ahead.length === state.ahead.length ? job : { ...job, cron: { ...state, ahead } };
}

/** Puts the clock back, so that slots after that moment are judged anew, but for those whose run stays. */
export function withCursorBack(job: Job, cursor: number): Job {
  const state = slotStateOf(job);
  const had = job.runs.filter((run) => run.slotAt !== null && run.slotAt > cursor);
  const ahead = [...new Set([...state.ahead, ...had.map(({ slotAt }) => slotAt ?? 0)])];
  return withCursor({ ...job, cron: { ...state, ahead } }, cursor, null);
}

/** Whether the slot has had its run, so that it is not judged again. */
export function isSettled(job: Job, at: number): boolean {
  return slotStateOf(job).ahead.includes(at) || job.runs.some(({ slotAt }) => slotAt === at);
}

/** Whether the job's present definition has a slot at that moment. */
export function hasSlot(job: Job, at: number): boolean {
  const rules = rulesOf(job);
  if (rules.earliestAt !== null && at < rules.earliestAt) return false;
  return (rules.endAt === null || at <= rules.endAt) && isSlot(rules, at);
}

/** When the next slot is to be booked, epoch ms: its lead before its time. */
export function bookSlotAt(job: Job, next: { at: number }): number {
  const { lastAt } = slotStateOf(job);
  return next.at - (lastAt === null ? leadMs(job.jobId) : leadWithinMs(job.jobId, next.at - lastAt));
}

/** A slot's run that was not sent and waits for something else than its booking. */
export function isOnHold(run: Run): boolean {
  return run.state === "due" && run.slot !== undefined && run.slot.hold !== "none";
}

/** Whether no cluster's object can have a row of a slot's run, so that nobody need be asked about it. */
export function isWithoutRow(run: Run): boolean {
  if (run.state !== "due" || run.slot === undefined) return false;
  return run.cluster === null || (run.slot.hold !== "none" && !run.slot.row);
}

/** Whether the run keeps another slot of a job that is not `Allow` from starting (design, "Logs" and "Late runs"). */
export function isOpenRun(run: Run): boolean {
  return !isOver(run) && run.state !== "ending" && !isOnHold(run);
}

/** Whether slots' runs are being taken back: until their cluster has said what became of them no slot is judged. */
export function isTakingBack(job: Job): boolean {
  return job.runs.some(({ removal }) => removal?.why === "take_back");
}

/** Whether the job's cluster was away at a slot's time: its object has one row, and asks when a relay comes. */
export function isAway(job: Job): boolean {
  return job.runs.some((run) => {
    if (run.state !== "due" || run.slot === undefined || run.removal !== null) return false;
    return run.slot.row && (run.slot.hold === "missed" || run.slot.hold === "ghost");
  });
}

/** Whether slots that were missed by now are still to be counted, since a turn takes so many and no more. */
export function isBehind(job: Job, now: number): boolean {
  const { next } = slotStateOf(job);
  return next !== null && next.at < now - MISSED_AFTER_MS;
}

/** Whether the record has begun that the slots to come will join, of a suspension or of this absence of the cluster. */
function isRecording(job: Job): boolean {
  const { lastAt } = slotStateOf(job);
  const isSuspended = rulesOf(job).suspend;
  const reason = isSuspended ? "suspended" : "misfire";
  const since = isSuspended ? lastAt : (job.runs.find((run) => run.state === "due" && run.slot?.row)?.slotAt ?? null);
  if (since === null) return false;
  return job.runs.some((run) => run.state === "skipped" && run.end.reason === reason && (run.slotAt ?? 0) >= since);
}

/**
 * When the job's slots are next to be looked at, epoch ms; null: not by time. Slots that nothing but a record comes of, while
 * the job is suspended or its cluster is away, are counted in fewer turns once the record has begun.
 */
export function slotWakeAt(job: Job): number | null {
  if (job.cron === undefined || job.deletion?.state === "asked" || job.deletion?.state === "done") return null;
  const { next, lastAt } = job.cron;
  if (next === null || isTakingBack(job)) return null;
  const rules = rulesOf(job);
  const away = isAway(job);
  if (rules.suspend || away) {
    const soonest = next.at + (away && !rules.suspend ? MISSED_AFTER_MS : 0);
    if (lastAt === null || !isRecording(job)) return soonest;
    return Math.max(soonest, lastAt + Math.min(SLOT_LOOK_MAX_MS, SLOTS_PER_LOOK * (next.at - lastAt)));
  }
  if (!next.isSlot) return next.at;
  const mayOverlap = rules.concurrencyPolicy === "Allow";
  return mayOverlap || !job.runs.some((run) => isOpenRun(run) || isOnHold(run)) ? bookSlotAt(job, next) : next.at;
}
