import { test } from "vitest";
import type { Target } from "./target.ts";

type Run = () => Promise<void>;
type Case = (title: string, ...how: [run: Run] | [options: { timeout: number }, run: Run]) => void;

/** `test` on the clusters named; on another it is skipped and says why, where the whole list of cases is printed. */
export function testOn(kind: Target["name"], kinds: readonly Target["name"][], otherwise: string): Case {
  if (!kinds.includes(kind)) return (title, ..._how) => test(title, ({ skip }) => skip(otherwise));
  return (title, ...how) => {
    if (how.length === 1) test(title, how[0]);
    else test(title, how[0], how[1]);
  };
}
