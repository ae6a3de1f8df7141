import { describe, expect, it } from "vitest";
import { wholeNumberBetween, wholeNumberJson } from "../../../worker/jobs/whole-number.ts";

describe("a whole number between two", () => {
  it.each([
    [1, 1],
    [1, 9],
    [0, 10],
    [1, 100],
    [1, 199],
    [0, 1_000],
    [1, 2_090],
  ])("from %i to %i has a pattern that its digits fit, and no others", (min, max) => {
    const pattern = new RegExp(String(wholeNumberJson(min, max).anyOf[1]?.pattern));
    const schema = wholeNumberBetween(min, max);

    for (let n = 0; n <= max + 1_200; n += 1) {
      const fits = n >= min && n <= max;
      expect([n, pattern.test(String(n))]).toEqual([n, fits]);
      expect(schema.safeParse(String(n)).success).toBe(fits);
      expect(schema.safeParse(n).success).toBe(fits);
    }
    expect(pattern.test(`0000${max}`)).toBe(true);
  });

  it.each(["2147483647", "2147483640", "1999999999", "1"])("takes %s for an int32", (text) => {
    expect(text).toMatch(new RegExp(String(wholeNumberJson(1, 2_147_483_647).anyOf[1]?.pattern)));
  });

  it.each(["2147483648", "2150000000", "3000000000", "0", "-1", "1.0", "", " 1"])(
    "does not take %j for one",
    (text) => {
      expect(text).not.toMatch(new RegExp(String(wholeNumberJson(1, 2_147_483_647).anyOf[1]?.pattern)));
      expect(wholeNumberBetween(1, 2_147_483_647).safeParse(text)).toMatchObject({ success: false });
    },
  );
});
