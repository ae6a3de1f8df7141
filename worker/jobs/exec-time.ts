import { z } from "zod";

/** How far ahead a job may be asked for. */
const MAX_AHEAD_YEARS = 10;

const FORMS = "must be unix seconds, RFC 3339 with an offset (2026-12-01T08:00:00Z)";
const UNIX_SECONDS = /^-?\d{1,15}(\.\d{1,9})?$/;
const DURATION =
  /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)W)?(?:(\d+(?:[.,]\d+)?)D)?(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$/;
const Rfc3339 = z.iso.datetime({ offset: true });

const WHOLE = "[0-9]+";
const PART = "[0-9]+([.,][0-9]+)?";
const DATE_PARTS = `(${WHOLE}Y(${WHOLE}M)?(${PART}W)?(${PART}D)?|${WHOLE}M(${PART}W)?(${PART}D)?|${PART}W(${PART}D)?|${PART}D)`;
const TIME_PARTS = `T(${PART}H(${PART}M)?(${PART}S)?|${PART}M(${PART}S)?|${PART}S)`;
/** The forms of a moment for JSON Schema, which has no look-ahead to see that a duration is not empty. */
export const MOMENT_JSON = {
  anyOf: [
    { type: "string", pattern: "^(-?[0-9]{1,15}([.][0-9]{1,9})?)?$" },
    { type: "string", format: "date-time", pattern: z.regexes.datetime({ offset: true }).source },
    { type: "string", pattern: `^-?P(${DATE_PARTS}(${TIME_PARTS})?|${TIME_PARTS})$` },
    { type: "number" },
  ],
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** A moment, epoch ms, or what is wrong with the value as the end of a sentence. */
export type ExecTime = { execAt: number } | { problem: string };

/**
 * Reads a caller's `job_exec_time` (contract, part 2): unix seconds, RFC 3339, or an ISO 8601 duration from `now`; empty,
 * `0` and a past time mean now. All moments are epoch ms.
 */
export function parseExecTime(value: string | number, now: number): ExecTime {
  if (typeof value === "string" && value.trim() === "") return { execAt: now };
  const at = momentAt(value, now);
  if (at === null) return { problem: `${FORMS}, or a duration (PT15M)` };
  const limit = new Date(now);
  limit.setUTCFullYear(limit.getUTCFullYear() + MAX_AHEAD_YEARS);
  if (at > limit.getTime()) {
    return { problem: `is more than ${MAX_AHEAD_YEARS} years ahead; a plain number counts seconds, not milliseconds` };
  }
  return { execAt: Math.max(now, Math.round(at)) };
}

/**
 * Reads a moment that may lie anywhere, such as a bound of a list: as {@link parseExecTime}, and durations back from `now`
 * too (`-PT1H`). Epoch ms; infinite where it is beyond what a Date can hold.
 */
export function parseMoment(value: string | number, now: number): { at: number } | { problem: string } {
  const text = String(value).trim();
  const at = text.startsWith("-P") ? agoAt(text.slice(1), now) : momentAt(value, now);
  return at === null ? { problem: `${FORMS}, or a duration from now (-PT1H)` } : { at };
}

function agoAt(duration: string, now: number): number | null {
  const at = durationAt(duration, now);
  return at === null ? null : now - (at - now);
}

function momentAt(value: string | number, now: number): number | null {
  // A number needs no form: as text it may have an exponent.
  if (typeof value === "number") return value * SECOND_MS;
  const text = value.trim();
  return unixSecondsAt(text) ?? rfc3339At(text) ?? durationAt(text, now);
}

function unixSecondsAt(text: string): number | null {
  return UNIX_SECONDS.test(text) ? Number(text) * SECOND_MS : null;
}

function rfc3339At(text: string): number | null {
  // RFC 3339 allows lower case, and a space for the T.
  const strict = text.toUpperCase().replace(/^(\d{4}-\d{2}-\d{2}) /, "$1T");
  return Rfc3339.safeParse(strict).success ? Date.parse(strict) : null;
}

/** Years and months are the calendar's, in UTC; all smaller units have a fixed length. */
function durationAt(text: string, now: number): number | null {
  const match = DURATION.exec(text);
  if (!match || text.endsWith("P") || text.endsWith("T")) return null;
  const [years, months, weeks, days, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number((part ?? "0").replace(",", ".")));
  const date = new Date(now);
  date.setUTCMonth(date.getUTCMonth() + (years ?? 0) * 12 + (months ?? 0));
  // A month after 31 January is the last of February, not the third of March.
  if (date.getUTCDate() !== new Date(now).getUTCDate()) date.setUTCDate(0);
  const fixedMs =
    (weeks ?? 0) * WEEK_MS +
    (days ?? 0) * DAY_MS +
    (hours ?? 0) * HOUR_MS +
    (minutes ?? 0) * MINUTE_MS +
    (seconds ?? 0) * SECOND_MS;
  const at = date.getTime() + fixedMs;
  // Beyond what a Date can hold is beyond the limit as well.
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}
