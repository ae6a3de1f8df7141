/**
 * What a schedule's slots are by brute force: every minute of a window is looked up in the runtime's own calendar, and nothing of
 * the product's code is used. Local times are minutes as if they were UTC, epoch ms.
 */
const MINUTE_MS = 60_000;
/** No two transitions of the zones that are looked at lie as near as this. */
const WEEK_MS = 7 * 86_400_000;

export type Gap = "skip" | "first_valid" | "shift";
export type Overlap = "first" | "second" | "both";

/** A schedule as sets of what each field allows; null: anything. */
export type Fields = {
  minutes: readonly number[] | null;
  hours: readonly number[] | null;
  dayOfMonth: number | null;
  dayOfWeek: number | null;
};

/** One zone's clock, read from the runtime. */
export function clockOf(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const of = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"));
  };
}

/** The instants at which the zone's offset changes between two, to the minute. */
export function transitionsOf(local: (instant: number) => number, from: number, to: number): number[] {
  const found: number[] = [];
  let before = local(from) - from;
  for (let at = from; at < to; at += WEEK_MS) {
    const after = local(at + WEEK_MS) - (at + WEEK_MS);
    if (after === before) continue;
    let low = at;
    let high = at + WEEK_MS;
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / (2 * MINUTE_MS)) * MINUTE_MS;
      if (local(middle) - middle === before) low = middle;
      else high = middle;
    }
    found.push(high);
    before = after;
  }
  return found;
}

/** Every minute of a window: the instants of each local time, and all of them in order. */
export type Window = {
  instantsOf: Map<number, number[]>;
  minutes: { instant: number; local: number }[];
  first: number;
  last: number;
};

/** The runtime is asked once for each block of minutes whose ends have the same offset, and for every minute of the others. */
export function windowOf(local: (instant: number) => number, from: number, to: number): Window {
  const blockMs = 15 * MINUTE_MS;
  const minutes: Window["minutes"] = [];
  for (let start = from; start < to; start += blockMs) {
    const offset = local(start) - start;
    const isEven = local(start + blockMs) - (start + blockMs) === offset;
    for (let instant = start; instant < start + blockMs; instant += MINUTE_MS) {
      minutes.push({ instant, local: isEven ? instant + offset : local(instant) });
    }
  }
  const instantsOf = new Map<number, number[]>();
  for (const { instant, local: at } of minutes) instantsOf.set(at, [...(instantsOf.get(at) ?? []), instant]);
  const locals = minutes.map((minute) => minute.local);
  return { instantsOf, minutes, first: Math.min(...locals), last: Math.max(...locals) };
}

function matches(local: number, { minutes, hours, dayOfMonth, dayOfWeek }: Fields): boolean {
  const date = new Date(local);
  if (minutes !== null && !minutes.includes(date.getUTCMinutes())) return false;
  if (hours !== null && !hours.includes(date.getUTCHours())) return false;
  const isDay = dayOfMonth === date.getUTCDate();
  const isWeekday = dayOfWeek === date.getUTCDay();
  // Both given: either will do, as cron always had it.
  if (dayOfMonth !== null && dayOfWeek !== null) return isDay || isWeekday;
  return (dayOfMonth === null || isDay) && (dayOfWeek === null || isWeekday);
}

/** The local times of the window, those that do not exist among them, that the schedule names. */
export function matchedLocals({ first, last }: Window, fields: Fields): number[] {
  const matched: number[] = [];
  for (let local = first; local <= last; local += MINUTE_MS) if (matches(local, fields)) matched.push(local);
  return matched;
}

/** The slots' instants in the window, in order, and how many local times are dropped. */
export function slotsOf(
  window: Window,
  locals: readonly number[],
  rules: { gap: Gap; overlap: Overlap; followsRealTime: boolean },
): { slots: number[]; dropped: number } {
  const slots = new Set<number>();
  let dropped = 0;
  for (const local of locals) {
    const [first, second] = window.instantsOf.get(local) ?? [];
    if (first === undefined) {
      if (rules.followsRealTime) continue;
      const end = window.minutes.findIndex((minute) => minute.local > local);
      const [previous, next] = [window.minutes[end - 1], window.minutes[end]];
      if (previous === undefined || next === undefined) continue;
      const lengthMs = next.local - previous.local - MINUTE_MS;
      if (rules.gap === "skip") dropped += 1;
      else if (rules.gap === "first_valid") slots.add(next.instant);
      else slots.add(window.instantsOf.get(local + lengthMs)?.[0] ?? Number.NaN);
    } else if (second === undefined) slots.add(first);
    else {
      if (rules.followsRealTime || rules.overlap !== "second") slots.add(first);
      if (rules.followsRealTime || rules.overlap !== "first") slots.add(second);
    }
  }
  return { slots: [...slots].sort((a, b) => a - b), dropped };
}
