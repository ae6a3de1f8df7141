import { patternOf } from "./cron-pattern.ts";
import type { SlotRules } from "./definition.ts";
import { type Offsets, offsetAt, offsetsAround } from "./zone-offsets.ts";

/**
 * What a schedule says next: a slot at an instant, epoch ms, or a local time that does not exist and that `dst_gap` `skip` drops
 * (`at`: the end of the gap). `local` is `YYYY-MM-DDTHH:MM:SS`, a slot's and its `offset` (`±HH:MM`) those of `at`. `note`:
 * `gap` moved here by the rule; `overlap-…` of a local time that occurs twice.
 */
export type SlotItem = SlotAt | { kind: "dropped"; at: number; local: string };
export type SlotAt = { kind: "slot"; at: number; local: string; offset: string; note: SlotNote };
export type SlotNote = "" | "gap" | "overlap-first" | "overlap-second";

/** Whether local times that a rule drops are asked for as well: there may be thousands in a gap. */
type Wanted = "all" | "slots";
type Found = { at: number; note: SlotNote } | { at: number; dropped: number };

/** Local times that are asked for at once: few first, since what is asked for is often near. */
const BATCH = { first: 2, most: 128 };
/**
 * A century: a day that comes at all comes in forty years (a 29 February that is a given day of the week), and the days of some
 * schedules are all in gaps that their rules drop.
 */
const WITHIN_MS = 100 * 365.25 * 86_400_000;

function localText(local: number): string {
  return new Date(local).toISOString().slice(0, 19);
}

function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** The instants of a local time; two where it occurs twice, none in a gap. */
function instantsOf(local: number, { before, after, transitionAt }: Offsets): number[] {
  if (transitionAt === null) return [local - before];
  const first = local - before;
  const second = local - after;
  return [...(first < transitionAt ? [first] : []), ...(second >= transitionAt ? [second] : [])];
}

/** What the rules make of a local time in a gap of a schedule at fixed hours. */
function inGap(rules: SlotRules, local: number, { before, transitionAt }: Offsets): Found[] {
  const gapEndAt = transitionAt ?? 0;
  switch (rules.dstGap) {
    case "skip":
      return [{ at: gapEndAt, dropped: local }];
    case "first_valid":
      return [{ at: gapEndAt, note: "gap" }];
    case "shift":
      // The same time by the clock that was not put forward.
      return [{ at: local - before, note: "gap" }];
  }
}

/** What the rules make of one local time (contract, part 5, "DST"). */
function found(rules: SlotRules, local: number, offsets: Offsets): Found[] {
  const { followsRealTime } = patternOf(rules.schedule);
  const [first, second] = instantsOf(local, offsets);
  if (first === undefined) return followsRealTime ? [] : inGap(rules, local, offsets);
  if (second === undefined) return [{ at: first, note: "" }];
  const both: Found[] = [
    { at: first, note: "overlap-first" },
    { at: second, note: "overlap-second" },
  ];
  if (followsRealTime || rules.dstOverlap === "both") return both;
  return rules.dstOverlap === "first" ? both.slice(0, 1) : both.slice(1);
}

/** In order, with slots of one instant counted once: as one that the rule did not move, where there is one. */
function inOrder(items: readonly Found[]): Found[] {
  const sorted = items.toSorted((a, b) => a.at - b.at);
  const slots = new Map<number, Found & { note: SlotNote }>();
  for (const item of sorted) {
    if (!("note" in item)) continue;
    const known = slots.get(item.at);
    if (known === undefined || known.note === "gap") slots.set(item.at, item);
  }
  return sorted.filter((item) => !("note" in item) || slots.get(item.at) === item);
}

/**
 * No item of this local time or a later one is before this instant. As near to it as is certain: what is too early by an hour makes
 * a schedule of every second look at 3,600 local times for each of its slots, days before and after a transition.
 */
function soonestOf(local: number, { before, after, transitionAt }: Offsets): number {
  if (transitionAt === null || local < transitionAt + before) return local - before;
  return Math.max(transitionAt, local - after);
}

/** Every item after that instant is of a later local time than this one, which is as near as is certain. */
function latestPassed(instant: number, { before, after, transitionAt }: Offsets): number {
  if (transitionAt === null) return instant + before;
  // Where a clock is put back, what comes after may be of local times that were there already.
  if (instant < transitionAt) return Math.min(instant + before, transitionAt + Math.min(before, after) - 1_000);
  // Slots that are moved by the length of a gap come after its end.
  return instant + (instant < transitionAt + after - before ? before : after);
}

/** Where nothing of a gap's further local times is to be known: a local time just before its end, else null. */
function passedGap(rules: SlotRules, local: number, { before, after, transitionAt }: Offsets, wanted: Wanted) {
  if (transitionAt === null || local < transitionAt + before || local >= transitionAt + after) return null;
  const { followsRealTime } = patternOf(rules.schedule);
  const isSaid = !followsRealTime && (rules.dstGap === "shift" || (rules.dstGap === "skip" && wanted === "all"));
  return isSaid ? null : transitionAt + after - 1;
}

/** Items that no later local time comes before, once there are `limit` of them, else null. */
function readyOf(items: readonly Found[], limit: number, certain: number): Found[] | null {
  const ready = items.filter(({ at }) => at < certain);
  if (ready.length < limit) return null;
  const ordered = inOrder(ready);
  return ordered.length < limit ? null : ordered;
}

/** Finds what is wanted after `after` until `until`, or at least `limit` of it. */
function find(rules: SlotRules, after: number, until: number, limit: number, wanted: Wanted): Found[] {
  const pattern = patternOf(rules.schedule);
  let local = latestPassed(after, offsetsAround(rules.timeZone, after));
  const items: Found[] = [];
  for (let batch = BATCH.first; ; batch = Math.min(2 * batch, BATCH.most)) {
    const locals = pattern.after(local, batch);
    if (locals.length === 0) return inOrder(items);
    for (const one of locals) {
      if (one <= local) continue;
      const offsets = offsetsAround(rules.timeZone, one);
      if (soonestOf(one, offsets) > until) return inOrder(items);
      for (const item of found(rules, one, offsets)) {
        if (item.at > after && item.at <= until && (wanted === "all" || "note" in item)) items.push(item);
      }
      local = passedGap(rules, one, offsets, wanted) ?? one;
    }
    const ready = readyOf(items, limit, soonestOf(local, offsetsAround(rules.timeZone, local)));
    if (ready !== null) return ready;
  }
}

function shownSlot(rules: SlotRules, { at, note }: { at: number; note: SlotNote }): SlotAt {
  const offset = offsetAt(rules.timeZone, at);
  return { kind: "slot", at, local: localText(at + offset), offset: offsetText(offset), note };
}

function shown(rules: SlotRules, item: Found): SlotItem {
  if ("note" in item) return shownSlot(rules, item);
  return { kind: "dropped", at: item.at, local: localText(item.dropped) };
}

/** At most `limit` of them, but all that there are of the last one's instant. */
function firstOf(items: readonly Found[], limit: number): Found[] {
  const lastAt = items[limit - 1]?.at;
  return lastAt === undefined ? [...items] : items.filter(({ at }) => at <= lastAt);
}

/**
 * What the schedule says from `after` (excluded) to `until` (included), epoch ms, in order: at most `limit` items, but all that
 * there are of the last one's instant. Slots of one instant count once. Nothing is said of the year 3000 and later.
 */
export function itemsBetween(rules: SlotRules, after: number, until: number, limit: number): SlotItem[] {
  return firstOf(find(rules, after, until, limit, "all"), limit).map((item) => shown(rules, item));
}

/** The first `count` slots after that moment, without what is dropped between them; fewer where there are no more. */
export function slotsAfter(rules: SlotRules, after: number, count: number): SlotAt[] {
  if (nextSlotAt(rules, after) === null) return [];
  const items = find(rules, after, Number.POSITIVE_INFINITY, count, "slots");
  return items.slice(0, count).flatMap((item) => ("note" in item ? [shownSlot(rules, item)] : []));
}

/** What the schedule says first after that moment; null: nothing, ever. */
export function nextItem(rules: SlotRules, after: number): SlotItem | null {
  return itemsBetween(rules, after, Number.POSITIVE_INFINITY, 1)[0] ?? null;
}

/** The first slot after that moment, epoch ms; null: there is none within a century, hence none ever. */
export function nextSlotAt(rules: SlotRules, after: number): number | null {
  return find(rules, after, after + WITHIN_MS, 1, "slots")[0]?.at ?? null;
}

/** Whether the schedule has a slot at that moment, epoch ms. */
export function isSlot(rules: SlotRules, at: number): boolean {
  return find(rules, at - 1, at, 1, "slots").length > 0;
}

/** Whether the schedule names seconds: the unit of its Jobs' names (contract, part 3). */
export function hasSeconds(schedule: string): boolean {
  return patternOf(schedule).hasSeconds;
}
