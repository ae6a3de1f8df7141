import { Cron } from "croner";

/** Names for whole patterns, as crontab(5) has them. */
const NICKNAMES = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
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

function fieldsOf(schedule: string): string[] {
  return schedule.trim().split(/\s+/);
}

function compile(schedule: string): Pattern {
  const cron = new Cron(schedule.trim(), { utcOffset: 0, mode: "5-or-6-parts", paused: true });
  const fields = fieldsOf(schedule);
  const hasSeconds = fields.length === 6;
  return {
    after: (local, count) => cron.nextRuns(count, new Date(local)).map((date) => date.getTime()),
    followsRealTime: followsRealTime(fields),
    hasSeconds,
  };
}

function followsRealTime(fields: readonly string[]): boolean {
  const [nickname = ""] = fields;
  if (fields.length === 1) return nickname.toLowerCase() === "@hourly";
  const hours = fields.at(-4) ?? "";
  if (hours.startsWith("*")) return true;
  const day = new Cron(`0 ${hours} * * *`, { utcOffset: 0, mode: "5-part", paused: true });
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
  // croner takes a leading + as "both days must match", which no other cron knows.
  if (schedule.includes("+")) return "must have no + in its fields";
  try {
    patternOf(schedule);
    return null;
  } catch (error) {
    const words = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
    return `is no schedule: ${words}`;
  }
}
