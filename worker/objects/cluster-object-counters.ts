import type { Tally } from "../clusters/calls.ts";
import { type Counters, counted, NOTHING_COUNTED } from "../clusters/counters.ts";

const KEY = "counters";
/** A value that changes is written at most this often: a row each time, whatever the number of runs. */
const WRITE_EVERY_MS = 1_000;
/** Nothing happened. */
export const EMPTY_TALLY: Tally = { ended: {}, latenessMs: [], callbacks: {}, repairs: {} };

/**
 * What `/metrics` counts, one packed value. It is written in the very turn that changed it; while changes come faster than
 * once a second, within that second: the one thing that a crash may take back (docs/decisions/2026-11-27-metrics.md).
 */
export class ClusterCounters {
  readonly #kv: SyncKvStorage;
  #counters: Counters;
  #writtenAt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
    this.#counters = kv.get<Counters>(KEY) ?? NOTHING_COUNTED;
  }

  /** As they are now, written or not. */
  get now(): Counters {
    return this.#counters;
  }

  /** Counts that in. */
  add(tally: Partial<Tally>): void {
    this.#counters = counted(this.#counters, { ...EMPTY_TALLY, ...tally });
    if (this.#timer !== null) return;
    const waitMs = this.#writtenAt + WRITE_EVERY_MS - Date.now();
    if (waitMs <= 0) this.#write();
    else this.#timer = setTimeout(() => this.#write(), waitMs);
  }

  #write(): void {
    this.#timer = null;
    this.#writtenAt = Date.now();
    this.#kv.put(KEY, this.#counters);
  }
}
