import type { Retry } from "./lifecycle-state.ts";

const LEAD_MIN_MS = 60_000;
const LEAD_SPREAD_MS = 120_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 60_000;

/** FNV-1a, 32 bits: spreads jobs over time by their id, the same way in every process. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** How long before its time a run is booked, ms: 60 s to 180 s by the job's id, so that many of one second ring apart. */
export function leadMs(jobId: string): number {
  return LEAD_MIN_MS + (hashOf(jobId) % (LEAD_SPREAD_MS + 1));
}

/**
 * The same for a slot that follows another one after `gapMs`: where that is less than twice the lead, a quarter to three
 * quarters of the gap by the same hash (design, "Two clocks").
 */
export function leadWithinMs(jobId: string, gapMs: number): number {
  const lead = leadMs(jobId);
  if (gapMs >= 2 * lead) return lead;
  return Math.round(gapMs * (0.25 + (0.5 * (lead - LEAD_MIN_MS)) / LEAD_SPREAD_MS));
}

/** The next try after `attempts` failures: 0.5 s, doubling to 60 s, spread by ± 20 % so that many do not beat together. */
export function retryAfter(attempts: number, jobId: string, now: number): Retry {
  const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 20));
  const spread = 0.8 + (0.4 * (hashOf(`${jobId}/${attempts}`) % 1_000)) / 1_000;
  return { attempts: attempts + 1, nextAttemptAt: now + Math.round(pauseMs * spread) };
}

/** To be tried now, for the first time. */
export function retryNow(now: number): Retry {
  return { attempts: 0, nextAttemptAt: now };
}
