import { describe, expect, it } from "vitest";
import { FORGET_AFTER_MS, OPEN_RUN_STATES, type OpenRun } from "../../../worker/clusters/open-run.ts";
import {
  type BookDecision,
  bookRun,
  type CancelDecision,
  cancelRun,
  isTombstone,
} from "../../../worker/clusters/open-runs-booking.ts";
import { newSeed, seeded } from "../../support/random.ts";
import { aBooking, aRow, aTombstone, NOW } from "./sample-rows.ts";

const AT = { namespace: "default", name: "hello" };
const RUN = { jobId: "job1", run: 1 };

type Before = { name: string; row: OpenRun | null };
const BEFORE: Before[] = [
  { name: "absent", row: null },
  ...OPEN_RUN_STATES.map((state) => ({ name: state, row: aRow(state) })),
  { name: "tombstone", row: aTombstone() },
];
const AGES = ["older", "same", "newer"] as const;
const N = { older: 4, same: 5, newer: 6 };

type Cell = { answer: string; state: string | null };
const same = (answer: string): Cell => ({ answer, state: null });

/** What book answers and which state it writes, for every row and age of the decision; null: nothing is written. */
const BOOK: Record<string, Record<(typeof AGES)[number], Cell>> = {
  absent: {
    older: { answer: "booked", state: "booked" },
    same: { answer: "booked", state: "booked" },
    newer: { answer: "booked", state: "booked" },
  },
  booked: { older: same("stale"), same: same("booked"), newer: { answer: "booked", state: "booked" } },
  sent: { older: same("stale"), same: same("taken"), newer: same("taken") },
  created: { older: same("stale"), same: same("taken"), newer: same("taken") },
  removing: { older: same("stale"), same: same("taken"), newer: same("taken") },
  final: { older: same("stale"), same: same("taken"), newer: same("taken") },
  tombstone: { older: same("stale"), same: same("stale"), newer: { answer: "booked", state: "booked" } },
};

const removing: Cell = { answer: "removing", state: "removing" };
const CANCEL: Record<string, Record<(typeof AGES)[number], Cell>> = {
  absent: { older: removing, same: removing, newer: removing },
  booked: {
    older: same("stale"),
    same: { answer: "unbooked", state: "final" },
    newer: { answer: "unbooked", state: "final" },
  },
  sent: { older: same("stale"), same: removing, newer: removing },
  created: { older: same("stale"), same: removing, newer: removing },
  removing: { older: same("stale"), same: removing, newer: removing },
  final: { older: same("stale"), same: removing, newer: removing },
  tombstone: { older: same("stale"), same: same("unbooked"), newer: { answer: "unbooked", state: "final" } },
};

const CELLS = BEFORE.flatMap(({ name, row }) => AGES.map((age) => ({ name, row, age })));

describe("booking a run", () => {
  it.each(CELLS)("with a row that is $name and a decision that is $age is answered as the table says", (cell) => {
    const decision = bookRun(cell.row, aBooking({ n: N[cell.age], name: "other" }));

    expect({ answer: decision.answer, state: decision.row?.state ?? null }).toEqual(BOOK[cell.name]?.[cell.age]);
    if (decision.row !== null) expect(decision.row).toMatchObject({ n: N[cell.age], name: "other", sentAt: null });
  });

  it("forgets what an older booking knew about lateness and cancelling", () => {
    const { row } = bookRun(aTombstone({ lateAskedAt: NOW, againAt: NOW }), aBooking({ n: 6 }));
    expect(row).toMatchObject({ cancelled: false, lateAskedAt: null, againAt: null, forgetAt: null });
  });
});

describe("cancelling a run", () => {
  it.each(CELLS)("with a row that is $name and a decision that is $age is answered as the table says", (cell) => {
    const decision = cancelRun(cell.row, RUN, { n: N[cell.age], ...AT, unlessSent: false }, NOW);

    expect({ answer: decision.answer, state: decision.row?.state ?? null }).toEqual(CANCEL[cell.name]?.[cell.age]);
    if (decision.row !== null) expect(decision.row).toMatchObject({ n: N[cell.age], cancelled: true });
  });

  it("keeps a tombstone for a quarter of an hour, so that a late booking is stale", () => {
    const { row } = cancelRun(aRow("booked"), RUN, { n: 6, ...AT, unlessSent: false }, NOW);
    expect(row?.forgetAt).toBe(NOW + FORGET_AFTER_MS);
    expect(row && isTombstone(row)).toBe(true);
    expect(bookRun(row, aBooking({ n: 5 })).answer).toBe("stale");
  });

  it("remembers to whom the run was sent, since those processes may still create its Job", () => {
    const { row } = cancelRun(aRow("sent", { sentBefore: ["p0"] }), RUN, { n: 6, ...AT, unlessSent: false }, NOW);
    expect(row).toMatchObject({ sentTo: "p1", sentBefore: ["p0"] });
  });

  it("names the Job of a run that is not known here, so that it can be looked for", () => {
    const { row } = cancelRun(null, RUN, { n: 6, ...AT, unlessSent: false }, NOW);
    expect(row).toMatchObject({ ...RUN, ...AT, state: "removing" });
  });
});

describe("random calls in any order", () => {
  const seed = newSeed();
  it(`never undo a newer decision nor book what was sent (seed ${seed})`, () => {
    const random = seeded(seed);
    for (let round = 0; round < 300; round += 1) {
      let row: OpenRun | null = null;
      for (let step = 0; step < 12; step += 1) {
        const before: OpenRun | null = row;
        const n = Math.floor(random() * 8);
        const wasSent: boolean = before !== null && before.sentAt !== null;
        const call: BookDecision | CancelDecision =
          random() < 0.5
            ? bookRun(before, aBooking({ n }))
            : cancelRun(before, RUN, { n: n, ...AT, unlessSent: false }, NOW);
        if (before !== null && n < before.n) expect(call).toEqual({ answer: "stale", row: null });
        if (wasSent) expect(["stale", "taken", "removing"]).toContain(call.answer);
        row = call.row ?? before;
        // Now and then the object hands it over.
        if (row?.state === "booked" && random() < 0.3) row = { ...row, state: "sent", sentAt: NOW, sentTo: "p1" };
        if (row !== null && before !== null) expect(row.n).toBeGreaterThanOrEqual(before.n);
      }
    }
  });
});
