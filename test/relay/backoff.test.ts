import { describe, expect, it } from "vitest";
import { equalJitterMs, fullJitterMs } from "../../relay/backoff.ts";

const bounds = { minMs: 250, maxMs: 15_000 };

describe("full jitter", () => {
  it.each([
    { attempt: 0, random: 0.99, ms: 247.5 },
    { attempt: 3, random: 0.5, ms: 1_000 },
    { attempt: 3, random: 0, ms: 125 },
    { attempt: 10, random: 1, ms: 15_000 },
    { attempt: 5_000, random: 1, ms: 15_000 },
  ])("lies between a floor and the doubled bound ($attempt, $random)", ({ attempt, random, ms }) => {
    expect(fullJitterMs(attempt, bounds, random)).toBeCloseTo(ms);
  });
});

describe("equal jitter", () => {
  it.each([
    { attempt: 0, random: 0, ms: 125 },
    { attempt: 0, random: 1, ms: 250 },
    { attempt: 20, random: 0, ms: 7_500 },
    { attempt: 20, random: 1, ms: 15_000 },
  ])("never falls below half its bound ($attempt, $random)", ({ attempt, random, ms }) => {
    expect(equalJitterMs(attempt, bounds, random)).toBeCloseTo(ms);
  });
});
