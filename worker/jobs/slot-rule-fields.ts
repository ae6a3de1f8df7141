import { z } from "zod";
import { scheduleProblem } from "./cron-pattern.ts";
import { ruledText } from "./once-job-fields.ts";
import { timeZoneProblem } from "./zone-offsets.ts";

const MAX_SCHEDULE_LENGTH = 256;

/** One of a few words. */
export function oneWordOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);
}

function lengthProblem(schedule: string): string | null {
  if (schedule.length <= MAX_SCHEDULE_LENGTH) return scheduleProblem(schedule);
  return `has ${schedule.length} characters, and must have at most ${MAX_SCHEDULE_LENGTH}`;
}

/** The fields that decide a schedule's slots (contract, part 5), in creates and in previews. */
export const SLOT_RULE_FIELDS = {
  schedule: ruledText(lengthProblem).meta({
    description:
      "5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or @yearly, @monthly, @weekly, @daily, @hourly.",
    json: { type: "string", minLength: 1, maxLength: MAX_SCHEDULE_LENGTH },
  }),
  time_zone: ruledText(timeZoneProblem).default("UTC").meta({ description: "An IANA name.", absent: true }),
  dst_gap: oneWordOf(["skip", "first_valid", "shift"]).default("first_valid").meta({
    description: "What becomes of a slot whose local time does not exist, where the schedule is at fixed hours.",
    absent: true,
  }),
  dst_overlap: oneWordOf(["first", "second", "both"]).default("first").meta({
    description: "Which of them runs where a local time occurs twice and the schedule is at fixed hours.",
    absent: true,
  }),
};

/** Those of them that may be left out, or be empty. */
export const SLOT_RULE_OPTIONS = ["time_zone", "dst_gap", "dst_overlap"] as const;
