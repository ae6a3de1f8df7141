import { finalRow, keyOf, type OpenRun } from "../clusters/open-run.ts";
import { logError } from "../errors.ts";
import type { LateAnswer } from "../jobs/calls.ts";
import { jobStub } from "../jobs/job-stub.ts";
import { within } from "./cluster-object-calls.ts";
import type { ClusterMemory } from "./cluster-object-memory.ts";
import type { OpenRuns } from "./cluster-object-rows.ts";

/** What asking needs of the object around it; `finished` follows when all answers of one call are applied. */
export type LateAskerPorts = {
  env: Pick<Env, "JOBS">;
  cluster: string;
  rows: OpenRuns;
  memory: ClusterMemory;
  inBackground(work: Promise<void>): void;
  finished(): void;
};

/** Jobs that are asked at once. */
const ASKED_AT_ONCE = 50;
/** How long one may take to answer: runs that are due later wait for it, to keep the order. */
const ANSWER_WITHIN_MS = 5_000;
/** A job that can't be asked is asked again after this; meanwhile the runs behind it go on. */
const ASK_AGAIN_MS = 30_000;

/** Asks the jobs of late runs what is to become of them: keep, move or drop (design, "Late runs"). */
export class LateAsker {
  readonly #ports: LateAskerPorts;
  readonly #asking = new Set<string>();

  constructor(ports: LateAskerPorts) {
    this.#ports = ports;
  }

  isAsking(row: OpenRun): boolean {
    return this.#asking.has(keyOf(row));
  }

  ask(rows: readonly OpenRun[]): void {
    for (const row of rows) this.#asking.add(keyOf(row));
    this.#ports.inBackground(this.#askAll([...rows]));
  }

  async #askAll(rows: OpenRun[]): Promise<void> {
    const queue = rows.values();
    const worker = async () => {
      for (const row of queue) await this.#settle(row);
    };
    await Promise.all(Array.from({ length: Math.min(ASKED_AT_ONCE, rows.length) }, worker));
    this.#ports.finished();
  }

  async #settle(row: OpenRun): Promise<void> {
    const linked = this.#ports.memory.kept.presence.up;
    // A relay that comes within this very millisecond came after the question.
    const askedAt = linked ? Date.now() : Date.now() - 1;
    const answer = await this.#askOne(row, linked);
    try {
      this.#apply(row, answer, askedAt);
    } catch (error) {
      logError(`the answer about late run ${keyOf(row)} could not be applied`, error);
    } finally {
      // What holds back the runs behind it must not outlive the question.
      this.#asking.delete(keyOf(row));
    }
  }

  /** null: the job could not be asked. */
  async #askOne(row: OpenRun, linked: boolean): Promise<LateAnswer | null> {
    try {
      const { env, cluster } = this.#ports;
      return await within(ANSWER_WITHIN_MS, jobStub(env, row.jobId).late(cluster, row.run, linked));
    } catch (error) {
      logError(`job ${row.jobId} could not be asked about its late run ${row.run}`, error);
      return null;
    }
  }

  /** While a relay is linked the run waits and its job is asked again; without one it is asked when one comes. */
  #notAsked(row: OpenRun, askedAt: number): OpenRun {
    if (!this.#ports.memory.kept.presence.up) return { ...row, lateAskedAt: askedAt };
    return { ...row, againAt: Date.now() + ASK_AGAIN_MS };
  }

  #apply(asked: OpenRun, answer: LateAnswer | null, askedAt: number): void {
    const row = this.#ports.rows.get(asked);
    // Booked anew or taken back meanwhile: the answer was about an older decision.
    if (row === null || row.state !== "booked" || row.n !== asked.n) return;
    this.#ports.rows.put([this.#rowAfter(row, answer, askedAt)]);
  }

  /** `askedAt`: a relay that came since then is a reason to ask again, though the answer came after it. */
  #rowAfter(row: OpenRun, answer: LateAnswer | null, askedAt: number): OpenRun {
    switch (answer) {
      case "keep":
        return { ...row, lateAskedAt: askedAt };
      case "move":
      case "drop":
        // The job has decided: its next booking, here or elsewhere, has a higher n.
        return finalRow({ ...row, cancelled: true }, Date.now());
      case null:
        return this.#notAsked(row, askedAt);
    }
  }
}
