import { describe, expect, it } from "vitest";
import { JobId } from "../../../protocol/words.ts";
import { firstRowIdAt, newJobId, newRowId, rowIdGivenAt } from "../../../worker/jobs/new-ids.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");

describe("newJobId", () => {
  it("is an id that the link and Kubernetes take, new each time", () => {
    const ids = Array.from({ length: 1_000 }, newJobId);

    for (const id of ids) expect(JobId.safeParse(id).success).toBe(true);
    expect(new Set(ids).size).toBe(1_000);
  });
});

describe("newRowId", () => {
  it("rises with every call, also within a millisecond and where the clock goes back", () => {
    const ids = [NOW, NOW, NOW - 5, NOW + 1].map(newRowId);

    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  it("rises with time and stays exact for decades", () => {
    const early = newRowId(NOW + 10);
    // Asked for without being given: ids of the isolate never go back, and its other tests share it.
    const late = firstRowIdAt(Date.parse("2100-01-01T00:00:00Z"));

    expect(late).toBeGreaterThan(early);
    expect(Number.isSafeInteger(late)).toBe(true);
  });
});

describe("a range of ids", () => {
  it("is a range of the moments they were given at", () => {
    const soon = Date.now() + 5;
    const id = newRowId(soon);
    const at = rowIdGivenAt(id);

    expect(at).toBe(soon);
    expect(firstRowIdAt(at)).toBeLessThanOrEqual(id);
    expect(firstRowIdAt(at + 1)).toBeGreaterThan(id);
  });

  it.each([Number.NEGATIVE_INFINITY, -5, 1e300, Number.POSITIVE_INFINITY])("has exact bounds where it is %d", (at) => {
    expect(Number.isSafeInteger(firstRowIdAt(at))).toBe(true);
  });
});
