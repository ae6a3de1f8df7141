/** Requests of a job's object that wait for what its commits bring about. */
export class Commits {
  readonly #watchers = new Set<() => void>();

  /** Something was committed. */
  happened(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Asks again after each commit until there is an answer; null: none came within that time. */
  async until<Answer>(ask: () => Answer | null, waitMs: number): Promise<Answer | null> {
    const { promise, resolve } = Promise.withResolvers<Answer | null>();
    const check = () => {
      const answer = ask();
      if (answer !== null) resolve(answer);
    };
    const timer = setTimeout(() => resolve(null), waitMs);
    this.#watchers.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(check);
    }
  }

  /** Resolves at the next commit, after that time, or when the signal says so. */
  async next(waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = setTimeout(wake, waitMs);
    this.#watchers.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    clearTimeout(timer);
    this.#watchers.delete(wake);
    signal.removeEventListener("abort", wake);
  }
}
