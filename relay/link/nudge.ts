import type { Clock } from "../clock.ts";

/** How long after a due time that the control plane named its create may take, before the relay asks for it. */
export const NUDGE_AFTER_MS = 250;
/** Pause between two questions about the same due time. */
const NUDGE_AGAIN_MS = 5_000;
/** setTimeout's range ends at 2^31 ms; further due times are told again long before. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The net under the ClusterObject's timer: it is told when the next run is due, and when nothing has come 250 ms after that,
 * it asks.
 */
export class NudgeTimer {
  readonly #clock: Clock;
  readonly #nudge: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, nudge: () => void) {
    this.#clock = clock;
    this.#nudge = nudge;
  }

  /** A frame said when the next run is due; null: none is booked. */
  told(nextDueInMs: number | null): void {
    if (nextDueInMs === null) this.stop();
    else this.#arm(this.#clock.monotonicMs() + nextDueInMs + NUDGE_AFTER_MS);
  }

  /** A create came, or the link went: nothing to ask for. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(atMs: number): void {
    this.stop();
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, atMs - this.#clock.monotonicMs()));
    this.#timer = setTimeout(() => {
      if (this.#clock.monotonicMs() >= atMs) {
        this.#nudge();
        this.#arm(this.#clock.monotonicMs() + NUDGE_AGAIN_MS);
      } else {
        this.#arm(atMs);
      }
    }, waitMs);
  }
}
