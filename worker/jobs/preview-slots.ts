import { z } from "zod";
import { ApiError } from "../errors.ts";
import { MAX_PREVIEW, type Preview } from "./answers.ts";
import type { SlotRules } from "./definition.ts";
import { parseMoment } from "./exec-time.ts";
import { withoutEmptyOptions } from "./once-job-fields.ts";
import { itemsBetween, slotsAfter } from "./schedule.ts";
import { sentenceOf, shown } from "./sentences.ts";
import { SLOT_RULE_FIELDS, SLOT_RULE_OPTIONS } from "./slot-rule-fields.ts";
import { wholeNumberBetween } from "./whole-number.ts";

const DEFAULT_COUNT = 10;

/** What a preview is asked (contract, part 5). */
export const PreviewFields = z.strictObject({
  ...SLOT_RULE_FIELDS,
  from: z.union([z.string(), z.number()], "must be text or a number").default("").meta({
    description: "Slots after it: unix seconds, RFC 3339, or a duration from now; empty: now.",
    absent: true,
  }),
  count: wholeNumberBetween(1, MAX_PREVIEW).default(DEFAULT_COUNT).meta({ absent: true }),
});

/** The next slots of a schedule, and the local times on the way that its rules drop. Thrown: 104 a bad field. */
export function previewSlots(fields: Record<string, unknown>, now: number): Preview {
  const parsed = PreviewFields.safeParse(withoutEmptyOptions(fields, [...SLOT_RULE_OPTIONS, "from", "count"]));
  if (!parsed.success) throw new ApiError("verifyJob", `${sentenceOf(parsed.error.issues, fields)}.`);
  const { schedule, time_zone: timeZone, dst_gap: dstGap, dst_overlap: dstOverlap, from, count } = parsed.data;
  const start = from === "" ? { at: now } : parseMoment(from, now);
  const problem = "problem" in start ? start.problem : isDate(start.at) ? null : "must be in the years 1900 to 2899";
  if ("problem" in start || problem !== null) throw new ApiError("verifyJob", `from ${shown(from)} ${problem}.`);
  const rules = { schedule: schedule.trim(), timeZone, dstGap, dstOverlap };
  const slots = slotsAfter(rules, start.at, count);
  return { slots: slots.map(({ kind, ...slot }) => slot), skipped: skippedUpTo(rules, start.at, slots.at(-1)?.at) };
}

/** croner finds nothing from the year 3000 on, and before 1900 the runtime knows no zone's offset for certain. */
function isDate(at: number): boolean {
  return at >= Date.UTC(1900, 0) && at < Date.UTC(2900, 0);
}

/** What the rules drop up to the last slot that is shown: so many and no more, since a gap may swallow thousands. */
function skippedUpTo(rules: SlotRules, after: number, until: number | undefined): Preview["skipped"] {
  if (rules.dstGap !== "skip" || until === undefined) return [];
  const items = itemsBetween(rules, after, until, 2 * MAX_PREVIEW);
  const dropped = items.filter(({ kind }) => kind === "dropped").slice(0, MAX_PREVIEW);
  return dropped.map(({ local }) => ({ local, reason: "dst_gap" }));
}
