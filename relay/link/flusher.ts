import type { Clock } from "../clock.ts";

/** Facts leave at most this often, so that a burst costs few messages (incoming ones are billed). */
export const FLUSH_INTERVAL_MS = 100;

/**
 * Calls `flush` at once when nothing was sent for {@link FLUSH_INTERVAL_MS}, else when that time is over. `flush` says
 * whether more is left.
 */
export class Flusher {
  readonly #clock: Clock;
  readonly #flush: () => boolean;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, flush: () => boolean) {
    this.#clock = clock;
    this.#flush = flush;
  }

  /** Something waits. Runs after the present turn, so that what one event brings leaves together. */
  poke(): void {
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(0, this.#lastMs + FLUSH_INTERVAL_MS - this.#clock.monotonicMs());
    this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  /** Sends what waits without regard to the interval: the process is about to go. */
  now(): void {
    this.stop();
    while (this.#flush());
  }

  /** No more calls. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    this.#lastMs = this.#clock.monotonicMs();
    // What fills frames would fill as many of them later: only a part of one is worth waiting for company.
    while (this.#flush());
  }
}
