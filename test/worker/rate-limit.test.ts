import { describe, expect, it } from "vitest";
import { countInWindow, type Window } from "../../worker/rate-limit.ts";

const NOW = 1_000_000;

function freshWindow(): Window {
  return { startedAt: 0, counts: new Map() };
}

describe("countInWindow", () => {
  it("lets as many through as a minute may have, then none until it is over", () => {
    const window = freshWindow();

    const verdicts = [0, 1_000, 2_000, 59_999].map((ms) => countInWindow(window, "a", 2, NOW + ms));

    expect(verdicts).toEqual([
      { limited: false },
      { limited: false },
      { limited: true, perMinute: 2, retryAfterSeconds: 58 },
      { limited: true, perMinute: 2, retryAfterSeconds: 1 },
    ]);
  });

  it("begins anew with the next minute", () => {
    const window = freshWindow();
    countInWindow(window, "a", 1, NOW);

    const verdict = countInWindow(window, "a", 1, NOW + 60_000);

    expect(verdict).toEqual({ limited: false });
    expect(window.counts.size).toBe(1);
  });

  it("counts each token for itself", () => {
    const window = freshWindow();
    countInWindow(window, "a", 1, NOW);

    expect(countInWindow(window, "b", 1, NOW)).toEqual({ limited: false });
  });
});
