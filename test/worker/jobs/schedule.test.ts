import { describe, expect, it } from "vitest";
import { scheduleProblem } from "../../../worker/jobs/cron-pattern.ts";
import type { SlotRules } from "../../../worker/jobs/definition.ts";
import { hasSeconds, isSlot, itemsBetween, nextItem, nextSlotAt, slotsAfter } from "../../../worker/jobs/schedule.ts";
import { timeZoneProblem } from "../../../worker/jobs/zone-offsets.ts";

function rulesOf(schedule: string, timeZone = "UTC", changes: Partial<SlotRules> = {}): SlotRules {
  return { schedule, timeZone, dstGap: "first_valid", dstOverlap: "first", ...changes };
}

/** Items as a person reads them: a slot's local time, offset and note, a dropped one's local time after a minus. */
function read(rules: SlotRules, after: string, limit: number): string[] {
  return itemsBetween(rules, Date.parse(after), Number.POSITIVE_INFINITY, limit).map((item) =>
    item.kind === "dropped" ? `-${item.local}` : `${item.local}${item.offset} ${item.note}`.trim(),
  );
}

describe("days of a schedule", () => {
  // Computed with a calendar: 1 November 2026 is a Sunday.
  it.each([
    ["0 0 13 * FRI", "2026-11-01", ["11-06", "11-13", "11-20", "11-27", "12-04", "12-11", "12-13", "12-18"]],
    ["0 0 1-31 * MON", "2026-11-01", ["11-02", "11-03", "11-04"]],
    ["0 0 */2 * MON", "2026-11-01", ["11-09", "11-23", "12-07", "12-21"]],
    ["0 0 *,5 * MON", "2026-11-01", ["11-02", "11-09", "11-16"]],
    ["0 0 15 * */2", "2026-11-01", ["11-15", "12-15", "04-15"]],
    ["0 0 ? * MON", "2026-11-01", ["11-02", "11-09"]],
    ["0 0 15 * ?", "2026-11-01", ["11-15", "12-15"]],
    ["0 0 L * *", "2028-02-01", ["02-29", "03-31", "04-30"]],
    ["0 0 10,L * *", "2026-02-01", ["02-10", "02-28", "03-10"]],
    ["0 0 L * MON", "2026-11-01", ["11-02", "11-09", "11-16", "11-23", "11-30", "12-07"]],
    ["0 0 LW * *", "2026-02-01", ["02-27", "03-31", "04-30", "05-29"]],
    ["0 0 15W * *", "2026-08-01", ["08-14", "09-15", "10-15", "11-16"]],
    ["0 0 1W * *", "2026-07-02", ["08-03", "09-01", "10-01", "11-02"]],
    ["0 0 31W * *", "2026-05-01", ["05-29", "07-31", "08-31", "10-30"]],
    ["0 0 * * FRI#2", "2026-11-01", ["11-13", "12-11", "01-08"]],
    ["0 0 * * 5#5", "2026-11-01", ["01-29", "04-30"]],
    ["0 0 * * FRIL", "2026-11-01", ["11-27", "12-25"]],
    ["0 0 * * 7", "2026-11-01", ["11-08", "11-15"]],
    ["0 0 * * 0", "2026-11-01", ["11-08", "11-15"]],
    ["0 0 * * 5-7", "2026-11-01", ["11-06", "11-07", "11-08", "11-13"]],
    ["0 0 * * SAT-SUN", "2026-11-01", ["11-07", "11-08", "11-14"]],
    ["0 0 * * mon-fri/2", "2026-11-01", ["11-02", "11-04", "11-06", "11-09"]],
    ["0 0 1 feb-APR *", "2026-11-01", ["02-01", "03-01", "04-01", "02-01"]],
    ["0 0 31 * *", "2026-11-01", ["12-31", "01-31", "03-31"]],
    ["@weekly", "2026-11-01", ["11-08", "11-15"]],
    ["@monthly", "2026-11-01", ["12-01", "01-01"]],
    ["@YEARLY", "2026-11-01", ["01-01", "01-01"]],
  ])("%s after %s", (schedule, after, days) => {
    const read = slotsAfter(rulesOf(schedule), Date.parse(after), days.length).map(({ local }) => local.slice(5, 10));

    expect(read).toEqual(days);
  });

  it("come where years lie between them, to a century", () => {
    const leap = rulesOf("0 0 29 2 *");
    const mondays = rulesOf("0 0 * 2 MON#5");

    expect(read(leap, "2096-03-01", 2)).toEqual(["2104-02-29T00:00:00+00:00", "2108-02-29T00:00:00+00:00"]);
    // 29 February 2044 and 2072 are Mondays; 2100 has none.
    expect(read(mondays, "2026-11-01", 3).map((one) => one.slice(0, 10))).toEqual([
      "2044-02-29",
      "2072-02-29",
      "2112-02-29",
    ]);
  });
});

describe("times of a schedule", () => {
  it.each([
    ["10-50/20 5 * * *", ["05:10:00", "05:30:00", "05:50:00", "05:10:00"]],
    ["*/25 * * * *", ["00:25:00", "00:50:00", "01:00:00"]],
    ["*/45 30 9 * * *", ["09:30:00", "09:30:45", "09:30:00"]],
    ["? 8 * * *", ["08:00:00", "08:01:00"]],
    ["0 7,19 * * *", ["07:00:00", "19:00:00", "07:00:00"]],
    ["  0   12 * * *  ", ["12:00:00"]],
    ["@daily", ["00:00:00", "00:00:00"]],
    ["@hourly", ["01:00:00", "02:00:00"]],
  ])("%s", (schedule, times) => {
    const read = slotsAfter(rulesOf(schedule), Date.parse("2026-11-01"), times.length).map(({ local }) =>
      local.slice(11),
    );

    expect(read).toEqual(times);
  });
});

/** The clock goes from 02:00 +01:00 to 03:00 +02:00, and from 03:00 +02:00 to 02:00 +01:00. */
const BERLIN_SPRING = ["Europe/Berlin", "2026-03-29T00:00:00Z"] as const;
const BERLIN_AUTUMN = ["Europe/Berlin", "2026-10-24T23:00:00Z"] as const;
const [skip, shift, second, both] = [
  { dstGap: "skip" },
  { dstGap: "shift" },
  { dstOverlap: "second" },
  { dstOverlap: "both" },
] as const;

describe("a gap", () => {
  it.each<[string, readonly [string, string], Partial<SlotRules>, string[]]>([
    ["59 59 1 * * *", BERLIN_SPRING, {}, ["2026-03-29T01:59:59+01:00"]],
    ["0 0 2 * * *", BERLIN_SPRING, {}, ["2026-03-29T03:00:00+02:00 gap"]],
    ["59 59 2 * * *", BERLIN_SPRING, {}, ["2026-03-29T03:00:00+02:00 gap"]],
    ["59 59 2 * * *", BERLIN_SPRING, shift, ["2026-03-29T03:59:59+02:00 gap"]],
    ["59 59 2 * * *", BERLIN_SPRING, skip, ["-2026-03-29T02:59:59", "2026-03-30T02:59:59+02:00"]],
    ["0 0 3 * * *", BERLIN_SPRING, skip, ["2026-03-29T03:00:00+02:00"]],
    ["0,30 2,3 * * *", BERLIN_SPRING, {}, ["2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"]],
    ["0,30 2,3 * * *", BERLIN_SPRING, shift, ["2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"]],
    [
      "20 2,3 * * *",
      BERLIN_SPRING,
      {},
      ["2026-03-29T03:00:00+02:00 gap", "2026-03-29T03:20:00+02:00", "2026-03-30T02:20:00+02:00"],
    ],
    ["10,50 2-3 * * *", BERLIN_SPRING, shift, ["2026-03-29T03:10:00+02:00", "2026-03-29T03:50:00+02:00"]],
    // A moved slot comes after one that is not moved, and has its place among them.
    ["50 2 * * *", BERLIN_SPRING, shift, ["2026-03-29T03:50:00+02:00 gap", "2026-03-30T02:50:00+02:00"]],
    ["30 0-23 * * *", BERLIN_SPRING, skip, ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]],
    ["30 0-11,12-23 * * *", BERLIN_SPRING, {}, ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]],
    ["30 1-23/2,0-22/2 * * *", BERLIN_SPRING, shift, ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]],
    ["30 */2 * * *", BERLIN_SPRING, skip, ["2026-03-29T04:30:00+02:00"]],
    ["30 ? * * *", BERLIN_SPRING, skip, ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]],
    ["30 ?/2 * * *", BERLIN_SPRING, skip, ["2026-03-29T04:30:00+02:00"]],
    ["30 0-22 * * *", BERLIN_SPRING, skip, ["2026-03-29T01:30:00+01:00", "-2026-03-29T02:30:00"]],
    ["30 1-23 * * *", BERLIN_SPRING, {}, ["2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00 gap"]],
    ["0 0 * * *", ["America/Sao_Paulo", "2017-10-14T12:00:00Z"], {}, ["2017-10-15T01:00:00-02:00 gap"]],
    ["30 0 * * *", ["America/Sao_Paulo", "2017-10-14T12:00:00Z"], shift, ["2017-10-15T01:30:00-02:00 gap"]],
    [
      "0 0 15 10 *",
      ["America/Sao_Paulo", "2017-10-14T12:00:00Z"],
      skip,
      ["-2017-10-15T00:00:00", "2018-10-15T00:00:00-03:00"],
    ],
    ["@daily", ["Asia/Beirut", "2026-03-28T12:00:00Z"], {}, ["2026-03-29T01:00:00+03:00 gap"]],
    ["@daily", ["America/Havana", "2026-03-07T12:00:00Z"], shift, ["2026-03-08T01:00:00-04:00 gap"]],
    ["0 9 * * FRI", ["Pacific/Apia", "2011-12-29T12:00:00Z"], {}, ["2011-12-31T00:00:00+14:00 gap"]],
    ["0 9 * * FRI", ["Pacific/Apia", "2011-12-29T12:00:00Z"], shift, ["2011-12-31T09:00:00+14:00 gap"]],
    [
      "@hourly",
      ["Pacific/Apia", "2011-12-30T08:30:00Z"],
      skip,
      ["2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00"],
    ],
    ["30 23 * * *", ["Europe/Berlin", "1916-04-30T12:00:00Z"], {}, ["1916-05-01T00:00:00+02:00 gap"]],
    ["30 2 * * *", ["Europe/Berlin", "2099-03-28T12:00:00Z"], {}, ["2099-03-29T03:00:00+02:00 gap"]],
  ])("%s in %j with %j", (schedule, [timeZone, after], changes, items) => {
    expect(read(rulesOf(schedule, timeZone, changes), after, items.length)).toEqual(items);
  });
});

describe("an overlap", () => {
  it.each<[string, readonly [string, string], Partial<SlotRules>, string[]]>([
    ["59 59 1 * * *", BERLIN_AUTUMN, both, ["2026-10-25T01:59:59+02:00", "2026-10-26T01:59:59+01:00"]],
    ["0 0 2 * * *", BERLIN_AUTUMN, {}, ["2026-10-25T02:00:00+02:00 overlap-first", "2026-10-26T02:00:00+01:00"]],
    ["0 0 2 * * *", BERLIN_AUTUMN, second, ["2026-10-25T02:00:00+01:00 overlap-second"]],
    [
      "59 59 2 * * *",
      BERLIN_AUTUMN,
      both,
      ["2026-10-25T02:59:59+02:00 overlap-first", "2026-10-25T02:59:59+01:00 overlap-second"],
    ],
    ["0 0 3 * * *", BERLIN_AUTUMN, both, ["2026-10-25T03:00:00+01:00", "2026-10-26T03:00:00+01:00"]],
    [
      "0,40 2 * * *",
      BERLIN_AUTUMN,
      both,
      [
        "2026-10-25T02:00:00+02:00 overlap-first",
        "2026-10-25T02:40:00+02:00 overlap-first",
        "2026-10-25T02:00:00+01:00 overlap-second",
        "2026-10-25T02:40:00+01:00 overlap-second",
      ],
    ],
    [
      "30 0-23 * * *",
      BERLIN_AUTUMN,
      second,
      [
        "2026-10-25T01:30:00+02:00",
        "2026-10-25T02:30:00+02:00 overlap-first",
        "2026-10-25T02:30:00+01:00 overlap-second",
        "2026-10-25T03:30:00+01:00",
      ],
    ],
    [
      "30 23 * * *",
      ["America/Sao_Paulo", "2018-02-17T12:00:00Z"],
      both,
      ["2018-02-17T23:30:00-02:00 overlap-first", "2018-02-17T23:30:00-03:00 overlap-second"],
    ],
    [
      "@daily",
      ["America/Havana", "2026-10-31T12:00:00Z"],
      second,
      ["2026-11-01T00:00:00-05:00 overlap-second", "2026-11-02T00:00:00-05:00"],
    ],
    [
      "45 1 * * *",
      ["Australia/Lord_Howe", "2026-04-04T00:00:00Z"],
      both,
      ["2026-04-05T01:45:00+11:00 overlap-first", "2026-04-05T01:45:00+10:30 overlap-second"],
    ],
  ])("%s in %j with %j", (schedule, [timeZone, after], changes, items) => {
    expect(read(rulesOf(schedule, timeZone, changes), after, items.length)).toEqual(items);
  });

  it("is met from within: what is asked for after the first of two times is the second", () => {
    const rules = rulesOf("30 2 * * *", "Europe/Berlin", both);

    expect(read(rules, "2026-10-25T00:30:00Z", 1)).toEqual(["2026-10-25T02:30:00+01:00 overlap-second"]);
    expect(read(rules, "2026-10-25T01:30:00Z", 1)).toEqual(["2026-10-26T02:30:00+01:00"]);
  });
});

describe("thousands of local times in one gap", () => {
  const rules = rulesOf("* * 2 * * *", "Europe/Berlin");
  const before = Date.parse("2026-03-28T12:00:00Z");
  const gapEndAt = Date.parse("2026-03-29T01:00:00Z");

  it("are one slot where they move to its end, and all dropped where they are skipped", () => {
    expect(nextItem(rules, before)).toMatchObject({ at: gapEndAt, note: "gap" });
    expect(itemsBetween(rules, before, gapEndAt, 10)).toHaveLength(1);
    expect(itemsBetween({ ...rules, ...skip }, before, gapEndAt, 10)).toHaveLength(3_600);
    expect(itemsBetween({ ...rules, ...shift }, before, gapEndAt + 3_600_000, 10)).toHaveLength(10);
  });

  it("hide no slot behind them, at the gap's end neither", () => {
    const next = new Date("2026-03-30T02:00:00+02:00").getTime();
    expect(nextSlotAt({ ...rules, ...skip }, before)).toBe(next);
    expect(slotsAfter({ ...rules, ...skip }, before, 2).map(({ at }) => at)).toEqual([next, next + 1_000]);
    expect(nextSlotAt(rulesOf("0 2,3 * * *", "Europe/Berlin", skip), before)).toBe(gapEndAt);
  });

  // Minutes where each is looked at, and by the year 3000 too.
  it("are answered at once, where every day that comes is dropped as well", () => {
    expect(nextSlotAt(rulesOf("* * 2 * 3 SUNL", "Europe/Berlin", skip), before)).toBeNull();
    expect(nextSlotAt(rulesOf("30 2 * 3 SUNL", "Europe/Berlin", skip), before)).toBeNull();
    expect(slotsAfter(rulesOf("30 2 * 3 SUNL", "Europe/Berlin", skip), before, 1_000)).toEqual([]);
  });
});

describe("one moment", () => {
  it.each([
    ["0 3 * * *", skip, "2026-03-29T01:00:00Z", true],
    ["0 2 * * *", skip, "2026-03-29T01:00:00Z", false],
    ["0 2 * * *", {}, "2026-03-29T01:00:00Z", true],
    ["0 2 * * *", {}, "2026-03-29T01:00:00.001Z", false],
    ["0 2 * * *", {}, "2026-03-29T00:59:59.999Z", false],
    ["30 2 * * *", shift, "2026-03-29T01:30:00Z", true],
    ["30 2 * * *", second, "2026-10-25T00:30:00Z", false],
    ["30 2 * * *", second, "2026-10-25T01:30:00Z", true],
  ])("of %s with %j: %s is a slot: %s", (schedule, changes, at, is) => {
    expect(isSlot(rulesOf(schedule, "Europe/Berlin", changes), Date.parse(at))).toBe(is);
  });

  it("excludes where it begins and includes where it ends", () => {
    const at = Date.parse("2026-11-01T00:00:00Z");
    const ats = itemsBetween(rulesOf("@daily"), at, at + 86_400_000, 10).map((item) => item.at);
    expect(ats).toEqual([at + 86_400_000]);
  });

  it("has nothing after it where no day comes, or the year 3000 does", () => {
    expect(nextItem(rulesOf("0 0 30 2 *"), Date.parse("2026-11-01"))).toBeNull();
    expect(nextSlotAt(rulesOf("* * * 31W 4,6 *"), Date.parse("2026-11-01"))).toBeNull();
    expect(read(rulesOf("@yearly"), "2998-06-01", 5)).toEqual(["2999-01-01T00:00:00+00:00"]);
  });
});

describe("a schedule's text", () => {
  it("has seconds where it has six fields", () => {
    expect(["* * * * *", "* * * * * *", "@hourly"].map(hasSeconds)).toEqual([false, true, false]);
  });

  it.each([
    "* * * * *",
    "0 0 1,15,L * *",
    "0 0 15w * *",
    "0 0 lw * *",
    "0 0 * * fri#2,1l",
    "*/60 */24 * * *",
    "0 0 * jan-dec sun-sat",
    "? ? ? ? ? ?",
    "@Midnight",
    "@annually",
  ])("is fine: %s", (schedule) => expect(scheduleProblem(schedule)).toBeNull());

  it.each([
    ["", "0"],
    ["* * * *", "not 4"],
    ["* * * * * * *", "not 7"],
    ["@reboot", "@yearly"],
    ["@daily *", "@yearly"],
    ["60 * * * *", "minute: 60 "],
    ["61 * * * * *", "second: 61 "],
    ["* 24 * * *", "hour: 24 "],
    ["* * 0 * *", "day of month: 0 "],
    ["* * 32 * *", "day of month: 32 "],
    ["* * * 0 *", "month: 0 "],
    ["* * * 13 *", "month: 13 "],
    ["* * * * 8", "day of week: 8 "],
    ["* * * * MONDAY", "day of week: MONDAY "],
    ["* * * * FRI-MON", "day of week: FRI-MON "],
    ["* * * * FRI#6", "day of week: FRI#6 "],
    ["* * * * L", "day of week: L "],
    ["* * * * +MON", "day of week: +MON "],
    ["* * L-3 * *", "day of month: L-3 "],
    ["* * W * *", "day of month: W "],
    ["* * 1-5W * *", "day of month: 1-5W "],
    ["22-2 * * * *", "minute: 22-2 "],
    ["5/15 * * * *", "minute: 5/15 "],
    ["*/0 * * * *", "minute: */0 "],
    ["*/90 * * * *", "minute: */90 "],
    ["1,,2 * * * *", "minute: 1,,2 "],
    ["-1 * * * *", "minute: -1 "],
    ["1.5 * * * *", "minute: 1.5 "],
    ["JAN * * * *", "minute: JAN "],
    ["* * * MON *", "month: MON "],
    // croner would take these for a date, and run once.
    ["Tue Jan 01 2030 12:00:00 GMT", "second: Tue "],
    ["0 0 1 1 00:00", "day of week: 00:00 "],
    ["TZ=UTC * * * * *", "second: TZ=UTC "],
  ])("is refused with a sentence that names what is wrong: %s", (schedule, words) => {
    expect(scheduleProblem(schedule)).toContain(words);
  });
});

describe("a time zone's name", () => {
  it.each([
    "UTC",
    "Europe/Berlin",
    "America/Argentina/Buenos_Aires",
    "America/Port-au-Prince",
    "Asia/Calcutta",
    "Etc/GMT+5",
    "EST5EDT",
    "CET",
    "GB",
    "Zulu",
  ])("is one of IANA's: %s", (timeZone) => expect(timeZoneProblem(timeZone)).toBeNull());

  // BST, IST and others the runtime takes for places that few would think of.
  it.each([
    "",
    " UTC",
    "+02:00",
    "-0300",
    "GMT+5",
    "UTC+1",
    "BST",
    "IST",
    "bst",
    "PST",
    "CST",
    "AET",
    "SystemV/PST8PDT",
    "US/Pacific-New",
    "Etc/Unknown",
    "Europe/Berlin ",
    "Europe/Bonn",
    "CET-1CEST,M3.5.0,M10.5.0",
    "posix/Europe/Berlin",
    "../etc/passwd",
  ])("is none of IANA's: %j", (timeZone) => expect(timeZoneProblem(timeZone)).toContain("IANA"));
});
