/** kubelet's timestamp and the blank after it; RFC 3339 with nanoseconds (trailing zeros may be missing). */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) /;
const MAX_TIMESTAMP_BYTES = 40;
const MAX_PROBLEM_BYTES = 300;
const NEWLINE = 10;
const BLANK = 32;

/**
 * Strips the timestamp from every line of a log that was asked for with `timestamps=true`, without holding whole lines. A
 * line that has none is kubelet's own error text in an answer of HTTP 200, never output (platform notes, "Logs").
 */
export class TimestampStripper {
  readonly #onOutput: (bytes: Buffer) => void;
  #prefix: Buffer = Buffer.alloc(0);
  #atLineStart = true;
  #problem: Buffer | null = null;

  constructor(onOutput: (bytes: Buffer) => void) {
    this.#onOutput = onOutput;
  }

  /** kubelet's words where they came instead of output; null: none did. */
  get problem(): string | null {
    return this.#problem === null ? null : this.#problem.toString("utf8").trim();
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
    if (used > 0) this.#onOutput(output.subarray(0, used));
  }

  /** The body is over. A prefix that never became a timestamp is an error text too. */
  end(): void {
    if (this.#atLineStart && this.#prefix.length > 0) this.#problem ??= this.#prefix;
  }

  /** Copies everything but timestamps to `output`; answers how much that was. */
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
        from += stampBytes;
        this.#atLineStart = false;
      }
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      used += bytes.copy(output, used, from, to);
      this.#atLineStart = newline >= 0;
      from = to;
    }
    return used;
  }
}

/** How long the timestamp at `from` is, its blank included; `unfinished`: more bytes are needed to tell. */
function timestampBytes(bytes: Buffer, from: number): number | "unfinished" | "none" {
  const limit = Math.min(bytes.length, from + MAX_TIMESTAMP_BYTES);
  let at = from;
  while (at < limit && bytes[at] !== BLANK && bytes[at] !== NEWLINE) at++;
  if (at === limit && limit < from + MAX_TIMESTAMP_BYTES) return "unfinished";
  if (bytes[at] !== BLANK) return "none";
  return TIMESTAMP.test(bytes.toString("latin1", from, at + 1)) ? at + 1 - from : "none";
}
