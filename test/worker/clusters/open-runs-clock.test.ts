import { describe, expect, it } from "vitest";
import { LOSS_MS } from "../../../protocol/words.ts";
import { LATE_AFTER_MS, type OpenRun } from "../../../worker/clusters/open-run.ts";
import { type ClockInput, isToBeArmed, nextWake } from "../../../worker/clusters/open-runs-clock.ts";
import {
  isLate,
  isToBeAsked,
  linked,
  NEVER_LINKED,
  nextLateAt,
  type Presence,
  unlinked,
} from "../../../worker/clusters/open-runs-late.ts";
import { aRow, NOW } from "./sample-rows.ts";

const UP: Presence = { up: true, since: NOW - 60_000, outage: null };
const DOWN: Presence = { up: false, since: NOW - 10_000, outage: { from: NOW - 10_000, to: null } };

function input(change: Partial<ClockInput>): ClockInput {
  return {
    nextDueAt: null,
    ready: true,
    lateAt: null,
    again: [],
    openCount: 0,
    links: [{ helloAt: NOW, lastPingAt: null }],
    strangers: [],
    forgetAt: null,
    unfinished: false,
    ...change,
  };
}

const booked = (change: Partial<OpenRun>) => aRow("booked", change);

describe("the next wake-up", () => {
  it.each<[string, Partial<ClockInput>, { timerAt: number | null; alarmAt: number | null }]>([
    ["is none with nothing open, whatever is linked", {}, { timerAt: null, alarmAt: null }],
    [
      "is an alarm half a second before a far due time",
      { nextDueAt: NOW + 90_000, openCount: 1, links: [] },
      { timerAt: null, alarmAt: NOW + 89_500 },
    ],
    [
      "is a timer at a due time within the next second, with the alarm a second behind",
      { nextDueAt: NOW + 700, openCount: 1 },
      { timerAt: NOW + 700, alarmAt: NOW + 1_700 },
    ],
    [
      "is the moment of loss while a run is open",
      { openCount: 1, links: [{ helloAt: NOW - 60_000, lastPingAt: NOW - 2_000 }] },
      { timerAt: null, alarmAt: NOW - 2_000 + LOSS_MS },
    ],
    [
      "is the moment at which a run without a relay turns late",
      { ready: false, links: [], openCount: 1, lateAt: NOW + 5_100 },
      { timerAt: null, alarmAt: NOW + 5_100 },
    ],
    [
      "is the end of a fence",
      { openCount: 1, again: [aRow("removing", { againAt: NOW + 4_000 })] },
      { timerAt: null, alarmAt: NOW + 4_000 },
    ],
    ["is the last moment for a hello", { strangers: [NOW - 1_000] }, { timerAt: null, alarmAt: NOW + 9_000 }],
    ["is when the last final row is forgotten", { forgetAt: NOW + 900_000 }, { timerAt: null, alarmAt: NOW + 900_000 }],
    [
      "is at once, but never now, where a turn stopped at its limit",
      { unfinished: true },
      { timerAt: null, alarmAt: NOW + 50 },
    ],
    ["is never nearer than 50 ms for an alarm", { strangers: [NOW - 20_000] }, { timerAt: null, alarmAt: NOW + 50 }],
  ])("%s", (_name, change, expected) => {
    expect(nextWake(input(change), NOW)).toEqual(expected);
  });

  it.each([
    ["none is armed", null, true],
    ["the armed one is over", NOW, true],
    ["the armed one comes too late", NOW + 2_000, true],
    ["the armed one comes earlier: its ring arms anew, and setting it costs a row", NOW + 500, false],
    ["it is the same", NOW + 1_000, false],
  ])("is armed anew or left where %s", (_name, armedAt, expected) => {
    expect(isToBeArmed(armedAt, NOW + 1_000, NOW)).toBe(expected);
  });
});

describe("a late run", () => {
  const overdue = booked({ dueAt: NOW - 6_000 });

  it.each<[string, OpenRun, Presence, boolean]>([
    ["no relay was linked in the 5 s after its time", overdue, DOWN, true],
    ["5 s are not over", booked({ dueAt: NOW - 4_999 }), DOWN, false],
    ["a relay was linked at its time", booked({ dueAt: NOW - 11_000 }), DOWN, false],
    ["a relay is linked all along and it waits for the window", overdue, UP, false],
    ["the outage around its time is over", overdue, linked(DOWN, NOW - 500), true],
    ["the relay came back within the 5 s", overdue, linked(DOWN, NOW - 1_500), false],
    ["no relay was ever linked", overdue, NEVER_LINKED, true],
    ["it was sent", aRow("sent", { dueAt: NOW - 6_000 }), DOWN, false],
  ])("is one where %s", (_name, row, presence, expected) => {
    expect(isLate(row, presence, NOW)).toBe(expected);
  });

  it("has its job asked once while nobody is linked, and once more when a relay has come", () => {
    const asked = { ...overdue, lateAskedAt: NOW - 800 };
    expect(isToBeAsked(overdue, DOWN, NOW)).toBe(true);
    expect(isToBeAsked(asked, DOWN, NOW)).toBe(false);
    expect(isToBeAsked(asked, linked(DOWN, NOW - 500), NOW)).toBe(true);
    expect(isToBeAsked({ ...asked, lateAskedAt: NOW - 500 }, linked(DOWN, NOW - 500), NOW)).toBe(false);
  });

  it("has a moment at which the first of those that wait turns late", () => {
    const asked = booked({ dueAt: NOW + 1, lateAskedAt: NOW });
    const rows = [asked, booked({ dueAt: NOW + 2 }), booked({ dueAt: NOW + 3 })];
    expect(nextLateAt(rows, DOWN)).toBe(NOW + 2 + LATE_AFTER_MS);
    expect(nextLateAt([asked, booked({ dueAt: NOW - 11_000 })], DOWN)).toBeNull();
    expect(nextLateAt(rows, UP)).toBeNull();
  });
});

describe("the presence of relays", () => {
  it("remembers the last outage, and since when it has been as it is", () => {
    const away = unlinked(linked(NEVER_LINKED, NOW), NOW + 5_000, NOW + 5_000);
    expect(away).toEqual({ up: false, since: NOW + 5_000, outage: { from: NOW + 5_000, to: null } });
    expect(linked(away, NOW + 9_000)).toEqual({
      up: true,
      since: NOW + 9_000,
      outage: { from: NOW + 5_000, to: NOW + 9_000 },
    });
  });

  it("does not change when a second relay comes, or none was there", () => {
    expect(linked(UP, NOW)).toBe(UP);
    expect(unlinked(DOWN, NOW, NOW)).toBe(DOWN);
  });
});
