import { type FollowPosition, idOf } from "../../protocol/follow-position.ts";
import type { Lines } from "../../protocol/up.ts";
import { FOLLOW_WAIT_MS } from "../../protocol/words.ts";
import { logError } from "../errors.ts";
import { clusterCalls, within } from "./job-object-effects.ts";

/** How long the cluster's object may take to hand a question on. */
const HAND_ON_MS = 5_000;
/** How much later than it should an answer may come; then it is taken for lost. */
const GRACE_MS = 3_000;

type Question = { ask: number; cluster: string; settle: (lines: Lines | null) => void; answer: Promise<Lines | null> };

/**
 * Asks the relay of a run's cluster for lines, and takes its answers. Readers who stand at the same place share a question, so
 * that those who have caught up are one to the relay. Nothing is kept but the questions under way.
 */
export class LiveLines {
  readonly #env: Env;
  readonly #questions = new Map<string, Question>();
  /** No other instance of this object ever asks under the same number. */
  #lastAsk = Date.now() * 1_000;

  constructor(env: Env) {
    this.#env = env;
  }

  /** The lines after a place, once there are any, or none after a while; null: there is no relay, or its answer was lost. */
  after(jobId: string, cluster: string, position: FollowPosition, ended: boolean): Promise<Lines | null> {
    const key = `${cluster}/${idOf(position)}/${ended}`;
    const known = this.#questions.get(key);
    if (known) return known.answer;
    const { promise, resolve } = Promise.withResolvers<Lines | null>();
    this.#lastAsk += 1;
    const question: Question = { ask: this.#lastAsk, cluster, settle: resolve, answer: promise };
    this.#questions.set(key, question);
    const timer = setTimeout(() => resolve(null), FOLLOW_WAIT_MS + GRACE_MS);
    void promise.then(() => {
      clearTimeout(timer);
      this.#questions.delete(key);
    });
    void this.#send(jobId, position, question, ended);
    return promise;
  }

  /** Takes an answer. */
  take(cluster: string, lines: Lines): void {
    const asked = [...this.#questions.values()].find(({ ask }) => ask === lines.ask);
    if (asked?.cluster === cluster) asked.settle(lines);
  }

  /** Nobody looks at that run any more; should it get lost, the relay finds out by itself. */
  async leave(jobId: string, cluster: string, run: number): Promise<void> {
    try {
      await within(HAND_ON_MS, clusterCalls(this.#env, cluster).follow({ jobId, run }, null));
    } catch (error) {
      logError(`job ${jobId}: cluster ${cluster} was not told that nobody follows run ${run} any more`, error);
    }
  }

  async #send(
    jobId: string,
    position: FollowPosition,
    { ask, cluster, settle }: Question,
    ended: boolean,
  ): Promise<void> {
    const question = { ask, after: idOf(position), ended, waitMs: FOLLOW_WAIT_MS };
    try {
      const calls = clusterCalls(this.#env, cluster);
      const { sent } = await within(HAND_ON_MS, calls.follow({ jobId, run: position.run }, question));
      if (!sent) settle(null);
    } catch (error) {
      logError(`job ${jobId}: cluster ${cluster} could not be asked for lines`, error);
      settle(null);
    }
  }
}
