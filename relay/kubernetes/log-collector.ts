import type { LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { FactAnswer, Report } from "../facts.ts";
import { Semaphore } from "../semaphore.ts";
import type { KubernetesCalls } from "./calls.ts";
import type { Follows } from "./follows.ts";
import type { LogPeeks } from "./log-peeks.ts";
import { readEndedLog } from "./log-read.ts";
import { type LogContext, LogReading } from "./log-reading.ts";
import { LogSender } from "./log-sender.ts";
import { logLimitBytes } from "./numbers.ts";
import type { PodRecord } from "./pods.ts";
import type { TrackedRun } from "./run-store.ts";

const MAX_READS = 16;
/** Logs are held until they are confirmed: a pod that is gone can't be asked twice. */
const MAX_HELD_BYTES = 192 * 1024 * 1024;
const BEFORE_PREVIOUS = "a node keeps the logs of a container's last two starts, and nobody read this one while it ran";
const BROKE_OFF = "it is gone, and the follow of it had broken off";

/** Which log is to be brought up: its run, its pod as far as it is known, and until when it is tried (monotonic ms). */
type Wanted = { run: TrackedRun; key: LogKey; pod: PodRecord | undefined; giveUpMs: number };

/** Reads logs of ended runs, a bounded number at a time, and sends them in pieces. */
export class LogCollector {
  readonly #calls: KubernetesCalls;
  readonly #clock: Clock;
  readonly #follows: Follows;
  readonly #peeks: LogPeeks;
  readonly #report: Report;
  readonly #signal: AbortSignal;
  readonly #onBytes: (bytes: number) => void;
  readonly #reads = new Semaphore(MAX_READS);
  readonly #memory = new Semaphore(MAX_HELD_BYTES);
  /** Readings whose rest is read, or was: for a row and for readers once. */
  readonly #rests = new WeakMap<LogReading, Promise<string | null>>();

  constructor(options: {
    calls: KubernetesCalls;
    clock: Clock;
    follows: Follows;
    peeks: LogPeeks;
    report: Report;
    signal: AbortSignal;
    onBytes: (bytes: number) => void;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#follows = options.follows;
    this.#peeks = options.peeks;
    this.#report = options.report;
    this.#signal = options.signal;
    this.#onBytes = options.onBytes;
  }

  /** What a follow, or a read, of this log has to know. */
  context(run: TrackedRun, key: LogKey, pod: PodRecord | undefined): LogContext {
    const container = pod?.containers.find(({ name }) => name === key.container);
    return {
      limitBytes: logLimitBytes(run.job),
      startedAt: container?.restart === key.restart ? container.startedAt : null,
      witness: () => this.#peeks.witness(key),
    };
  }

  /** Nothing more is wanted of a pod's logs. */
  forget(podUid: string): void {
    this.#follows.drop(podUid);
    this.#peeks.drop(podUid);
  }

  /** Brings one log up. `refused`: the control plane did not take it, try again later; all else is done with. */
  collect(run: TrackedRun, key: LogKey, pod: PodRecord | undefined, giveUpMs: number): Promise<FactAnswer> {
    return this.#reads.run(1, () =>
      this.#memory.run(logLimitBytes(run.job), () => this.#collect({ run, key, pod, giveUpMs })),
    );
  }

  /** Reads the log of a container that has ended for those who look at it; its row, if it gets one, is made of the same reading. */
  readOut(
    run: TrackedRun,
    key: LogKey,
    pod: PodRecord,
    giveUpMs: number,
  ): { reading: LogReading; over: Promise<void> } {
    const followed = this.#follows.take(key);
    const reading = followed?.reading ?? this.#follows.adopt(key, this.context(run, key, pod));
    const wanted = { run, key, pod, giveUpMs };
    const over = this.#reads.run(1, () => this.#read(wanted, reading, followed?.drained ?? null));
    return { reading, over: over.then(() => reading.wake()) };
  }

  async #collect(wanted: Wanted): Promise<FactAnswer> {
    const { run, key, pod } = wanted;
    const followed = this.#follows.take(key);
    const reading = followed?.reading ?? new LogReading(this.context(run, key, pod));
    const over = this.#read(wanted, reading, followed?.drained ?? null);
    const ports = { clock: this.#clock, report: this.#report, onBytes: this.#onBytes };
    const answer = await new LogSender(ports, run, key, pod?.severalContainers ?? false).send(reading, over);
    await over;
    // What was followed of a pod that is gone is all there is: it is kept until it is taken.
    if (answer !== "refused") this.#follows.release(key);
    return answer;
  }

  /** Reads what is left to be read; answers why the log is not whole, null: it is. */
  #read(wanted: Wanted, reading: LogReading, drained: Promise<boolean> | null): Promise<string | null> {
    const rest = this.#rests.get(reading) ?? this.#readOnce(wanted, reading, drained);
    this.#rests.set(reading, rest);
    return rest;
  }

  async #readOnce(wanted: Wanted, reading: LogReading, drained: Promise<boolean> | null): Promise<string | null> {
    const problem = await this.#readRest(wanted, reading, drained);
    reading.outcome = { problem };
    return problem;
  }

  async #readRest(wanted: Wanted, reading: LogReading, drained: Promise<boolean> | null): Promise<string | null> {
    const { run, key, pod, giveUpMs } = wanted;
    const wasFollowed = (await drained) ?? false;
    reading.endedWithContainer = wasFollowed;
    const newest = pod?.containers.find((container) => container.name === key.container)?.restart ?? key.restart;
    if (key.restart < newest - 1) return wasFollowed ? null : drained === null ? BEFORE_PREVIOUS : BROKE_OFF;
    const problem = await readEndedLog({
      calls: this.#calls,
      clock: this.#clock,
      reading,
      request: {
        namespace: run.namespace,
        podName: key.podName,
        container: key.container,
        previous: key.restart < newest,
        follow: false,
      },
      giveUpMs,
      signal: this.#signal,
    });
    if (problem === null) return null;
    if (!problem.isGone || drained === null) return problem.words;
    return wasFollowed ? null : BROKE_OFF;
  }
}
