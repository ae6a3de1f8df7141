import type { Fact } from "../../protocol/up.ts";
import type { FactAnswer, TakenFact } from "../jobs/calls.ts";

/** A fact on its way to its job: who reported it, and what the job gets. */
export type CarriedFact = { process: string; fact: Fact; taken: TakenFact };

/** What the pump needs: the call to a job, and who learns of the answers (in the order of the facts). */
export type FactPumpPorts = {
  deliver(jobId: string, facts: TakenFact[]): Promise<FactAnswer[]>;
  settled(facts: readonly CarriedFact[], answers: readonly FactAnswer[]): void;
  pause(ms: number): Promise<void>;
  /** Something went wrong that the pump goes on from. */
  failed(what: string, error: unknown): void;
};

/** Jobs that are called at once; a Durable Object may have thousands of calls open, its memory may not. */
const CALLS_AT_ONCE = 50;
/** Facts of one call: a log piece has up to 256 KiB of text, twice that in memory, and a call may carry 32 MiB. */
const FACTS_PER_CALL = 32;
/** Pauses between the attempts to reach a job; after the last one the facts are refused (decision 2026-11-24). */
const RETRY_PAUSES_MS = [200, 500, 1_000, 2_000, 4_000];

/**
 * Carries facts to their jobs: of one job in order and one call at a time, of different jobs at once. A job that can't be
 * reached holds back its own facts only.
 */
export class FactPump {
  readonly #ports: FactPumpPorts;
  readonly #queues = new Map<string, CarriedFact[]>();
  readonly #waiting: string[] = [];
  #running = 0;

  constructor(ports: FactPumpPorts) {
    this.#ports = ports;
  }

  /** Takes facts in order; resolves when the pump has nothing left to do for the jobs that this call started. */
  async carry(facts: readonly CarriedFact[]): Promise<void> {
    for (const carried of facts) {
      const queue = this.#queues.get(carried.fact.jobId);
      if (queue) queue.push(carried);
      else {
        this.#queues.set(carried.fact.jobId, [carried]);
        this.#waiting.push(carried.fact.jobId);
      }
    }
    const workers: Promise<void>[] = [];
    while (this.#running < CALLS_AT_ONCE && workers.length < this.#waiting.length) workers.push(this.#work());
    await Promise.all(workers);
  }

  async #work(): Promise<void> {
    this.#running += 1;
    // No job is taken before `carry` has started its workers: it counts how many jobs wait.
    await Promise.resolve();
    try {
      for (let jobId = this.#waiting.shift(); jobId !== undefined; jobId = this.#waiting.shift())
        await this.#drain(jobId);
    } finally {
      this.#running -= 1;
    }
  }

  async #drain(jobId: string): Promise<void> {
    const queue = this.#queues.get(jobId) ?? [];
    while (queue.length > 0) {
      const batch = queue.splice(0, FACTS_PER_CALL);
      const answers = await this.#deliver(jobId, batch);
      try {
        this.#ports.settled(batch, answers);
      } catch (error) {
        // Unanswered facts are reported again with the next link; the job's later ones go on.
        this.#ports.failed(`answers of job ${jobId} could not be applied`, error);
      }
    }
    this.#queues.delete(jobId);
  }

  async #deliver(jobId: string, batch: readonly CarriedFact[]): Promise<FactAnswer[]> {
    const facts = batch.map((carried) => carried.taken);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answers = await this.#ports.deliver(jobId, facts);
        if (answers.length === facts.length) return answers;
        throw new Error(`job ${jobId} gave ${answers.length} answers to ${facts.length} facts`);
      } catch (error) {
        this.#ports.failed(`facts of job ${jobId}, attempt ${attempt + 1}`, error);
        const pauseMs = RETRY_PAUSES_MS[attempt];
        if (pauseMs === undefined) {
          const reason = `job ${jobId} could not be reached in ${attempt + 1} attempts`;
          return facts.map(() => ({ answer: "refused", reason }));
        }
        await this.#ports.pause(pauseMs);
      }
    }
  }
}
