import { describe, expect, it } from "vitest";
import { itemsBetween } from "../../../worker/jobs/schedule.ts";
import {
  clockOf,
  type Fields,
  type Gap,
  matchedLocals,
  type Overlap,
  slotsOf,
  transitionsOf,
  windowOf,
} from "./schedule-oracle.ts";

const HOUR_MS = 3_600_000;
const FROM = Date.UTC(1990, 0, 1);
const TO = Date.UTC(2040, 0, 1);

/** Half hours, midnight in the gap, a skipped day, negative summer time, changes that are no summer time, Ramadan. */
const ZONES = [
  "Europe/Berlin",
  "Europe/London",
  "Europe/Dublin",
  "Europe/Moscow",
  "America/New_York",
  "America/Los_Angeles",
  "America/St_Johns",
  "America/Sao_Paulo",
  "America/Havana",
  "America/Santiago",
  "America/Caracas",
  "America/Nuuk",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Asia/Beirut",
  "Asia/Tehran",
  "Asia/Gaza",
  "Asia/Amman",
  "Asia/Pyongyang",
  "Australia/Lord_Howe",
  "Australia/Sydney",
  "Pacific/Apia",
  "Pacific/Chatham",
];
const GAPS: Gap[] = ["skip", "first_valid", "shift"];
const OVERLAPS: Overlap[] = ["first", "second", "both"];

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Schedules that meet the hours of a transition whose local hour is given, with what the oracle is to make of them. */
function schedulesAt(hour: number): { schedule: string; fields: Fields; followsRealTime: boolean }[] {
  const any = { dayOfMonth: null, dayOfWeek: null };
  const next = (hour + 1) % 24;
  const quarters = [0, 15, 30, 45];
  const all = range(0, 23);
  return [
    { schedule: `30 ${hour} * * *`, fields: { ...any, minutes: [30], hours: [hour] }, followsRealTime: false },
    { schedule: `*/15 ${hour} * * *`, fields: { ...any, minutes: quarters, hours: [hour] }, followsRealTime: false },
    {
      schedule: `0 ${hour},${next} * * *`,
      fields: { ...any, minutes: [0], hours: [hour, next] },
      followsRealTime: false,
    },
    { schedule: "0 0 * * *", fields: { ...any, minutes: [0], hours: [0] }, followsRealTime: false },
    { schedule: "59 23 * * *", fields: { ...any, minutes: [59], hours: [23] }, followsRealTime: false },
    { schedule: "5,35 0-4 * * *", fields: { ...any, minutes: [5, 35], hours: range(0, 4) }, followsRealTime: false },
    { schedule: "20 * * * *", fields: { ...any, minutes: [20], hours: null }, followsRealTime: true },
    {
      schedule: "*/20 */2 * * *",
      fields: { ...any, minutes: [0, 20, 40], hours: all.filter((one) => one % 2 === 0) },
      followsRealTime: true,
    },
    { schedule: "10 0-23 * * *", fields: { ...any, minutes: [10], hours: all }, followsRealTime: true },
    { schedule: "* 1-22 * * *", fields: { ...any, minutes: null, hours: range(1, 22) }, followsRealTime: false },
    {
      schedule: `45 ${hour} * * 0`,
      fields: { minutes: [45], hours: [hour], dayOfMonth: null, dayOfWeek: 0 },
      followsRealTime: false,
    },
    {
      schedule: `0 ${next} 15 * SUN`,
      fields: { minutes: [0], hours: [next], dayOfMonth: 15, dayOfWeek: 0 },
      followsRealTime: false,
    },
  ];
}

/** How many schedules meet each transition: together all meet every zone many times over. */
const SCHEDULES_EACH = 1;

describe("slots around fifty years of transitions", () => {
  let compared = 0;

  it.each(ZONES)(
    "in %s are what the rules say, in order, and none twice",
    (timeZone) => {
      const local = clockOf(timeZone);
      const transitions = transitionsOf(local, FROM, TO);
      expect(transitions.length).toBeGreaterThan(0);
      for (const [index, at] of transitions.entries()) {
        const jumpMs = Math.abs(local(at) - local(at - 60_000) - 60_000);
        const reachMs = 4 * HOUR_MS + 2 * jumpMs;
        const window = windowOf(local, at - reachMs, at + reachMs);
        // Near its ends a window does not see what is moved into it, or out.
        const [from, to] = [at - reachMs + jumpMs + HOUR_MS, at + reachMs - jumpMs - HOUR_MS];
        const schedules = schedulesAt(new Date(local(at - 60_000) + 60_000).getUTCHours());
        for (let each = 0; each < SCHEDULES_EACH; each += 1) {
          const chosen = schedules[(index + 3 * each) % schedules.length];
          if (chosen === undefined) continue;
          const locals = matchedLocals(window, chosen.fields);
          for (const dstGap of GAPS) {
            for (const dstOverlap of OVERLAPS) {
              const { schedule, followsRealTime } = chosen;
              const expected = slotsOf(window, locals, { gap: dstGap, overlap: dstOverlap, followsRealTime });
              const items = itemsBetween({ schedule, timeZone, dstGap, dstOverlap }, from - 1, to, 10_000);
              const slots = items.filter(({ kind }) => kind === "slot").map((item) => item.at);
              const dropped = items.filter(({ kind }) => kind === "dropped").length;
              const words = `${schedule} ${timeZone} ${dstGap} ${dstOverlap} at ${new Date(at).toISOString()}`;
              const said = {
                slots: expected.slots.filter((slot) => slot >= from && slot <= to),
                dropped: expected.dropped,
              };
              // Compared as text first: a hundred thousand deep comparisons would take most of the time.
              if (JSON.stringify({ slots, dropped }) !== JSON.stringify(said))
                expect({ slots, dropped }, words).toEqual(said);

              compared += 1;
            }
          }
        }
      }
    },
    30_000,
  );

  it("were many", () => {
    console.log(`slots around transitions: ${compared} windows compared`);
    expect(compared).toBeGreaterThan(15_000);
  });
});
