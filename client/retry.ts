import { WatchbellError } from "./watchbell-error.ts";

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 20_000;

/**
 * How long to wait before the attempt after this one (from 1): what the API asked for, else twice the last, with full jitter in
 * its upper half. `random` is from 0 to 1.
 */
export function delayBeforeRetryMs(attempt: number, retryAfterMs: number | null, random: number): number {
  const jittered = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS) * (0.5 + random / 2);
  return Math.max(retryAfterMs ?? 0, jittered);
}

/** Whether the API refused before it did anything: too many requests, or draining. Such a call can be sent again, whatever it is. */
export function isRefusedUnread(error: unknown): boolean {
  return error instanceof WatchbellError && ["LIMITED_FLOW", "ServerClosedError"].includes(error.errorMsg);
}
