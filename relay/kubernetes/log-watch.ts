import type { Clock } from "../clock.ts";
import type { Follows } from "./follows.ts";
import type { LiveLogs } from "./live-logs.ts";
import type { LogCollector } from "./log-collector.ts";
import type { LogPeeks } from "./log-peeks.ts";
import { followFromMs } from "./log-plan.ts";
import type { PodRecord } from "./pods.ts";
import { collectsAll } from "./run-report.ts";
import type { TrackedRun } from "./run-store.ts";

/** What is known of a run besides its pods. `jobStartedMs` monotonic. */
export type LogMoment = {
  jobStartedMs: number;
  /** The Job itself is being removed: nobody wants its logs any more. */
  isGoing: boolean;
  /** A second has passed, rather than that something happened. */
  isTick: boolean;
};

/** Sees to it, while a run's containers run, that their logs can be had whole at the end, or what they lack can be said. */
export class LogWatch {
  readonly #clock: Clock;
  readonly #follows: Follows;
  readonly #peeks: LogPeeks;
  readonly #collector: LogCollector;
  readonly #live: LiveLogs;

  constructor(options: { clock: Clock; follows: Follows; peeks: LogPeeks; collector: LogCollector; live: LiveLogs }) {
    this.#clock = options.clock;
    this.#follows = options.follows;
    this.#peeks = options.peeks;
    this.#collector = options.collector;
    this.#live = options.live;
  }

  /** Follows what would be lost otherwise, and looks once at what is not followed. */
  watch(run: TrackedRun, pods: readonly PodRecord[], moment: LogMoment): void {
    const fromMs = followFromMs(run.job, moment.jobStartedMs) ?? Number.POSITIVE_INFINITY;
    this.#live.watch(run, pods);
    const isDue = this.#clock.monotonicMs() >= fromMs;
    // A rotation takes its time: jobs of a second need no follow for it.
    const mayRotate = moment.isTick && collectsAll(run.job);
    for (const pod of pods) {
      if (pod.gone) continue;
      // A pod that is evicted, or deleted by hand, takes its log with it.
      const podGoes = isDue || (pod.deleting && !moment.isGoing);
      const reason = podGoes ? "pod_goes" : mayRotate ? "rotation" : null;
      for (const container of pod.containers.filter(({ running }) => running)) {
        const key = { podName: pod.name, podUid: pod.uid, container: container.name, restart: container.restart };
        const context = this.#collector.context(run, key, pod);
        const isFollowed = reason !== null && this.#follows.attach(run.namespace, key, context, reason);
        if (!isFollowed && moment.isTick) this.#peeks.look(run.namespace, key);
      }
    }
  }

  /** No container of the run will start any more. */
  ended(run: TrackedRun, pods: readonly PodRecord[]): void {
    this.#live.ended(run, pods);
  }

  /** The Job is gone: nothing more is wanted of these pods' logs. */
  forget(run: TrackedRun, pods: readonly PodRecord[]): void {
    this.#live.ended(run, pods);
    for (const pod of pods) this.#collector.forget(pod.uid);
  }
}
