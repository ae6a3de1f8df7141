import type { CronRules } from "./definition.ts";
import { MISSED_AFTER_MS, SLOTS_PER_TURN, WAITING_SLOTS } from "./lifecycle-limits.ts";
import { isOver } from "./lifecycle-runs.ts";
import {
  bookSlotAt,
  hasSlot,
  isAway,
  isBehind,
  isOpenRun,
  isSettled,
  isTakingBack,
  rulesOf,
  slotStateOf,
  withCursor,
  withoutPassed,
} from "./lifecycle-slot-clock.ts";
import { recordRun, recordSlots, type SkipReason } from "./lifecycle-slot-records.ts";
import { hasOpen, isFull, releaseMissed, startTurns, waiting, withSlotRun } from "./lifecycle-slot-runs.ts";
import type { Job, SlotBack } from "./lifecycle-state.ts";
import { endForCaller } from "./lifecycle-verbs.ts";
import { itemsBetween, type SlotItem } from "./schedule.ts";

/** What becomes of a slot whose time has come, before it is known what the others come to. */
type Fate = "judged" | "missed" | Extract<SkipReason, "suspended" | "dst_gap">;

/** Neighbouring slots of one fate; `followsAt`: the slot before the first of them. */
type Batch = { fate: Fate; ats: number[]; followsAt: number | null };

const FREE = { hold: "none", isMissed: false, isJudged: false } as const;
const IN_TURN = { hold: "turn", isMissed: false, isJudged: true } as const;
const MISSED = { hold: "missed", isMissed: true, isJudged: false } as const;

/** Under `Replace` a slot ends what runs, and takes the place of one that still waits. */
function replaceFor(before: Job, slotAt: number, now: number): Job {
  const freed = waiting(before, "turn").reduce((job, run) => recordRun(job, run, "concurrency", now), before);
  return endOpen(withSlotRun(freed, slotAt, IN_TURN, now), now);
}

/** Ends the runs that a newer slot replaces; what is being ended already is left to it. */
function endOpen(before: Job, now: number): Job {
  const open = before.runs.filter((run) => isOpenRun(run) && !isOver(run) && run.removal === null);
  return open.reduce((job, run) => endForCaller(job, run, "replace", now), before);
}

/** Judges a slot whose time has come while its cluster may be reached (contract, part 5, "Overlap"). */
function judgeSlot(job: Job, slotAt: number, followsAt: number | null, now: number): Job {
  const skipped = (reason: SkipReason) => recordSlots(job, { reason, ats: [slotAt], followsAt }, now);
  const { concurrencyPolicy } = rulesOf(job);
  if (concurrencyPolicy === "Allow") return isFull(job) ? skipped("queue_full") : withSlotRun(job, slotAt, FREE, now);
  const turns = waiting(job, "turn");
  if (turns.length === 0 && !hasOpen(job)) return withSlotRun(job, slotAt, FREE, now);
  switch (concurrencyPolicy) {
    case "Forbid":
      return skipped("concurrency");
    case "Queue":
      return turns.length >= WAITING_SLOTS ? skipped("queue_full") : withSlotRun(job, slotAt, IN_TURN, now);
    case "Replace":
      return replaceFor(job, slotAt, now);
  }
}

/** How many missed slots may still run. */
export function missedKept({ misfirePolicy, misfireLimit }: CronRules): number {
  switch (misfirePolicy) {
    case "skip":
      return 0;
    case "latest":
      return 1;
    case "all":
      return misfireLimit;
  }
}

/**
 * Notes missed slots, oldest first: of these and those that wait already, the newest ones may still run, and all older ones are
 * certain not to.
 */
function missSlots(before: Job, ats: readonly number[], followsAt: number | null, now: number): Job {
  const kept = missedKept(rulesOf(before));
  const waitingBefore = waiting(before, "missed");
  const all = [...ats, ...waitingBefore.map(({ dueAt }) => dueAt)].sort((a, b) => a - b);
  const oldestKept = all.at(-kept) ?? 0;
  const isCertain = (at: number) => kept === 0 || at < oldestKept;
  const pushedOut = waitingBefore.filter(({ dueAt }) => isCertain(dueAt));
  const freed = pushedOut.reduce((job, run) => recordRun(job, run, "misfire", now), before);
  const recorded = recordSlots(freed, { reason: "misfire", ats: ats.filter(isCertain), followsAt }, now);
  return ats.filter((at) => !isCertain(at)).reduce((job, at) => withSlotRun(job, at, MISSED, now), recorded);
}

function fateOf(job: Job, item: SlotItem, now: number): Fate {
  if (item.kind === "dropped") return "dst_gap";
  if (rulesOf(job).suspend) return "suspended";
  return isAway(job) || item.at + MISSED_AFTER_MS < now ? "missed" : "judged";
}

/** What lies in order, parted where the fate changes; a slot that has its run already is settled. */
function batchesOf(job: Job, items: readonly SlotItem[], now: number): Batch[] {
  const taken = new Set([...slotStateOf(job).ahead, ...job.runs.map(({ slotAt }) => slotAt)]);
  const batches: Batch[] = [];
  let followsAt = slotStateOf(job).lastAt;
  for (const item of items) {
    const last = batches.at(-1);
    const fate = fateOf(job, item, now);
    const isSettled = item.kind === "slot" && taken.has(item.at);
    if (!isSettled && last?.fate === fate && last.ats.at(-1) === followsAt) last.ats.push(item.at);
    else if (!isSettled) batches.push({ fate, ats: [item.at], followsAt });
    followsAt = item.at;
  }
  return batches;
}

function settleBatch(before: Job, { fate, ats, followsAt }: Batch, now: number): Job {
  switch (fate) {
    case "missed":
      return missSlots(before, ats, followsAt, now);
    case "suspended":
    case "dst_gap":
      return recordSlots(before, { reason: fate, ats, followsAt }, now);
    case "judged": {
      let follows = followsAt;
      // Missed slots that run are older, and go first.
      return ats.reduce(
        (job, at) => {
          const judged = judgeSlot(job, at, follows, now);
          follows = at;
          return judged;
        },
        startTurns(letMissedRun(before, now), now),
      );
    }
  }
}

/** Settles the slots up to that moment, at most 1,000 of them: each is a run from then on, or in a record. */
export function settleSlots(job: Job, until: number, now: number): Job {
  const { next, cursor } = slotStateOf(job);
  if (next === null || next.at > until) return job;
  const { earliestAt, endAt } = rulesOf(job);
  const after = earliestAt === null ? cursor : Math.max(cursor, earliestAt - 1);
  const items = itemsBetween(rulesOf(job), after, endAt === null ? until : Math.min(until, endAt), SLOTS_PER_TURN);
  const last = items.at(-1);
  if (last === undefined) return job;
  const settled = batchesOf(job, items, now).reduce((before, batch) => settleBatch(before, batch, now), job);
  return withCursor(settled, last.at, last.at);
}

/** Books the next slot once its lead has begun, where it may start whatever becomes of the others. */
function bookNext(job: Job, now: number): Job {
  const { next } = slotStateOf(job);
  if (next === null || !next.isSlot || rulesOf(job).suspend || isAway(job)) return job;
  if (next.at <= now || now < bookSlotAt(job, next)) return job;
  if (isSettled(job, next.at)) return withCursor(job, next.at, next.at);
  const mayOverlap = rulesOf(job).concurrencyPolicy === "Allow";
  const mayStart = mayOverlap ? !isFull(job) : !hasOpen(job) && waiting(job, "turn").length === 0;
  return mayStart ? withCursor(withSlotRun(job, next.at, FREE, now), next.at, next.at) : job;
}

/**
 * Sees to a cron job's slots: settles those whose time has come, gives those that wait their turn, and books the next one
 * (design, "Time"). While runs are being taken back nothing is judged, since it is not known what they come to.
 */
export function runSlots(before: Job, now: number): Job {
  if (before.cron === undefined || before.deletion?.state === "asked" || before.deletion?.state === "done")
    return before;
  if (isTakingBack(before)) return before;
  const away = isAway(before) && !rulesOf(before).suspend;
  const judged = judgeBack(before, now);
  const settled = settleSlots(startTurns(judged, now), away ? now - MISSED_AFTER_MS : now, now);
  const released = isAway(settled) || isBehind(settled, now) ? settled : letMissedRun(settled, now);
  return withoutPassed(bookNext(startTurns(released, now), now), now);
}

/** Judges anew the slots that came back, oldest first, as far as the job's definition still has them. */
function judgeBack(job: Job, now: number): Job {
  const { back, ...state } = slotStateOf(job);
  if (back.length === 0) return job;
  const slots = back.filter(({ at }) => hasSlot(job, at)).sort((a, b) => a.at - b.at);
  const taken: Job = { ...job, cron: { ...state, back: [] } };
  return slots.reduce((before, slot) => judgeAgain(before, slot, now), taken);
}

function judgeAgain(job: Job, { at, isMissed, isJudged }: SlotBack, now: number): Job {
  const { suspend, concurrencyPolicy } = rulesOf(job);
  if (suspend) return recordSlots(job, { reason: "suspended", ats: [at], followsAt: null }, now);
  if (isMissed) return missSlots(job, [at], null, now);
  // It had its turn to wait for already: it goes on waiting, under the new definition.
  if (isJudged && concurrencyPolicy === "Queue") return withSlotRun(job, at, IN_TURN, now);
  return judgeSlot(job, at, null, now);
}

/** The cluster may be reached: the missed slots that are left run, under `Replace` in place of what runs. */
function letMissedRun(job: Job, now: number): Job {
  if (waiting(job, "missed").length === 0) return job;
  const replacing = rulesOf(job).concurrencyPolicy === "Replace" ? endOpen(job, now) : job;
  return releaseMissed(replacing, now);
}
