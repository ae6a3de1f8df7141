import type { LogCut, LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { FactAnswer, Report } from "../facts.ts";
import type { KeptLog } from "./log-cut.ts";
import { LogPieces, restOfPieces } from "./log-pieces.ts";
import type { LogReading } from "./log-reading.ts";
import type { TrackedRun } from "./run-store.ts";

/** Pieces of one log on their way at once. */
const MAX_PIECES_IN_FLIGHT = 8;
/** The control plane waits 10 s for a byte; while a log is read that has nothing to send yet it hears of it this often. */
const SIGN_OF_LIFE_MS = 4_000;

/**
 * Sends one log in pieces, its head while the rest is still being read: what the tail is only the end tells. Answers
 * `refused` where the control plane did not take it; it may be sent anew then.
 */
export class LogSender {
  readonly #clock: Clock;
  readonly #report: Report;
  readonly #onBytes: (bytes: number) => void;
  readonly #fact: TrackedRun["key"] & { type: "log"; log: LogKey; severalContainers: boolean };
  readonly #inFlight: Promise<FactAnswer>[] = [];
  #seq = 0;
  #lastSentMs: number;

  constructor(
    ports: { clock: Clock; report: Report; onBytes: (bytes: number) => void },
    run: TrackedRun,
    log: LogKey,
    severalContainers: boolean,
  ) {
    this.#clock = ports.clock;
    this.#report = ports.report;
    this.#onBytes = ports.onBytes;
    this.#fact = { type: "log", ...run.key, log, severalContainers };
    this.#lastSentMs = ports.clock.monotonicMs();
  }

  /** `over` resolves with why the log is not whole (null: it is) once nothing more is read; it never rejects. */
  async send(reading: LogReading, over: Promise<string | null>): Promise<FactAnswer> {
    const pieces = new LogPieces();
    let givenBytes = 0;
    let isOver = false;
    const ended = over.then((problem) => {
      isOver = true;
      reading.wake();
      return problem;
    });
    while (!isOver) {
      const progress = reading.progress();
      const blocks = reading.cutter.settledFrom(givenBytes);
      for (const block of blocks) givenBytes += block.length;
      for (const text of pieces.add(blocks)) {
        const answer = await this.#piece(text, null);
        if (answer !== "ok") return answer;
      }
      this.#signOfLife();
      await progress;
    }
    const problem = await ended;
    return await this.#rest(reading.cutter.finish(), pieces, givenBytes, problem);
  }

  async #rest(log: KeptLog, begun: LogPieces, givenBytes: number, problem: string | null): Promise<FactAnswer> {
    const pieces = restOfPieces(log, begun, givenBytes);
    let piece = pieces.next();
    while (!piece.done) {
      const text = piece.value;
      piece = pieces.next();
      const answer = await this.#piece(text, piece.done ? { problem, cut: cutOf(log, begun) } : null);
      if (answer !== "ok") return answer;
    }
    const answers = await Promise.all(this.#inFlight);
    return answers.find((answer) => answer !== "ok") ?? "ok";
  }

  /** Sends a piece, and waits for the oldest one where many are on their way; `end`: it is the last. */
  async #piece(text: string, end: { problem: string | null; cut: LogCut | null } | null): Promise<FactAnswer> {
    this.#onBytes(Buffer.byteLength(text));
    const problem = end?.problem == null ? {} : { problem: end.problem };
    const cut = end?.cut == null ? {} : { cut: end.cut };
    const fact = { ...this.#fact, seq: this.#seq++, text, last: end !== null, ...problem, ...cut };
    this.#inFlight.push(this.#report(fact, this.#clock.monotonicMs()));
    this.#lastSentMs = this.#clock.monotonicMs();
    return this.#inFlight.length < MAX_PIECES_IN_FLIGHT ? "ok" : ((await this.#inFlight.shift()) ?? "ok");
  }

  /** Bytes come that can't be sent yet: those of a middle that will be cut, or the beginning of a tail. */
  #signOfLife(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastSentMs < SIGN_OF_LIFE_MS) return;
    this.#lastSentMs = nowMs;
    this.#inFlight.push(this.#report({ ...this.#fact, seq: 0, text: "", last: false }, nowMs));
  }
}

/** Where the marker of a cut stands, once it has been written. */
function cutOf({ cutBytes, cutLines }: KeptLog, { interruption }: LogPieces): LogCut | null {
  return cutBytes === 0 ? null : { ...interruption, bytes: cutBytes, lines: cutLines };
}
