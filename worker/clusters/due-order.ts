import { keyOf, type OpenRun } from "./open-run.ts";

/** When a booked row becomes sendable, epoch ms: its time, or later where it waits to be offered again. */
export function releaseAt(row: OpenRun): number {
  return Math.max(row.dueAt, row.againAt ?? 0);
}

/**
 * Booked rows in the order in which they become sendable. A cluster may have ten thousand of them, so finding, adding and
 * removing one is a binary search, and whoever reads goes only as far as needed.
 */
export class DueOrder {
  readonly #rows: OpenRun[] = [];

  add(row: OpenRun): void {
    this.#rows.splice(this.#indexOf(releaseAt(row), keyOf(row)), 0, row);
  }

  /** Removes the row that was added with this time and key. */
  remove(row: OpenRun): void {
    const index = this.#indexOf(releaseAt(row), keyOf(row));
    const found = this.#rows[index];
    if (found && keyOf(found) === keyOf(row)) this.#rows.splice(index, 1);
  }

  /** The rows that become sendable after that moment (epoch ms), in order; not to be read on once a row was changed. */
  *after(moment: number): Generator<OpenRun, void> {
    for (let index = this.#firstAfter(moment); index < this.#rows.length; index += 1) {
      const row = this.#rows[index];
      if (row) yield row;
    }
  }

  /** When the next row becomes sendable after that moment, epoch ms; null: none is booked for later. */
  nextAfter(moment: number): number | null {
    const row = this.#rows[this.#firstAfter(moment)];
    return row ? releaseAt(row) : null;
  }

  /** How many rows are sendable at that moment, epoch ms. */
  countUpTo(moment: number): number {
    return this.#firstAfter(moment);
  }

  #firstAfter(moment: number): number {
    return this.#search((row) => releaseAt(row) <= moment);
  }

  #indexOf(at: number, key: string): number {
    return this.#search((row) => releaseAt(row) < at || (releaseAt(row) === at && keyOf(row) < key));
  }

  /** The first index whose row is not before the place that is looked for. */
  #search(isBefore: (row: OpenRun) => boolean): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = this.#rows[middle];
      if (row && isBefore(row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
