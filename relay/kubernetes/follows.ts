import type { LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { KubernetesCalls } from "./calls.ts";
import { LogCutter } from "./log-cut.ts";
import { TimestampStripper } from "./log-lines.ts";
import { logKeyText } from "./log-plan.ts";
import { type LogResult, pump } from "./log-read.ts";

/** Each follow holds a connection and, on the node, an inotify instance (kubelet has 128 by default). */
const MAX_FOLLOWS = 64;
/** Followed output in memory; above it follows stop reading, and kubelet's file holds what is to come. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;
const HELD_CHECK_MS = 100;
/** A stream that ended this long ago while its container still runs was cut by a kubelet restart: a clean end means nothing. */
const REATTACH_MS = 3_000;
/** How long after its container's end a follow may still bring output. */
const DRAIN_MS = 5_000;

type Follow = {
  cutter: LogCutter;
  stripper: TimestampStripper;
  abort: AbortController;
  /** True when the stream ended of itself, false when it broke. */
  ended: Promise<boolean>;
  /** Monotonic ms; null: still reading. */
  endedMs: number | null;
  runEnded: boolean;
};

/** Logs that are read while their containers run, since their pods will be deleted together with them. */
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

  /** Attaches to a running container; again, from its beginning, where the last stream ended too early. */
  attach(namespace: string, key: LogKey, limitBytes: number): void {
    const text = logKeyText(key);
    const earlier = this.#follows.get(text);
    if (earlier && (earlier.endedMs === null || this.#clock.monotonicMs() - earlier.endedMs < REATTACH_MS)) return;
    if (!earlier && this.#follows.size >= MAX_FOLLOWS) return;
    const cutter = new LogCutter(limitBytes);
    const follow: Follow = {
      cutter,
      stripper: new TimestampStripper((bytes) => cutter.push(bytes)),
      abort: new AbortController(),
      ended: Promise.resolve(false),
      endedMs: null,
      runEnded: false,
    };
    this.#follows.set(text, follow);
    const request = { namespace, podName: key.podName, container: key.container, previous: false, follow: true };
    follow.ended = this.#read(follow, request);
  }

  /**
   * What a follow brought, after its container's end. null: it was not followed, or broke off, so that the log is better
   * read from the pod as long as that is there.
   */
  async take(key: LogKey): Promise<(LogResult & { whole: boolean }) | null> {
    const text = logKeyText(key);
    const follow = this.#follows.get(text);
    if (!follow) return null;
    follow.runEnded = true;
    const drained = this.#clock.sleep(DRAIN_MS, follow.abort.signal).then(() => false);
    const whole = await Promise.race([follow.ended, drained]);
    follow.abort.abort();
    await follow.ended;
    this.#follows.delete(text);
    const problem = follow.stripper.problem ?? (whole ? null : "the follow broke off");
    return { log: follow.cutter.finish(), problem, whole: whole && follow.stripper.problem === null };
  }

  /** Drops the follows of a pod whose run needs no log any more. */
  drop(podUid: string): void {
    for (const [text, follow] of this.#follows) {
      if (!text.startsWith(`${podUid}/`)) continue;
      follow.abort.abort();
      this.#follows.delete(text);
    }
  }

  async #read(follow: Follow, request: Parameters<KubernetesCalls["openLog"]>[0]): Promise<boolean> {
    const answer = await this.#calls.openLog(request, follow.abort.signal);
    try {
      if (answer.ok) await pump(answer.body, follow.stripper, () => this.#room(follow));
      return answer.ok;
    } catch {
      // Broken off or aborted: `take` says so in the log's `problem`.
      return false;
    } finally {
      follow.endedMs = this.#clock.monotonicMs();
    }
  }

  async #room(follow: Follow): Promise<void> {
    while (!follow.runEnded && !follow.abort.signal.aborted && this.#heldBytes() > MAX_HELD_BYTES) {
      await this.#clock.sleep(HELD_CHECK_MS, follow.abort.signal);
    }
  }

  #heldBytes(): number {
    let bytes = 0;
    for (const follow of this.#follows.values()) bytes += follow.cutter.heldBytes;
    return bytes;
  }
}
