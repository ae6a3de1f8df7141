/** What a worker answers: when to look at the key again, ms; undefined: at its next event. */
export type WorkResult = { againInMs: number | undefined };

/** What a queue is made of. */
export type WorkQueueOptions = {
  work: (key: string) => Promise<WorkResult>;
  /** Keys worked on at the same time; one key never twice. */
  concurrency: number;
  onProblem: (problem: string) => void;
};

/** First and longest wait before a key whose work threw is tried again, ms. */
const firstRetryMs = 100;
const longestRetryMs = 10_000;

/** A level-triggered queue of keys: many events of one key are one piece of work, and a failure is tried again with back-off. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Set<string>();
  readonly #running = new Set<string>();
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; at: number }>();
  readonly #failures = new Map<string, number>();
  #isStopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Puts a key into the queue, after a wait where one is given; the earlier of two waits wins. */
  add(key: string, inMs = 0): void {
    if (this.#isStopped) return;
    const at = Date.now() + inMs;
    const waiting = this.#timers.get(key);
    if (inMs > 0) {
      if (waiting !== undefined && waiting.at <= at) return;
      clearTimeout(waiting?.timer);
      // setTimeout overflows above 2^31 ms; a later wake-up than that is asked for again when this one comes.
      const timer = setTimeout(() => this.#wake(key), Math.min(inMs, 0x7fff_ffff));
      this.#timers.set(key, { timer, at });
      return;
    }
    this.#ready.add(key);
    this.#pump();
  }

  /** Stops taking keys; work under way ends by itself. */
  stop(): void {
    this.#isStopped = true;
    this.#ready.clear();
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #wake(key: string): void {
    this.#timers.delete(key);
    this.add(key);
  }

  #pump(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) return;
      if (this.#running.has(key)) continue;
      this.#ready.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    try {
      const { againInMs } = await this.#options.work(key);
      this.#failures.delete(key);
      if (againInMs !== undefined) this.add(key, Math.max(1, againInMs));
    } catch (error) {
      const count = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, count);
      if (!this.#isStopped)
        this.#options.onProblem(`${key}: ${error instanceof Error ? error.message : String(error)}`);
      this.add(key, Math.min(firstRetryMs * 2 ** (count - 1), longestRetryMs));
    } finally {
      this.#running.delete(key);
      this.#pump();
    }
  }
}
