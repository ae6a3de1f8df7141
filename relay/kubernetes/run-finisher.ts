import { ANNOTATIONS } from "../../protocol/words.ts";
import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { type FactAnswer, type Report, runKeyText } from "../facts.ts";
import type { Log } from "../log.ts";
import type { KubernetesCalls } from "./calls.ts";
import { describeFailure, isForbidden, isNotFound, isOtherObject, isRetryable, pauseAfter } from "./failures.ts";
import type { LogCollector } from "./log-collector.ts";
import { ttlSecondsFrom } from "./numbers.ts";
import type { PodRecord } from "./pods.ts";
import type { RunEnd } from "./run-report.ts";
import type { RunStore, TrackedRun } from "./run-store.ts";

/** A log that can't be had an hour after the end is given up, so that it does not hold its Job for ever. */
export const LOG_GIVE_UP_MS = 3_600_000;
const PATCH_BACKOFF = { minMs: 500, maxMs: 60_000 };

/** Brings a run's end home: the fact, its logs, and only when both are acknowledged the Job's TTL. */
export class RunFinisher {
  readonly #calls: KubernetesCalls;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: RunStore;
  readonly #report: Report;
  readonly #collector: LogCollector;
  readonly #signal: AbortSignal;
  /** Finished Jobs, by uid, that stay for want of a right, and the API server's words. */
  readonly #staying = new Map<string, string>();
  #relistWaiters: (() => void)[] = [];

  constructor(options: {
    calls: KubernetesCalls;
    clock: Clock;
    log: Log;
    store: RunStore;
    report: Report;
    collector: LogCollector;
    signal: AbortSignal;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#store = options.store;
    this.#report = options.report;
    this.#collector = options.collector;
    this.#signal = options.signal;
  }

  /** What an admin should know: finished Jobs that stay since the relay may not set their TTL; empty: none. */
  get remark(): string {
    const why = [...this.#staying.values()][0];
    return why === undefined ? "" : `; the TTL of ${this.#staying.size} finished Jobs can't be set: ${why}`;
  }

  /** Says how the run ended, sends the logs it lists after it, and settles the run when all is acknowledged. */
  async finish(run: TrackedRun, end: RunEnd, endedMs: number): Promise<void> {
    const pods = new Map(this.#store.podsOf(run.uid).map((pod) => [pod.uid, pod]));
    const { endedAt, ...said } = end;
    const answered = this.#report({ type: "ended", ...run.key, uid: run.uid, ...said }, endedMs);
    const logs = this.#collectAll(run, end, pods, endedMs + LOG_GIVE_UP_MS);
    // A run that nobody knows needs no log: the TTL need not wait for one that can't be read.
    if ((await answered) !== "gone") await logs;
    for (const podUid of pods.keys()) this.#collector.forget(podUid);
    await this.settle(run, endedAt);
  }

  /** Nothing more is to come of this run: its TTL starts. Also for a run that no object knows (any more). */
  async settle(run: TrackedRun, endedAt: number | null): Promise<void> {
    if (run.settled) return;
    this.#store.settle(run);
    await this.#setTtl(run, endedAt);
    this.#staying.delete(run.uid);
  }

  async #setTtl(run: TrackedRun, endedAt: number | null): Promise<void> {
    for (let tries = 0; !this.#signal.aborted && !run.vanished; tries++) {
      const answer = await this.#calls.patchJob(run, run.uid, {
        annotations: { [ANNOTATIONS.reportedAt]: new Date(this.#calls.api.serverNowMs()).toISOString() },
        spec: { ttlSecondsAfterFinished: ttlSecondsFrom(run.job, endedAt, this.#calls.api.serverNowMs()) },
      });
      if (answer.ok || isNotFound(answer.failure) || isOtherObject(answer.failure)) return;
      if (this.#signal.aborted) return;
      const why = describeFailure(answer.failure);
      if (tries === 0 || !isRetryable(answer.failure)) {
        this.#log("warn", "the TTL of a finished Job could not be set", { run: runKeyText(run.key), why });
      }
      // A right that is missing may come back; until then the Job simply stays.
      if (isForbidden(answer.failure)) this.#staying.set(run.uid, why);
      const random = this.#clock.random();
      const pauseMs = pauseAfter(answer.failure, equalJitterMs(tries, PATCH_BACKOFF, random), random);
      await this.#clock.sleep(pauseMs, this.#signal);
    }
  }

  /** A relist is the moment at which refused logs are tried again. */
  relisted(): void {
    const waiters = this.#relistWaiters;
    this.#relistWaiters = [];
    for (const wake of waiters) wake();
  }

  async #collectAll(run: TrackedRun, end: RunEnd, pods: Map<string, PodRecord>, giveUpMs: number): Promise<void> {
    let open = end.logs;
    while (open.length > 0) {
      const answers: FactAnswer[] = await Promise.all(
        open.map((key) => this.#collector.collect(run, key, pods.get(key.podUid), giveUpMs)),
      );
      open = open.filter((_, index) => answers[index] === "refused");
      if (open.length === 0 || this.#clock.monotonicMs() >= giveUpMs) return;
      await new Promise<void>((resolve) => this.#relistWaiters.push(resolve));
    }
  }
}
