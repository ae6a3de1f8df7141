import type { LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { KubernetesCalls } from "./calls.ts";
import { logKeyText } from "./log-plan.ts";
import { type LogContext, LogReading, type StreamEnd } from "./log-reading.ts";

/** Each follow holds a connection and, on the node, an inotify instance (kubelet has 128 by default). */
export const MAX_FOLLOWS = 64;
/** Follows that only guard against a rotation leave room for those without which a log would be gone. */
export const MAX_GUARDING_FOLLOWS = 48;
/** Followed output in memory; above it follows stop reading, and kubelet's file holds what is to come. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;
const HELD_CHECK_MS = 100;
/** A stream that ended while its container still runs was cut by a kubelet restart: a clean end means nothing. */
const REATTACH_MS = { first: 1_000, most: 8_000 };
/** After its container's end a follow is read as long as output comes, and this much longer. */
const DRAIN_MS = 2_000;

/** Why a log is followed: its pod will be deleted with it, or a rotation would take its beginning. */
export type FollowReason = "pod_goes" | "rotation";

type Follow = {
  reading: LogReading;
  abort: AbortController;
  /** The stream that is open, or was last. */
  stream: Promise<StreamEnd>;
  /** How the last stream ended and when (monotonic ms); null: it is open. */
  end: { how: StreamEnd["end"]; ms: number } | null;
  reattachMs: number;
  runEnded: boolean;
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
    if (follow && !this.#isToReattach(follow)) return true;
    if (!follow) {
      if (this.#follows.size >= (reason === "pod_goes" ? MAX_FOLLOWS : MAX_GUARDING_FOLLOWS)) return false;
      follow = newFollow(context);
      this.#follows.set(text, follow);
    }
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

  /** Nothing more is wanted of this log. */
  release(key: LogKey): void {
    this.#follows.get(logKeyText(key))?.abort.abort();
    this.#follows.delete(logKeyText(key));
  }

  /** Drops the follows of a pod whose run needs no log any more. */
  drop(podUid: string): void {
    for (const [text, follow] of this.#follows) {
      if (!text.startsWith(`${podUid}/`)) continue;
      follow.abort.abort();
      this.#follows.delete(text);
    }
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

function newFollow(context: LogContext): Follow {
  return {
    reading: new LogReading(context),
    abort: new AbortController(),
    stream: Promise.resolve({ end: "clean" }),
    end: null,
    reattachMs: REATTACH_MS.first,
    runEnded: false,
  };
}
