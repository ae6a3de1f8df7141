import { describe, expect, it } from "vitest";
import { percentile } from "../../bench/percentiles.ts";

describe("percentile", () => {
  it.each([
    [[5], 0.5, 5],
    [[5], 0.99, 5],
    [[3, 1, 2], 0.5, 2],
    [[4, 3, 2, 1], 0.5, 2],
    [Array.from({ length: 200 }, (_, index) => index + 1), 0.99, 198],
    [Array.from({ length: 200 }, (_, index) => index + 1), 1, 200],
    [[10, 20], 0, 10],
  ])("of %j at %d is the nearest rank", (numbers, share, expected) => {
    expect(percentile(numbers, share)).toBe(expected);
  });

  it("leaves the caller's list in its order", () => {
    const numbers = [3, 1, 2];
    percentile(numbers, 0.5);
    expect(numbers).toEqual([3, 1, 2]);
  });

  it("of nothing is not a number, so that an empty measurement can't pass as a fast one", () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});
