import { describe, expect, it } from "vitest";
import { parseExecTime, parseMoment } from "../../../worker/jobs/exec-time.ts";

const NOW = Date.parse("2026-11-24T12:00:00.000Z");

describe("parseExecTime", () => {
  it.each<[string, string | number, string]>([
    ["empty means now", "", "2026-11-24T12:00:00.000Z"],
    ["0 means now", "0", "2026-11-24T12:00:00.000Z"],
    ["a number 0 means now", 0, "2026-11-24T12:00:00.000Z"],
    ["a past time means now", "1600000000", "2026-11-24T12:00:00.000Z"],
    ["a time before 1970 means now", "-5", "2026-11-24T12:00:00.000Z"],
    ["unix seconds as text", "1795608000", "2026-11-25T12:00:00.000Z"],
    ["unix seconds as a number", 1_795_608_000, "2026-11-25T12:00:00.000Z"],
    ["unix seconds with a fraction", "1795608000.25", "2026-11-25T12:00:00.250Z"],
    ["unix seconds as a number with an exponent", 1e-7, "2026-11-24T12:00:00.000Z"],
    ["blanks around do not count", " 1795608000 ", "2026-11-25T12:00:00.000Z"],
    ["RFC 3339 in UTC", "2026-12-01T08:00:00Z", "2026-12-01T08:00:00.000Z"],
    ["RFC 3339 with an offset", "2026-12-01T08:00:00.5+08:00", "2026-12-01T00:00:00.500Z"],
    ["RFC 3339 in lower case, with a space", "2026-12-01 08:00:00z", "2026-12-01T08:00:00.000Z"],
    ["minutes from now", "PT15M", "2026-11-24T12:15:00.000Z"],
    ["seconds with a fraction from now", "PT1.5S", "2026-11-24T12:00:01.500Z"],
    ["days and hours from now", "P1DT12H", "2026-11-26T00:00:00.000Z"],
    ["weeks from now", "P2W", "2026-12-08T12:00:00.000Z"],
    ["months and years of the calendar", "P1Y3M", "2028-02-24T12:00:00.000Z"],
    ["no time from now", "PT0S", "2026-11-24T12:00:00.000Z"],
    ["ten years are within the limit", "P10Y", "2036-11-24T12:00:00.000Z"],
  ])("%s", (_name, value, expected) => {
    const parsed = parseExecTime(value, NOW);

    expect(parsed).toEqual({ execAt: Date.parse(expected) });
  });

  it("counts a month from the 31st to the end of a shorter one", () => {
    const parsed = parseExecTime("P1M", Date.parse("2027-01-31T00:00:00Z"));

    expect(parsed).toEqual({ execAt: Date.parse("2027-02-28T00:00:00Z") });
  });

  it.each([
    "tomorrow",
    "2026-12-01",
    "2026-12-01T08:00:00",
    "2026-02-30T08:00:00Z",
    "2026-12-01T25:00:00Z",
    "P",
    "PT",
    "P1H",
    "-PT5M",
    "PT5M5H",
    "15m",
    "NaN",
    "1e9",
  ])("refuses %s and names the three forms", (value) => {
    const parsed = parseExecTime(value, NOW);

    expect(parsed).toEqual({ problem: expect.stringContaining("unix seconds, RFC 3339") });
  });

  it.each(["P10Y1D", "P11Y", "P999999999Y", "1795608000000", "2036-11-24T12:00:01Z"])(
    "refuses %s as too far ahead",
    (value) => {
      const parsed = parseExecTime(value, NOW);

      expect(parsed).toEqual({ problem: expect.stringContaining("more than 10 years ahead") });
    },
  );
});

describe("parseMoment", () => {
  it.each([
    ["the past stays the past", "1600000000", "2020-09-13T12:26:40.000Z"],
    ["0 is 1970", 0, "1970-01-01T00:00:00.000Z"],
    ["a duration from now", "PT15M", "2026-11-24T12:15:00.000Z"],
    ["a duration back from now", "-PT1H", "2026-11-24T11:00:00.000Z"],
    ["a date of any year", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"],
  ])("%s", (_name, value, expected) => {
    expect(parseMoment(value, NOW)).toEqual({ at: Date.parse(expected) });
  });

  it.each(["", "now", "-P", "--PT1H", "2026-12-01", "1e9"])("does not take %j", (value) => {
    expect(parseMoment(value, NOW)).toEqual({ problem: expect.stringContaining("must be") });
  });
});
