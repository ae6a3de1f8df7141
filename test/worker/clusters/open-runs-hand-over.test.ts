import { describe, expect, it } from "vitest";
import { DueOrder, releaseAt } from "../../../worker/clusters/due-order.ts";
import { byDueTime, type OpenRun, ROWS_PER_TURN } from "../../../worker/clusters/open-run.ts";
import {
  dueAtToTell,
  handOver,
  isUnderWay,
  rowWhenSent,
  sendableAt,
} from "../../../worker/clusters/open-runs-hand-over.ts";
import type { Presence } from "../../../worker/clusters/open-runs-late.ts";
import { newSeed, seeded } from "../../support/random.ts";
import { aRow, NOW, ROWS_BY_STATE } from "./sample-rows.ts";

const LINK = { process: "p1", helloAt: NOW - 60_000, window: 64 };
const UP: Presence = { up: true, since: NOW - 60_000, outage: { from: 0, to: NOW - 60_000 } };
const nobodyAsked = () => false;

function booked(run: number, dueAt: number, change: Partial<OpenRun> = {}): OpenRun {
  return aRow("booked", { run, dueAt, ...change });
}

/** The rows as the object holds them: booked ones in due order, and those a process has. */
function held(rows: readonly OpenRun[]): { booked: Iterable<OpenRun>; sent: OpenRun[] } {
  const order = new DueOrder();
  for (const row of rows) if (row.state === "booked") order.add(row);
  return { booked: order.after(0), sent: rows.filter((row) => row.state === "sent") };
}

function runsOf(rows: readonly OpenRun[]): number[] {
  return rows.map((row) => row.run);
}

describe("what goes onto the link", () => {
  it("is what is due, in due order, and never what is due later", () => {
    const rows = [booked(1, NOW + 1), booked(2, NOW), booked(3, NOW - 500), booked(4, NOW - 20)];
    const { creates } = handOver(held(rows), LINK, UP, nobodyAsked, NOW);
    expect(runsOf(creates)).toEqual([3, 4, 2]);
  });

  it("leaves the window as full as the relay wants it: sent and unconfirmed count", () => {
    const underWay = aRow("sent", { run: 50 });
    const rows = [underWay, booked(1, NOW - 3), booked(2, NOW - 2), booked(3, NOW - 1)];
    const { creates } = handOver(held(rows), { ...LINK, window: 3 }, UP, nobodyAsked, NOW);
    expect(runsOf(creates)).toEqual([1, 2]);
    expect(handOver(held(rows), { ...LINK, window: 1 }, UP, nobodyAsked, NOW).creates).toEqual([]);
  });

  it("is at most a turn's worth", () => {
    const rows = Array.from({ length: ROWS_PER_TURN + 5 }, (_, index) => booked(index + 1, NOW - 10));
    const { creates } = handOver(held(rows), { ...LINK, window: 10_000 }, UP, nobodyAsked, NOW);
    expect(creates).toHaveLength(ROWS_PER_TURN);
  });

  it("is once more what another process, or an earlier link of this one, was sent and has not confirmed", () => {
    const toOther = aRow("sent", { run: 1, sentTo: "p0", dueAt: NOW - 9 });
    const onOlderLink = aRow("sent", { run: 2, sentOn: NOW - 90_000, dueAt: NOW - 8 });
    const { creates } = handOver(held([booked(3, NOW), onOlderLink, toOther]), LINK, UP, nobodyAsked, NOW);
    expect(runsOf(creates)).toEqual([1, 2, 3]);
  });

  it("holds back a late run whose job is to be asked, and what is due after it", () => {
    const outage: Presence = { up: true, since: NOW - 100, outage: { from: NOW - 60_000, to: NOW - 100 } };
    const late = booked(2, NOW - 30_000);
    const rows = [booked(1, NOW - 70_000), late, booked(3, NOW - 50)];
    expect(runsOf(handOver(held(rows), LINK, outage, nobodyAsked, NOW).creates)).toEqual([1]);
    expect(runsOf(handOver(held(rows), LINK, outage, nobodyAsked, NOW).asking)).toEqual([2]);

    const beingAsked = handOver(held(rows), LINK, outage, (row) => row.run === 2, NOW);
    expect([runsOf(beingAsked.creates), beingAsked.asking]).toEqual([[1], []]);

    const kept = [rows[0], { ...late, lateAskedAt: NOW }, rows[2]].filter((row) => row !== undefined);
    expect(runsOf(handOver(held(kept), LINK, outage, nobodyAsked, NOW).creates)).toEqual([1, 2, 3]);
  });

  it.each(ROWS_BY_STATE)("has a time only before a Job was seen (%s)", (state, row) => {
    const at = sendableAt(row, LINK);
    expect(at === null).toBe(state !== "booked");
  });

  it("waits for a fence to end before a create is repeated on the same link", () => {
    const held = aRow("sent", { againAt: NOW + 5 });
    expect(isUnderWay(held, LINK)).toBe(true);
    expect(sendableAt(held, LINK)).toBe(NOW + 5);
  });

  const seed = newSeed();
  it(`respects order, time and window whatever is booked (seed ${seed})`, () => {
    const random = seeded(seed);
    for (let round = 0; round < 200; round += 1) {
      const rows = Array.from({ length: 40 }, (_, index) =>
        random() < 0.7
          ? booked(index + 1, NOW + Math.floor((random() - 0.5) * 1_000))
          : aRow("sent", { run: index + 1, sentTo: random() < 0.5 ? "p1" : "p0" }),
      );
      const window = 1 + Math.floor(random() * 30);
      const { creates } = handOver(held(rows), { ...LINK, window }, UP, nobodyAsked, NOW);
      expect(creates.every((row) => row.dueAt <= NOW)).toBe(true);
      expect([...creates].sort(byDueTime)).toEqual(creates);
      const underWay = rows.filter((row) => isUnderWay(row, LINK)).length;
      expect(creates.length).toBeLessThanOrEqual(Math.max(0, window - underWay));
    }
  });
});

describe("the row that is written before its create leaves", () => {
  it("says when, to whom and on which link", () => {
    const row = rowWhenSent(aRow("booked"), LINK, () => 0, NOW + 2);
    const times = { firedAt: NOW + 2, sentAt: NOW + 2 };
    expect(row).toMatchObject({ state: "sent", ...times, sentTo: "p1", sentOn: LINK.helloAt, sentBefore: [] });
  });

  it("keeps when it was first sent, and who was sent it before", () => {
    const before = aRow("sent", { sentTo: "p0", sentAt: NOW - 9_000 });
    const row = rowWhenSent(before, LINK, (process) => (process === "p0" ? NOW + 7_000 : 0), NOW);
    expect(row).toMatchObject({ sentAt: NOW - 9_000, sentTo: "p1", sentBefore: ["p0"] });
    // A third process: the latest moment of all counts.
    const third = rowWhenSent(row, { ...LINK, process: "p3" }, () => NOW + 1_000, NOW);
    expect(third.sentBefore).toEqual(["p0", "p1"]);
    // Who can't create any more is forgotten, but never that somebody was sent it.
    expect(rowWhenSent(third, { ...LINK, process: "p4" }, () => NOW, NOW).sentBefore).toEqual(["p3"]);
  });

  it("adds no fence when the same process gets it again", () => {
    expect(rowWhenSent(aRow("sent"), LINK, () => NOW + 9_000, NOW).sentBefore).toEqual([]);
  });
});

describe("the next due time", () => {
  it("is the earliest one to come; what is due already waits for the window, not for a time", () => {
    const order = new DueOrder();
    for (const row of [booked(1, NOW - 5), booked(2, NOW + 900), booked(3, NOW + 50)]) order.add(row);
    expect(order.nextAfter(NOW)).toBe(NOW + 50);
    expect(order.nextAfter(NOW + 900)).toBeNull();
  });

  const seed = newSeed();
  it(`is right whatever was added and removed before (seed ${seed})`, () => {
    const random = seeded(seed);
    const order = new DueOrder();
    const kept = new Map<number, OpenRun>();
    for (let step = 0; step < 2_000; step += 1) {
      const run = 1 + Math.floor(random() * 60);
      const before = kept.get(run);
      if (before) order.remove(before);
      kept.delete(run);
      if (random() < 0.6) {
        const againAt = random() < 0.3 ? NOW + Math.floor(random() * 50) : null;
        const row = booked(run, NOW + Math.floor(random() * 50), { againAt });
        order.add(row);
        kept.set(run, row);
      }
      const moment = NOW + Math.floor(random() * 50);
      const later = [...kept.values()].map(releaseAt).filter((at) => at > moment);
      expect([...order.after(moment)].map(releaseAt)).toEqual(later.sort((a, b) => a - b));
    }
  });

  it.each([
    [null, null],
    [NOW + 1_000, NOW + 1_000],
    [NOW + 600_000, NOW + 600_000],
    [NOW + 600_001, null],
  ])("%s is told as %s", (next, told) => {
    expect(dueAtToTell(next, NOW)).toBe(told);
  });
});
