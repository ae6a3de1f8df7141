import type { Readable } from "node:stream";
import { abandon, type KubernetesCalls, type LogRequest } from "./calls.ts";
import { type ApiFailure, failureFromError } from "./failures.ts";
import { missingBeginning, type Witness } from "./log-beginning.ts";
import { LogCutter } from "./log-cut.ts";
import { LogLines } from "./log-lines.ts";
import { unreadMarker } from "./log-pieces.ts";
import { secondOf } from "./log-stamps.ts";

/** How one stream of a log ended. `clean` alone does not say that the log is whole: kubelet's own end looks the same. */
export type StreamEnd =
  | { end: "clean" }
  | { end: "kubelet_error"; words: string }
  | { end: "failed"; failure: ApiFailure };

/** What is known of a log before it is read. `startedAt`: its container's start, epoch ms by the node's clock. */
export type LogContext = { limitBytes: number; startedAt: number | null; witness: () => Witness };

const GAP = "the node rotated it while nobody read it; lines may be missing here";

/** One log in the reading: what is kept of it, and where a further stream goes on. */
export class LogReading {
  readonly cutter: LogCutter;
  /** Set once nothing more is read: why the log is not whole, null: it is. */
  outcome: { problem: string | null } | null = null;
  readonly #lines: LogLines;
  /**
   * A follow has read its file to the end: kubelet ends it there, although a rotation may have begun a new file meanwhile
   * (waitLogs in cri-client's logs.go asks first whether the container runs). What comes then comes right after.
   */
  endedWithContainer = false;
  #openedAt = 0;
  /** Called whenever more has come, or the reading is over: those who follow it. */
  readonly watchers = new Set<() => void>();
  #wake: (() => void) | null = null;

  constructor(context: LogContext) {
    this.cutter = new LogCutter(context.limitBytes);
    this.#lines = new LogLines({
      onOutput: (bytes) => this.cutter.push(bytes),
      onFirst: (firstStamp) => {
        const { startedAt } = context;
        const why = missingBeginning({ firstStamp, startedAt, openedAt: this.#openedAt, witness: context.witness() });
        return why === null ? "" : unreadMarker(why);
      },
      onGap: () => (this.endedWithContainer ? "" : unreadMarker(GAP)),
    });
  }

  /** Reads a stream to its end, from where the last one broke off; `ready` holds it back while memory is short. */
  async stream(
    calls: KubernetesCalls,
    request: LogRequest,
    signal: AbortSignal,
    ready: () => Promise<void> = async () => {},
  ): Promise<StreamEnd> {
    this.#lines.begin();
    const { lastStamp } = this.#lines;
    this.#openedAt = calls.api.serverNowMs();
    const since = lastStamp === "" ? {} : { sinceTime: secondOf(lastStamp) };
    const answer = await calls.openLog({ ...request, ...since }, signal);
    if (!answer.ok) return { end: "failed", failure: answer.failure };
    try {
      await this.#pump(answer.body, ready);
    } catch (error) {
      return { end: "failed", failure: failureFromError(error) };
    }
    const words = this.#lines.problem;
    return words === null ? { end: "clean" } : { end: "kubelet_error", words };
  }

  /** Resolves when more has come, or when the reading is over. */
  progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Wakes whoever waits for progress. */
  wake(): void {
    this.#wake?.();
    this.#wake = null;
    for (const watcher of this.watchers) watcher();
  }

  async #pump(body: Readable, ready: () => Promise<void>): Promise<void> {
    try {
      for await (const chunk of body) {
        if (Buffer.isBuffer(chunk)) this.#lines.push(chunk);
        this.wake();
        if (this.#lines.problem !== null) return;
        await ready();
      }
      this.#lines.end();
    } finally {
      abandon(body);
    }
  }
}
