/** Time and chance, handed in so that tests and the simulator can turn them. */
export type Clock = {
  /** Milliseconds that never run backwards; every interval and the lease are measured by it. */
  monotonicMs(): number;
  /** Epoch ms of this machine; only for log lines, it decides nothing. */
  wallMs(): number;
  /** In [0, 1). */
  random(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** The machine's own clock and randomness. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  random: () => Math.random(),
  sleep,
};
