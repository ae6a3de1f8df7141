/** Bounds of a back-off; the upper one doubles from `minMs` to `maxMs`. */
export type Backoff = { minMs: number; maxMs: number };

/** Full jitter: anything up to the doubled bound, so that many relays that lost the same server do not return together. */
export function fullJitterMs(attempt: number, { minMs, maxMs }: Backoff, random: number): number {
  const bound = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
  return Math.max(minMs / 2, random * bound);
}

/** Equal jitter: between half the doubled bound and all of it, for waits that must not become a hot loop. */
export function equalJitterMs(attempt: number, { minMs, maxMs }: Backoff, random: number): number {
  const bound = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
  return bound / 2 + (random * bound) / 2;
}
