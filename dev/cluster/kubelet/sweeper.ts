import { setTimeout as sleep } from "node:timers/promises";
import { type Family, killFamilies } from "../../support/processes.ts";

/** Least time between two looks at the process table, ms: one look serves every container that ended meanwhile. */
const leastGapMs = 50;
/** Looks at most before it gives up on a family that forks faster than it is killed. */
const mostRounds = 40;

type Waiting = { family: Family; rounds: number; done: () => void };

/** Ends what a container leaves behind. Many containers share one look at the process table, which costs some milliseconds. */
export class Sweeper {
  #waiting: Waiting[] = [];
  #isRunning = false;

  /** Kills every living member of a family; resolves when a look found none. */
  sweep(family: Family): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ family, rounds: 0, done });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const round = this.#waiting;
      this.#waiting = [];
      const counts = killFamilies(round.map((one) => one.family));
      for (const [index, one] of round.entries()) {
        one.rounds += 1;
        if (counts[index] === 0 || one.rounds >= mostRounds) one.done();
        else this.#waiting.push(one);
      }
      await sleep(leastGapMs);
    }
    this.#isRunning = false;
  }
}
