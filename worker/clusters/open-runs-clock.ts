import type { OpenRun } from "./open-run.ts";
import { type Life, lossAt } from "./open-runs-lease.ts";

/** Within this time before a due moment a timer is used; earlier, the alarm wakes the object (design, "Hand-over"). */
export const TIMER_REACH_MS = 1_000;
/** The alarm wakes the object this long before a due moment, so that a slightly late alarm is no late run. */
const ALARM_LEAD_MS = 500;
/** How long a new socket may take to say hello. */
export const HELLO_WITHIN_MS = 10_000;
/** An alarm is never armed nearer than this (workerd issue 6866: an alarm at "now" inside `alarm()` can be lost). */
const ALARM_MIN_AHEAD_MS = 50;

/** What the next wake-up is computed from. */
export type ClockInput = {
  /** The next due moment, and whether a link stands ready to be handed it. */
  nextDueAt: number | null;
  ready: boolean;
  /** When the next booked row turns late for want of a relay; null: none does. */
  lateAt: number | null;
  /** Rows whose command is sent again by time. */
  again: Iterable<OpenRun>;
  openCount: number;
  links: readonly Life[];
  /** When each socket without hello was accepted. */
  strangers: readonly number[];
  /** The latest moment at which a final row is forgotten; null: there is none. */
  forgetAt: number | null;
  /** True: a turn stopped at its limit, so the rest is due at once. */
  unfinished: boolean;
};

/** When to be woken: `timerAt` for the next hand-over within a second, `alarmAt` for all else; null: not at all. */
export type Wake = { timerAt: number | null; alarmAt: number | null };

function earliest(times: Iterable<number | null>): number | null {
  let first: number | null = null;
  for (const time of times) if (time !== null && (first === null || time < first)) first = time;
  return first;
}

function dueWake(dueAt: number | null, now: number): Wake {
  if (dueAt === null) return { timerAt: null, alarmAt: null };
  if (dueAt - now > TIMER_REACH_MS) return { timerAt: null, alarmAt: dueAt - ALARM_LEAD_MS };
  // The alarm stays a second behind the timer, as the net for an object that is evicted meanwhile.
  return { timerAt: dueAt, alarmAt: dueAt + TIMER_REACH_MS };
}

/** The times that matter while a relay is linked: what comes again by time, and when a silent link counts as lost. */
function linkedTimes(input: ClockInput, now: number): (number | null)[] {
  if (input.openCount === 0) return [];
  const again = input.ready ? [...input.again].map((row) => row.againAt).filter((at) => at !== null && at > now) : [];
  return [...again, ...input.links.map(lossAt)];
}

/**
 * The next wake-ups, a pure function of the state. With nothing open and nothing to forget there is none, so an idle
 * cluster costs nothing.
 */
export function nextWake(input: ClockInput, now: number): Wake {
  const due = input.ready ? dueWake(input.nextDueAt, now) : { timerAt: null, alarmAt: null };
  const alarmAt = earliest([
    due.alarmAt,
    input.lateAt,
    ...linkedTimes(input, now),
    ...input.strangers.map((acceptedAt) => acceptedAt + HELLO_WITHIN_MS),
    input.forgetAt,
    input.unfinished ? now : null,
  ]);
  return { timerAt: due.timerAt, alarmAt: alarmAt === null ? null : Math.max(alarmAt, now + ALARM_MIN_AHEAD_MS) };
}

/**
 * Whether the alarm must be set (each setAlarm is a billed row): one that rings earlier than wanted is left, since its
 * ring arms anew; one in the past counts as missing.
 */
export function isToBeArmed(armedAt: number | null, wantedAt: number, now: number): boolean {
  return armedAt === null || armedAt <= now || armedAt > wantedAt;
}
