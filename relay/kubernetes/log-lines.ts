import { compareStamps, MAX_STAMP_BYTES, STAMP } from "./log-stamps.ts";

const MAX_PROBLEM_BYTES = 300;
const NEWLINE = 10;
const BLANK = 32;

/** What the lines of a log are handed to. `onFirst`: what is to stand before the first line; `onGap`: where lines may be missing. */
export type LineEvents = {
  onOutput: (bytes: Buffer) => void;
  onFirst: (stamp: string) => string;
  onGap: () => string;
};

/**
 * Strips the timestamp from every line of a log that was asked for with `timestamps=true`, without holding whole lines. A
 * line that has none is kubelet's own error text in an answer of HTTP 200, never output (platform notes, "Logs"). It
 * remembers where it is, so that a further stream goes on where the last one broke off.
 */
export class LogLines {
  readonly #events: LineEvents;
  #prefix: Buffer = Buffer.alloc(0);
  #atLineStart = true;
  #problem: Buffer | null = null;
  /** The last line's timestamp, how many lines had it, and how much of the last of them was given. */
  #stamp = Buffer.alloc(0);
  #linesOfStamp = 0;
  #lineBytes = 0;
  #endsLine = true;
  /** Lines of the last timestamp met again in a further stream; null: all that comes is new. */
  #metAgain: number | null = null;
  /** How much of the present line was given before, or is older. */
  #dropBytes = 0;

  constructor(events: LineEvents) {
    this.#events = events;
  }

  /** kubelet's words where they came instead of output; null: none did. */
  get problem(): string | null {
    return this.#problem === null ? null : this.#problem.toString("utf8").trim();
  }

  /** The timestamp of the last line that came; empty: none did. */
  get lastStamp(): string {
    return this.#stamp.toString("latin1");
  }

  /** A stream begins. One that is not the first brings lines again, by their timestamps' whole second. */
  begin(): void {
    this.#prefix = Buffer.alloc(0);
    this.#problem = null;
    this.#atLineStart = true;
    this.#dropBytes = 0;
    this.#metAgain = this.#linesOfStamp > 0 ? 0 : null;
  }

  /** Takes the body as it comes. */
  push(chunk: Buffer): void {
    if (this.#problem !== null) {
      this.#problem = Buffer.concat([this.#problem, chunk]).subarray(0, MAX_PROBLEM_BYTES);
      return;
    }
    // A timestamp that the last chunk began is looked at together with its rest.
    const bytes = this.#prefix.length === 0 ? chunk : Buffer.concat([this.#prefix, chunk]);
    this.#prefix = Buffer.alloc(0);
    // One buffer for all of a chunk's output: a log may have millions of short lines.
    const output = Buffer.allocUnsafe(bytes.length);
    const used = this.#strip(bytes, output);
    if (used > 0) this.#give(output.subarray(0, used));
  }

  /** The body is over. A prefix that never became a timestamp is an error text too. */
  end(): void {
    if (this.#atLineStart && this.#prefix.length > 0) this.#problem ??= this.#prefix;
  }

  #give(bytes: Buffer): void {
    this.#endsLine = bytes.at(-1) === NEWLINE;
    this.#events.onOutput(bytes);
  }

  /** Copies everything but timestamps, and what came before, to `output`; answers how much is left to be given. */
  #strip(bytes: Buffer, output: Buffer): number {
    let used = 0;
    for (let from = 0; from < bytes.length; ) {
      if (this.#atLineStart) {
        const stampBytes = timestampBytes(bytes, from);
        if (stampBytes === "unfinished") {
          this.#prefix = Buffer.from(bytes.subarray(from));
          return used;
        }
        if (stampBytes === "none") {
          this.#problem = Buffer.from(bytes.subarray(from, from + MAX_PROBLEM_BYTES));
          return used;
        }
        const words = this.#beginLine(bytes.subarray(from, from + stampBytes - 1));
        if (words !== "") {
          if (used > 0) this.#give(Buffer.from(output.subarray(0, used)));
          used = 0;
          this.#give(Buffer.from(`${this.#endsLine ? "" : "\n"}${words}`));
        }
        from += stampBytes;
        this.#atLineStart = false;
      }
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      const dropped = Math.min(this.#dropBytes, to - from);
      this.#dropBytes -= dropped;
      const copied = bytes.copy(output, used, from + dropped, to);
      used += copied;
      this.#lineBytes += copied;
      this.#atLineStart = newline >= 0;
      if (newline >= 0) this.#dropBytes = 0;
      from = to;
    }
    return used;
  }

  /** Takes a line's timestamp; answers the words that belong before the line, mostly none. */
  #beginLine(stamp: Buffer): string {
    const isSame = stamp.equals(this.#stamp);
    if (this.#metAgain !== null) {
      const order = isSame ? 0 : compareStamps(stamp.toString("latin1"), this.lastStamp);
      if (order < 0) {
        this.#dropBytes = Number.POSITIVE_INFINITY;
        return "";
      }
      if (order === 0 && this.#metAgain < this.#linesOfStamp) {
        this.#metAgain++;
        this.#dropBytes = this.#metAgain < this.#linesOfStamp ? Number.POSITIVE_INFINITY : this.#lineBytes;
        return "";
      }
      const isGap = this.#metAgain === 0;
      this.#metAgain = null;
      this.#advance(stamp, isSame);
      return isGap ? this.#events.onGap() : "";
    }
    const isFirst = this.#linesOfStamp === 0;
    this.#advance(stamp, isSame);
    return isFirst ? this.#events.onFirst(this.lastStamp) : "";
  }

  #advance(stamp: Buffer, isSame: boolean): void {
    this.#linesOfStamp = isSame ? this.#linesOfStamp + 1 : 1;
    this.#lineBytes = 0;
    if (isSame) return;
    if (this.#stamp.length === stamp.length) stamp.copy(this.#stamp);
    else this.#stamp = Buffer.from(stamp);
  }
}

/** How long the timestamp at `from` is, its blank included; `unfinished`: more bytes are needed to tell. */
function timestampBytes(bytes: Buffer, from: number): number | "unfinished" | "none" {
  const limit = Math.min(bytes.length, from + MAX_STAMP_BYTES);
  let at = from;
  while (at < limit && bytes[at] !== BLANK && bytes[at] !== NEWLINE) at++;
  if (at === limit && limit < from + MAX_STAMP_BYTES) return "unfinished";
  if (bytes[at] !== BLANK) return "none";
  return STAMP.test(bytes.toString("latin1", from, at)) ? at + 1 - from : "none";
}
