import { Cron } from "croner";

/** Names for whole patterns, as crontab(5) has them. */
const NICKNAMES = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
/** What may stand in each field; the first only where there are six. */
const FIELDS = [
  { name: "second", values: "0-59" },
  { name: "minute", values: "0-59" },
  { name: "hour", values: "0-23" },
  { name: "day of month", values: "1-31, L, LW or 15W" },
  { name: "month", values: "1-12 or JAN-DEC" },
  { name: "day of week", values: "0-7 or SUN-SAT, FRI#2 or FRIL" },
];
/** Patterns that are kept compiled: what is forgotten is compiled anew. */
const COMPILED = 200;

/**
 * A schedule as a pattern of local times. croner is told that there is no time zone, so that its own rules for gaps and overlaps
 * never matter: a local time is a moment as if it were UTC, epoch ms.
 */
export type Pattern = {
  /** The first local times after that one, at most `count`, in order. */
  after(local: number, count: number): number[];
  /** Whether it follows real time: its hour field begins with `*` or covers all 24 hours (contract, part 5, "DST"). */
  followsRealTime: boolean;
  hasSeconds: boolean;
};

/** The fields as croner is to see them: `?` means `*` everywhere. */
function fieldsOf(schedule: string): string[] {
  return schedule.trim().replaceAll("?", "*").split(/\s+/);
}

/**
 * croner takes two restricted day fields as "either", and a field as unrestricted only where it is `*` and nothing else. Classic
 * cron (crontab(5)) does so where it begins with `*`: a Monday that is an odd day, where day of month has a step of 2.
 */
function mustMatchBothDays(fields: readonly string[]): boolean {
  return fields.length > 1 && (isStarLed(fields.at(-3)) || isStarLed(fields.at(-1)));
}

function isStarLed(field = ""): boolean {
  return field.startsWith("*");
}

/** Throws croner's words where it finds something wrong. */
function cronOf(fields: readonly string[]): Cron {
  const domAndDow = mustMatchBothDays(fields);
  return new Cron(fields.join(" "), { utcOffset: 0, mode: "5-or-6-parts", paused: true, domAndDow });
}

function compile(schedule: string): Pattern {
  const fields = fieldsOf(schedule);
  const cron = cronOf(fields);
  return {
    after: (local, count) => cron.nextRuns(count, new Date(local)).map((date) => date.getTime()),
    followsRealTime: followsRealTime(fields),
    hasSeconds: fields.length === 6,
  };
}

function followsRealTime(fields: readonly string[]): boolean {
  const [nickname = ""] = fields;
  if (fields.length === 1) return nickname.toLowerCase() === "@hourly";
  const hours = fields.at(-4) ?? "";
  if (isStarLed(hours)) return true;
  const day = cronOf(["0", hours, "*", "*", "*"]);
  return day.nextRuns(24, new Date(-1_000)).at(-1)?.getTime() === 23 * 3_600_000;
}

const compiled = new Map<string, Pattern>();

/** The pattern of a schedule that `scheduleProblem` finds nothing wrong with; throws for any other. */
export function patternOf(schedule: string): Pattern {
  const known = compiled.get(schedule);
  if (known !== undefined) return known;
  if (compiled.size >= COMPILED) compiled.clear();
  const pattern = compile(schedule);
  compiled.set(schedule, pattern);
  return pattern;
}

/** What is wrong with a schedule, as the end of a sentence; null: it has 5 or 6 fields, or is a nickname, and makes sense. */
export function scheduleProblem(schedule: string): string | null {
  const fields = fieldsOf(schedule);
  const [first = ""] = fields;
  if (first.startsWith("@")) {
    const isKnown = fields.length === 1 && NICKNAMES.includes(first.toLowerCase());
    return isKnown ? null : `must be 5 or 6 fields, or one of ${NICKNAMES.join(", ")}`;
  }
  if (fields.length !== 5 && fields.length !== 6) {
    return `must have 5 fields (minute, hour, day of month, month, day of week) or 6 with seconds first, not ${schedule.trim() === "" ? 0 : fields.length}`;
  }
  const places = FIELDS.slice(-fields.length);
  for (const [at, { name, values }] of places.entries()) {
    const field = fields[at] ?? "";
    const alone = places.map((_, place) => (place === at ? field : "*"));
    if (!isField(field, alone))
      return `has no valid ${name}: ${field} (${values}; lists 1,5, ranges 1-5, steps */15 or 10-50/20)`;
  }
  return null;
}

/**
 * Whether croner can read the field, beside others that are fine. Not asked about other characters: a schedule with a colon is a date
 * to it, and a leading `+` means that both days must match, which no other cron knows.
 */
function isField(field: string, alone: readonly string[]): boolean {
  if (!/^[\w*,/#-]+$/.test(field)) return false;
  try {
    cronOf(alone);
    return true;
  } catch {
    // Its documented answer to a pattern that it cannot read.
    return false;
  }
}
