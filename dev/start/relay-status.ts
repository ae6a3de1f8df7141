import { setTimeout as delay } from "node:timers/promises";
import { HOST } from "./ready.ts";

/**
 * Waits until the relay is linked and the active one, so that a job would really run. Answers false when that took longer
 * than `withinMs` or was aborted.
 */
export async function awaitActiveRelay(healthPort: number, withinMs: number, aborted: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && !aborted.aborted) {
    if (await isActive(healthPort)) return true;
    await delay(25);
  }
  return false;
}

async function isActive(healthPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${HOST}:${healthPort}/readyz`);
    const body = await response.text();
    return response.ok && /\bactive\b/.test(body);
  } catch {
    // Not listening yet, or just restarted: asked again until the deadline.
    return false;
  }
}
