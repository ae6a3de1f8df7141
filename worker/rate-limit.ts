import type { RateLimitSetting } from "./env.ts";

/** The limit that wrangler.toml gives the binding RATE_LIMIT. */
const BINDING_PER_MINUTE = 6_000;
const WINDOW_MS = 60_000;

/** Whether a request goes over its token's limit, and when to come back. */
export type RateVerdict = { limited: false } | { limited: true; perMinute: number; retryAfterSeconds: number };

/** How many requests came within the present minute, by token; forgotten as a whole when the minute is over. */
export type Window = { startedAt: number; counts: Map<string, number> };

// One isolate serves one machine's `npm start`; when deployed the platform's binding counts.
const isolateWindow: Window = { startedAt: 0, counts: new Map() };

/** Counts one request of a token; `now` epoch ms. The deployed binding counts per location and generously. */
export async function countRequest(
  env: Pick<Env, "RATE_LIMIT">,
  setting: RateLimitSetting,
  tokenId: string,
  now: number,
): Promise<RateVerdict> {
  switch (setting.counts) {
    case "nothing":
      return { limited: false };
    case "isolate":
      return countInWindow(isolateWindow, tokenId, setting.perMinute, now);
    case "binding": {
      const { success } = await env.RATE_LIMIT.limit({ key: tokenId });
      // The binding does not say when its window ends.
      return success ? { limited: false } : { limited: true, perMinute: BINDING_PER_MINUTE, retryAfterSeconds: 60 };
    }
    default:
      return setting satisfies never;
  }
}

/** Counts a request in a fixed window of a minute, which begins anew when it is over. */
export function countInWindow(window: Window, tokenId: string, perMinute: number, now: number): RateVerdict {
  if (now - window.startedAt >= WINDOW_MS) {
    window.startedAt = now;
    window.counts.clear();
  }
  const count = (window.counts.get(tokenId) ?? 0) + 1;
  window.counts.set(tokenId, count);
  if (count <= perMinute) return { limited: false };
  return { limited: true, perMinute, retryAfterSeconds: Math.ceil((window.startedAt + WINDOW_MS - now) / 1_000) };
}
