/** Waits until `look` gives a value that is neither null nor undefined; rejects with `what` when it never does. */
export async function waitUntil<Value>(
  look: () => Value | null | undefined | Promise<Value | null | undefined>,
  what: () => string,
  timeoutMs = 25_000,
): Promise<Value> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined) return value;
    if (performance.now() >= untilMs) throw new Error(what());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
