import type { LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { KubernetesCalls } from "./calls.ts";
import { logKeyText } from "./log-plan.ts";
import { type LogContext, LogReading, type StreamEnd } from "./log-reading.ts";

/** Each follow holds a connection and, on the node, an inotify instance (kubelet has 128 by default). */
export const MAX_FOLLOWS = 64;
/** Follows that only guard against a rotation leave room for those without which a log would be gone. */
export const MAX_GUARDING_FOLLOWS = 48;
/** Follows that only readers want, beside the others. */
export const MAX_READER_FOLLOWS = 16;
/** Followed output in memory; above it follows stop reading, and kubelet's file holds what is to come. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;
const HELD_CHECK_MS = 100;
/** A stream that ended while its container still runs was cut by a kubelet restart: a clean end means nothing. */
const REATTACH_MS = { first: 1_000, most: 8_000 };
/** After its container's end a follow is read as long as output comes, and this much longer. */
const DRAIN_MS = 2_000;

/** Why a log is followed: its pod will be deleted with it, a rotation would take its beginning, or somebody looks at it. */
export type FollowReason = "pod_goes" | "rotation" | "reader";

type Follow = {
  reading: LogReading;
  abort: AbortController;
  /** The stream that is open, or was last. */
  stream: Promise<StreamEnd>;
  /** How the last stream ended and when (monotonic ms); null: it is open. */
  end: { how: StreamEnd["end"]; ms: number } | null;
  reattachMs: number;
  runEnded: boolean;
  /** It is kept for the log's row. */
  isWanted: boolean;
  /** Somebody looks at it. */
  isRead: boolean;
};

/** Logs that are read while their containers run. Each is kept until it is released: its log is confirmed, or needs none. */
export class Follows {
  readonly #calls: KubernetesCalls;
  readonly #clock: Clock;
  readonly #follows = new Map<string, Follow>();

  constructor(calls: KubernetesCalls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  /** The logs that are, or were, followed. */
  get keys(): ReadonlySet<string> {
    return new Set(this.#follows.keys());
  }

  /** Attaches to a running container; again, from where it was, where the last stream ended too early. False: no room. */
  attach(namespace: string, key: LogKey, context: LogContext, reason: FollowReason): boolean {
    const text = logKeyText(key);
    let follow = this.#follows.get(text);
    if (!follow || !isFor(follow, reason)) {
      if (!this.#hasRoom(reason)) return false;
      follow ??= this.#add(text, context);
      if (reason === "reader") follow.isRead = true;
      else follow.isWanted = true;
    }
    if (!this.#isToReattach(follow)) return true;
    const request = { namespace, podName: key.podName, container: key.container, previous: false, follow: true };
    follow.end = null;
    follow.stream = this.#read(follow, request);
    return true;
  }

  /** The reading of a follow; null: it was not followed. `drained` resolves once its stream is over: whether by itself. */
  take(key: LogKey): { reading: LogReading; drained: Promise<boolean> } | null {
    const follow = this.#follows.get(logKeyText(key));
    if (!follow) return null;
    follow.runEnded = true;
    return { reading: follow.reading, drained: this.#drain(follow) };
  }

  /** The reading of a log that is, or was, followed; null: it was not. */
  readingOf(key: LogKey): LogReading | null {
    return this.#follows.get(logKeyText(key))?.reading ?? null;
  }

  /** A reading for a log that has ended and was not followed, kept like a follow's, so that its row needs no second one. */
  adopt(key: LogKey, context: LogContext): LogReading {
    const follow = this.#add(logKeyText(key), context);
    follow.isRead = true;
    follow.runEnded = true;
    follow.end = { how: "failed", ms: this.#clock.monotonicMs() };
    return follow.reading;
  }

  /** Nothing more is wanted of this log for its row. */
  release(key: LogKey): void {
    this.#unwant(logKeyText(key));
  }

  /** Drops the follows of a pod whose run needs no log any more. */
  drop(podUid: string): void {
    for (const text of this.#follows.keys()) if (text.startsWith(`${podUid}/`)) this.#unwant(text);
  }

  /** Nobody looks at this log any more. */
  letGo(key: LogKey): void {
    const text = logKeyText(key);
    const follow = this.#follows.get(text);
    if (!follow) return;
    follow.isRead = false;
    if (!follow.isWanted) this.#forget(text, follow);
  }

  #unwant(text: string): void {
    const follow = this.#follows.get(text);
    if (!follow) return;
    follow.isWanted = false;
    if (!follow.isRead) this.#forget(text, follow);
  }

  #forget(text: string, follow: Follow): void {
    follow.abort.abort();
    this.#follows.delete(text);
  }

  #add(text: string, context: LogContext): Follow {
    const follow = newFollow(context, this.#clock.monotonicMs());
    this.#follows.set(text, follow);
    return follow;
  }

  #hasRoom(reason: FollowReason): boolean {
    const follows = [...this.#follows.values()];
    if (reason === "reader") {
      return follows.filter(({ isWanted, runEnded }) => !isWanted && !runEnded).length < MAX_READER_FOLLOWS;
    }
    const most = reason === "pod_goes" ? MAX_FOLLOWS : MAX_GUARDING_FOLLOWS;
    return follows.filter(({ isWanted }) => isWanted).length < most;
  }

  #isToReattach(follow: Follow): boolean {
    if (follow.end === null || follow.runEnded) return false;
    return this.#clock.monotonicMs() - follow.end.ms >= follow.reattachMs;
  }

  async #read(follow: Follow, request: Parameters<KubernetesCalls["openLog"]>[0]): Promise<StreamEnd> {
    const before = follow.reading.cutter.totalBytes;
    const end = await follow.reading.stream(this.#calls, request, follow.abort.signal, () => this.#room(follow));
    const hasNews = follow.reading.cutter.totalBytes > before;
    follow.reattachMs = hasNews ? REATTACH_MS.first : Math.min(REATTACH_MS.most, follow.reattachMs * 2);
    follow.end = { how: end.end, ms: this.#clock.monotonicMs() };
    return end;
  }

  async #drain(follow: Follow): Promise<boolean> {
    let bytes = -1;
    while (follow.end === null && bytes < follow.reading.cutter.totalBytes) {
      bytes = follow.reading.cutter.totalBytes;
      await Promise.race([follow.stream, this.#clock.sleep(DRAIN_MS, follow.abort.signal)]);
    }
    const isBySelf = follow.end?.how === "clean";
    follow.abort.abort();
    await follow.stream;
    return isBySelf;
  }

  async #room(follow: Follow): Promise<void> {
    while (!follow.runEnded && !follow.abort.signal.aborted && this.#heldBytes() > MAX_HELD_BYTES) {
      await this.#clock.sleep(HELD_CHECK_MS, follow.abort.signal);
    }
  }

  #heldBytes(): number {
    let bytes = 0;
    for (const follow of this.#follows.values()) bytes += follow.reading.cutter.heldBytes;
    return bytes;
  }
}

function isFor(follow: Follow, reason: FollowReason): boolean {
  return reason === "reader" ? follow.isRead : follow.isWanted;
}

/** One that is to be attached at once. */
function newFollow(context: LogContext, nowMs: number): Follow {
  return {
    ...{ isWanted: false, isRead: false },
    reading: new LogReading(context),
    abort: new AbortController(),
    stream: Promise.resolve({ end: "clean" }),
    end: { how: "clean", ms: nowMs - REATTACH_MS.first },
    reattachMs: REATTACH_MS.first,
    runEnded: false,
  };
}
