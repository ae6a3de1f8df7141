import { describe, expect, it } from "vitest";
import type { DstGap, DstOverlap, SlotRules } from "../../../worker/jobs/definition.ts";
import { isSlot, itemsBetween, nextItem, nextSlotAt } from "../../../worker/jobs/schedule.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Before a gap, an overlap, half an hour's gap, a midnight in a gap, and a day that was never. */
const WINDOWS: [zone: string, from: string][] = [
  ["Europe/Berlin", "2026-03-28T20:00:00Z"],
  ["Europe/Berlin", "2026-10-24T20:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T10:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T10:00:00Z"],
  ["America/Havana", "2026-03-08T00:00:00Z"],
  ["Pacific/Apia", "2011-12-30T04:00:00Z"],
];
const SCHEDULES = ["0 2,3 * * *", "*/7 0-3 * * *", "15,45 2 * * *", "0 0 * * *", "*/20 * * * *", "*/30 */7 2 * * *"];
const PAIRS: [DstGap, DstOverlap][] = [
  ["skip", "first"],
  ["first_valid", "second"],
  ["shift", "both"],
];

describe("what a schedule says next", () => {
  it.each(WINDOWS)("in %s from %s on is the first of all that it says, from every five minutes", (timeZone, start) => {
    const from = Date.parse(start);
    for (const [dstGap, dstOverlap] of PAIRS) {
      for (const schedule of SCHEDULES) {
        const rules: SlotRules = { schedule, timeZone, dstGap, dstOverlap };
        const all = itemsBetween(rules, from, from + 48 * HOUR_MS, 10_000);
        const slots = all.filter(({ kind }) => kind === "slot");
        for (let after = from; after < from + 12 * HOUR_MS; after += 5 * MINUTE_MS) {
          const slotAt = slots.find(({ at }) => at > after)?.at;
          expect({ rules, after, item: nextItem(rules, after), slotAt: nextSlotAt(rules, after) }).toEqual({
            rules,
            after,
            item: all.find(({ at }) => at > after),
            slotAt,
          });
          expect(isSlot(rules, slotAt ?? 0)).toBe(true);
        }
      }
    }
  });

  // 20 ms each where it looks at the hour before as well, as it once did.
  it("is found in passing around a transition too, where a schedule has every second", () => {
    const rules = { schedule: "* * * * * *", timeZone: "Europe/Berlin", dstGap: "skip", dstOverlap: "both" } as const;
    const noon = Date.parse("2026-03-28T12:00:00Z");

    for (let at = noon; at < noon + 1_000_000; at += 1_000) expect(nextItem(rules, at)?.at).toBe(at + 1_000);
  });
});
