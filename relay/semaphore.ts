/** Weighted admission, first come first served; a weight above the capacity counts as the whole capacity. */
export class Semaphore {
  readonly #capacity: number;
  #used = 0;
  #waiting: { weight: number; go: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Runs `work` once there is room for its weight. */
  async run<Value>(weight: number, work: () => Promise<Value>): Promise<Value> {
    const counted = Math.min(weight, this.#capacity);
    await this.#acquire(counted);
    try {
      return await work();
    } finally {
      this.#used -= counted;
      this.#admit();
    }
  }

  #acquire(weight: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ weight, go: resolve });
    this.#admit();
    return promise;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#used + next.weight <= this.#capacity; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.weight;
      next.go();
    }
  }
}
