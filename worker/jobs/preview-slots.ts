import { z } from "zod";
import { ApiError } from "../errors.ts";
import { MAX_PREVIEW, type Preview } from "./answers.ts";
import { parseMoment } from "./exec-time.ts";
import { withoutEmptyOptions } from "./once-job-fields.ts";
import { itemsBetween, type SlotItem } from "./schedule.ts";
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
  const problem = "problem" in start ? start.problem : isDate(start.at) ? null : "is beyond what a calendar has";
  if ("problem" in start || problem !== null) throw new ApiError("verifyJob", `from ${shown(from)} ${problem}.`);
  const rules = { schedule: schedule.trim(), timeZone, dstGap, dstOverlap };
  const items = itemsBetween(rules, start.at, Number.POSITIVE_INFINITY, 2 * count);
  return shownUpTo(items, count);
}

/** Between the years 1 and 9999: the runtime knows no zone's offset before and a text of four digits no year after. */
function isDate(at: number): boolean {
  return at >= Date.UTC(1900, 0) && at < Date.UTC(9_900, 0);
}

/** As many slots as were asked for, and what was dropped before the last of them. */
function shownUpTo(items: readonly SlotItem[], count: number): Preview {
  const slots: Preview["slots"] = [];
  const skipped: Preview["skipped"] = [];
  for (const item of items) {
    if (slots.length === count) break;
    if (item.kind === "dropped") skipped.push({ local: item.local, reason: "dst_gap" });
    else slots.push({ at: item.at, local: item.local, offset: item.offset, note: item.note });
  }
  return { slots, skipped: skipped.slice(0, MAX_PREVIEW) };
}
