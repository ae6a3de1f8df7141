import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is neither null, undefined nor false; throws with `what` and the last error after `withinMs`. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  withinMs = 15_000,
  everyMs = 20,
): Promise<Value> {
  const deadline = performance.now() + withinMs;
  let lastError: unknown = null;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      lastError = null;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${what}${lastError ? ` (last: ${String(lastError)})` : ""}`);
    }
    await delay(everyMs);
  }
}
