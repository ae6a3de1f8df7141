import type { Follow, Unfollow } from "../../protocol/down.ts";
import { type FollowPosition, logMark, positionAtStart, positionOf } from "../../protocol/follow-position.ts";
import type { Lines, LogKey } from "../../protocol/up.ts";
import { FOLLOW_BATCH_BYTES, type RunKey } from "../../protocol/words.ts";
import type { Clock } from "../clock.ts";
import { runKeyText } from "../facts.ts";
import { Semaphore } from "../semaphore.ts";
import type { Follows } from "./follows.ts";
import { LiveLog } from "./live-log.ts";
import type { LogCollector } from "./log-collector.ts";
import { unreadMarker } from "./log-pieces.ts";
import { logsOfPod } from "./log-plan.ts";
import { type LogContext, LogReading } from "./log-reading.ts";
import { isOver, type PodRecord } from "./pods.ts";
import type { RunStore, TrackedRun } from "./run-store.ts";

/** Logs of one run that are followed for readers. */
export const MAX_READ_LOGS = 200;
/** What is held for readers of logs that nobody followed while they were written; such a log beyond it is not read. */
const MAX_READ_BYTES = 64 * 1024 * 1024;
const TOO_MUCH = "too much of other containers that have ended is held for its readers";
/** Lines that come close upon each other travel together. */
const GATHER_MS = 50;
/** A run at which nobody has looked for so long is not followed for readers any more. */
const LAPSE_MS = 15_000;
/** A reader whose connection broke is back within this. */
const UNFOLLOW_MS = 5_000;
/** The log of an ended container that can't be had for so long is given up for those who wait for it. */
const READ_OUT_MS = 20_000;

/** A run that somebody looks at. */
type Looked = {
  key: RunKey;
  /** By their marks. */
  logs: Map<string, LiveLog>;
  /** Logs whose containers have ended, by their marks: they are read to their ends. */
  ended: Set<string>;
  /** Those of them whose turn has not come. */
  unread: number;
  /** No container of it will start any more. */
  hasEnded: boolean;
  /** Questions that are not answered yet. */
  open: Set<AbortController>;
  /** When it is let go, if nobody asks before, monotonic ms. */
  untilMs: number;
  waiting: Set<() => void>;
  watcher: () => void;
};

/**
 * Answers those who look at a run's logs while it runs, from the same follows and readings that its rows are made of. It asks the
 * cluster for nothing while nobody looks: a run is looked at as long as one question follows the other.
 */
export class LiveLogs {
  readonly #clock: Clock;
  readonly #store: RunStore;
  readonly #follows: Follows;
  readonly #collector: LogCollector;
  readonly #say: (lines: Lines) => void;
  readonly #signal: AbortSignal;
  readonly #looked = new Map<string, Looked>();
  /** Logs that nobody followed are read one after another. */
  readonly #turns = new Semaphore(1);

  constructor(options: {
    clock: Clock;
    store: RunStore;
    follows: Follows;
    collector: LogCollector;
    say: (lines: Lines) => void;
    signal: AbortSignal;
  }) {
    this.#clock = options.clock;
    this.#store = options.store;
    this.#follows = options.follows;
    this.#collector = options.collector;
    this.#say = options.say;
    this.#signal = options.signal;
  }

  /** Takes a question, or the word that nobody looks any more. */
  take(command: Follow | Unfollow): void {
    const known = this.#looked.get(runKeyText(command));
    if (command.type === "follow") {
      void this.#answer(known ?? this.#look(command), command);
      return;
    }
    if (!known) return;
    known.untilMs = this.#clock.monotonicMs() + UNFOLLOW_MS;
    for (const question of known.open) question.abort();
  }

  /** Something of a run changed, or a second has passed: its containers that have started are followed where somebody looks. */
  watch(run: TrackedRun, pods: readonly PodRecord[]): void {
    const looked = this.#looked.get(runKeyText(run.key));
    if (looked) this.#watch(looked, run, pods);
  }

  /** No container of the run will start any more; what its pods still have to say is read to its end. */
  ended(run: TrackedRun, pods: readonly PodRecord[]): void {
    const looked = this.#looked.get(runKeyText(run.key));
    if (!looked) return;
    this.#watch(looked, run, pods);
    for (const pod of pods) for (const key of logsOfPod(pod)) this.#readOut(looked, run, key, pod);
    looked.hasEnded = true;
    looked.watcher();
  }

  #look({ jobId, run }: RunKey): Looked {
    const key = { jobId, run };
    const waiting = new Set<() => void>();
    const watcher = (): void => {
      for (const wake of waiting) wake();
    };
    const looked: Looked = {
      ...{ key, waiting, watcher },
      ...{ logs: new Map(), ended: new Set(), unread: 0, hasEnded: false, open: new Set(), untilMs: 0 },
    };
    this.#looked.set(runKeyText(key), looked);
    for (const tracked of this.#store.ofRun(key)) {
      const pods = this.#store.podsOf(tracked.uid);
      if (tracked.said.ended || tracked.settled) this.ended(tracked, pods);
      else this.#watch(looked, tracked, pods);
    }
    void this.#letGoInTime(looked);
    return looked;
  }

  async #letGoInTime(looked: Looked): Promise<void> {
    const { clock, signal } = { clock: this.#clock, signal: this.#signal };
    looked.untilMs = clock.monotonicMs() + LAPSE_MS;
    while (!signal.aborted && (looked.open.size > 0 || clock.monotonicMs() < looked.untilMs)) {
      await clock.sleep(1_000, signal);
    }
    this.#looked.delete(runKeyText(looked.key));
    for (const { key, reading } of looked.logs.values()) {
      reading.watchers.delete(looked.watcher);
      this.#follows.letGo(key);
    }
  }

  #watch(looked: Looked, run: TrackedRun, pods: readonly PodRecord[]): void {
    for (const pod of pods) {
      for (const key of logsOfPod(pod)) {
        const container = pod.containers.find(({ name }) => name === key.container);
        const isRunning = container?.running === true && container.restart === key.restart;
        if (isRunning && !pod.gone) this.#attach(looked, run, key, pod);
        else if (isSettled(run, key, pod)) this.#readOut(looked, run, key, pod);
      }
    }
  }

  #attach(looked: Looked, run: TrackedRun, key: LogKey, pod: PodRecord): void {
    const isKnown = looked.logs.has(logMark(key));
    if (!isKnown && looked.logs.size >= MAX_READ_LOGS) return;
    // Again and again: a stream that ended too early is opened anew.
    const isFollowed = this.#follows.attach(run.namespace, key, this.#collector.context(run, key, pod), "reader");
    const reading = isFollowed ? this.#follows.readingOf(key) : null;
    if (reading !== null && !isKnown) this.#add(looked, new LiveLog(key, reading, this.#clock.monotonicMs()));
  }

  #readOut(looked: Looked, run: TrackedRun, key: LogKey, pod: PodRecord): void {
    const mark = logMark(key);
    if (looked.ended.has(mark)) return;
    if (looked.logs.has(mark)) {
      looked.ended.add(mark);
      this.#collector.readOut(run, key, pod, this.#clock.monotonicMs() + READ_OUT_MS);
      return;
    }
    // What nobody followed of a pod that is gone can't be had any more.
    if (looked.logs.size + looked.unread >= MAX_READ_LOGS || (pod.gone && this.#follows.readingOf(key) === null))
      return;
    looked.ended.add(mark);
    looked.unread++;
    void this.#turns.run(1, () => this.#readUnfollowed(looked, run, key, pod));
  }

  async #readUnfollowed(looked: Looked, run: TrackedRun, key: LogKey, pod: PodRecord): Promise<void> {
    looked.unread--;
    const nowMs = this.#clock.monotonicMs();
    if (!this.#looked.has(runKeyText(looked.key))) return;
    if (this.#heldBytes() > MAX_READ_BYTES) {
      this.#add(looked, new LiveLog(key, unread(this.#collector.context(run, key, pod)), nowMs));
      return;
    }
    const { reading, over } = this.#collector.readOut(run, key, pod, nowMs + READ_OUT_MS);
    this.#add(looked, new LiveLog(key, reading, nowMs));
    await over;
  }

  #heldBytes(): number {
    const logs = [...this.#looked.values()].flatMap(({ logs }) => [...logs.values()]);
    return logs.reduce((bytes, { reading }) => bytes + reading.cutter.heldBytes, 0);
  }

  #add(looked: Looked, log: LiveLog): void {
    looked.logs.set(logMark(log.key), log);
    log.reading.watchers.add(looked.watcher);
    looked.watcher();
  }

  async #answer(looked: Looked, ask: Follow): Promise<void> {
    const after = positionOf(ask.after) ?? positionAtStart(ask.run);
    const untilMs = this.#clock.monotonicMs() + ask.waitMs;
    const question = new AbortController();
    looked.open.add(question);
    const signal = AbortSignal.any([question.signal, this.#signal]);
    let logs = this.#linesAfter(looked, after);
    while (logs.length === 0 && !this.#isDone(looked, ask) && !signal.aborted) {
      const leftMs = untilMs - this.#clock.monotonicMs();
      if (leftMs <= 0) break;
      await this.#change(looked, leftMs, signal);
      if (!looked.hasEnded) await this.#clock.sleep(GATHER_MS, signal);
      logs = this.#linesAfter(looked, after);
    }
    looked.open.delete(question);
    if (looked.open.size === 0 && !question.signal.aborted) looked.untilMs = this.#clock.monotonicMs() + LAPSE_MS;
    const { jobId, run } = looked.key;
    const done = logs.length === 0 && this.#isDone(looked, ask);
    this.#say({ type: "lines", jobId, run, ask: ask.ask, logs, done });
  }

  #linesAfter(looked: Looked, after: FollowPosition): Lines["logs"] {
    const nowMs = this.#clock.monotonicMs();
    let room = FOLLOW_BATCH_BYTES;
    const logs: Lines["logs"] = [];
    for (const [mark, log] of looked.logs) {
      if (room <= 0) break;
      const lines = log.take(after.logs.get(mark) ?? null, room, nowMs);
      if (lines.length === 0) continue;
      room -= lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      logs.push({ log: log.key, lines: lines.map(({ line, text }): [number, string] => [line, text]) });
    }
    return logs;
  }

  /** Whether nothing more can come: the run's logs are read to their ends, or this process knows nothing of a run that is over. */
  #isDone(looked: Looked, ask: Follow): boolean {
    if (looked.unread > 0) return false;
    const isUnknown = looked.logs.size === 0 && this.#store.ofRun(looked.key).every(({ settled }) => settled);
    if (!looked.hasEnded && !(ask.ended && isUnknown)) return false;
    return [...looked.logs.values()].every(({ isOver }) => isOver);
  }

  async #change(looked: Looked, mostMs: number, signal: AbortSignal): Promise<void> {
    const changed = new AbortController();
    const wake = (): void => changed.abort();
    looked.waiting.add(wake);
    await this.#clock.sleep(mostMs, AbortSignal.any([signal, changed.signal]));
    looked.waiting.delete(wake);
  }
}

/**
 * Whether the log API will give this start's log and no other's: it knows a container's present start and the one before, and a
 * container that ended may start again at any moment.
 */
function isSettled(run: TrackedRun, key: LogKey, pod: PodRecord): boolean {
  const container = pod.containers.find(({ name }) => name === key.container);
  if (isOver(pod) || container === undefined || container.restart > key.restart) return true;
  if (run.job.spec.template.spec.restartPolicy === "OnFailure") return false;
  return !container.init || container.ends.get(key.restart)?.exitCode === 0;
}

/** Stands for a log that is not read for those who look; its row, if it gets one, is. */
function unread(context: LogContext): LogReading {
  const reading = new LogReading(context);
  reading.cutter.push(Buffer.from(unreadMarker(TOO_MUCH)));
  reading.outcome = { problem: TOO_MUCH };
  return reading;
}
