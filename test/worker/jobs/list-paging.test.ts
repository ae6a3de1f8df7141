import { describe, expect, it } from "vitest";
import type { JobListPart } from "../../../worker/db/job-lists.ts";
import { type Cursor, parseCursor, partToRead, tellPart } from "../../../worker/jobs/list-paging.ts";
import { ROW } from "../db/sample-rows.ts";

/** An index of that many rows, newest first, of which every `nth` fits; read as worker/db/job-lists.ts reads. */
function readPart(size: number, nth: number, cursor: Cursor | null, asked: ReturnType<typeof partToRead>): JobListPart {
  const from = cursor ? cursor.after.id - 1 : size;
  const ids = Array.from({ length: Math.max(0, Math.min(asked.readAtMost, from)) }, (_, n) => from - n);
  const fitting = ids.filter((id) => id % nth === 0);
  const last = ids.at(-1);
  return {
    rows: fitting.slice(asked.skip, asked.skip + asked.pageSize).map((id) => ({ ...ROW, id })),
    scanned: ids.length,
    matched: fitting.length,
    last: last === undefined ? null : { id: last, jobId: "a" },
  };
}

/** Follows the cursors from a first request to the end. */
function follow(size: number, nth: number, first: { pageNum: number; pageSize: number }) {
  const calls: { ids: number[]; total: number; isTotalMin: boolean }[] = [];
  let request = { isFiltered: nth > 1, cursor: parseCursor(""), ...first };
  for (;;) {
    const { cursor } = request;
    if (cursor === "wrong") throw new Error("a cursor of our own is wrong");
    const asked = partToRead({ ...request, cursor });
    const part = readPart(size, nth, cursor, asked);
    const { total, isTotalMin, nextCursor } = tellPart(asked, part);
    calls.push({ ids: part.rows.map((row) => row.id), total, isTotalMin });
    if (nextCursor === null) return calls;
    request = { ...request, cursor: parseCursor(nextCursor), pageNum: 1 };
  }
}

describe("a list followed by its cursors", () => {
  it.each([
    [0, 1, 20],
    [1, 1, 20],
    [20, 1, 20],
    [21, 1, 20],
    [1_234, 1, 100],
    [10_000, 1, 100],
    [10_001, 1, 100],
    [25_000, 1, 100],
    [500, 7, 20],
    [100_000, 997, 20],
    [100_000, 40_000, 20],
    [100_000, 3, 100],
  ])("of %i rows, of which every %ith fits, shows each once in pages of %i", (size, nth, pageSize) => {
    const calls = follow(size, nth, { pageNum: 1, pageSize });

    const expected = Array.from({ length: size }, (_, n) => size - n).filter((id) => id % nth === 0);
    expect(calls.flatMap((call) => call.ids)).toEqual(expected);
    for (const call of calls) {
      if (!call.isTotalMin) expect(call.total).toBe(expected.length);
      expect(call.total).toBeLessThanOrEqual(Math.min(expected.length, 10_000));
    }
    expect(calls.at(-1)).toMatchObject(
      expected.length > 10_000 ? { total: 10_000, isTotalMin: true } : { total: expected.length, isTotalMin: false },
    );
  });

  it.each([
    [0, { total: 0, isTotalMin: false }],
    [9_999, { total: 9_999, isTotalMin: false }],
    [10_000, { total: 10_000, isTotalMin: false }],
    [10_001, { total: 10_000, isTotalMin: true }],
    [500_000, { total: 10_000, isTotalMin: true }],
  ])("of %i rows says at once that they are %j", (size, expected) => {
    const [first] = follow(Math.min(size, 30_000), 1, { pageNum: 1, pageSize: 100 });

    expect(first).toMatchObject(expected);
  });

  it("counts exactly what fits among as many rows as one call reads, and what was found beyond", () => {
    const [exact] = follow(19_000, 1_000, { pageNum: 1, pageSize: 20 });
    const [some] = follow(60_000, 1_000, { pageNum: 1, pageSize: 20 });

    expect(exact).toMatchObject({ total: 19, isTotalMin: false });
    expect(some).toMatchObject({ total: 20, isTotalMin: true });
  });

  it("comes to a page number beyond what one call reads", () => {
    const calls = follow(60_000, 1, { pageNum: 501, pageSize: 100 });

    const shown = calls.filter((call) => call.ids.length > 0);
    expect(shown[0]?.ids[0]).toBe(10_000);
    expect(shown.flatMap((call) => call.ids)).toHaveLength(10_000);
    // Three calls pass over the 50,000 rows before it.
    expect(calls.indexOf(shown[0] ?? { ids: [], total: 0, isTotalMin: false })).toBeLessThanOrEqual(3);
  });

  it("goes on behind the last row shown where a page was cut for its bytes", () => {
    const asked = partToRead({ isFiltered: false, cursor: null, pageNum: 2, pageSize: 20 });
    const whole = readPart(100, 1, null, asked);

    const told = tellPart(asked, { ...whole, rows: whole.rows.slice(0, 3) });

    expect(parseCursor(told.nextCursor ?? "")).toEqual({ after: { id: 78, jobId: "a" }, found: 23, skip: 0 });
  });
});

describe("partToRead", () => {
  it("stays below 20,000 rows as D1 counts them, eight for each row of the page", () => {
    for (const pageSize of [1, 20, 100]) {
      for (const isFiltered of [true, false]) {
        const { readAtMost } = partToRead({ isFiltered, cursor: null, pageNum: 2 ** 31 - 1, pageSize });

        expect(readAtMost + 8 * pageSize).toBeLessThanOrEqual(20_000);
      }
    }
  });
});

describe("parseCursor", () => {
  it.each(["x", "1.a", "1.a.0", "1.A.0.0", "1.a.0.0.0", "-1.a.0.0", "1.a.0.0 ", `${"9".repeat(17)}.a.0.0`])(
    "takes %j for none of ours",
    (text) => {
      expect(parseCursor(text)).toBe("wrong");
    },
  );
});
