import { expect, test } from "vitest";
import { delayBeforeRetryMs } from "../../client/retry.ts";

test("a retry waits twice the last time, jittered downward by at most a half, and 20 s at most", () => {
  expect([1, 2, 3, 4].map((attempt) => delayBeforeRetryMs(attempt, null, 1))).toEqual([200, 400, 800, 1_600]);
  expect(delayBeforeRetryMs(3, null, 0)).toBe(400);
  expect(delayBeforeRetryMs(40, null, 1)).toBe(20_000);
});

test("a retry never comes before the API said", () => {
  expect(delayBeforeRetryMs(1, 30_000, 0.3)).toBe(30_000);
  expect(delayBeforeRetryMs(1, 0, 1)).toBe(200);
});
