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
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#problem !== null) {
        this.#problem = Buffer.concat([this.#problem, rest]).subarray(0, MAX_PROBLEM_BYTES);
        return;
      }
      rest = this.#atLineStart ? this.#takePrefix(rest) : this.#takeLine(rest);
    }
  }

  /** The body is over. A prefix that never became a timestamp is an error text too. */
  end(): void {
    if (this.#atLineStart && this.#prefix.length > 0) this.#problem ??= this.#prefix;
  }

  /** Runs of whole lines leave as few buffers as they can; only the prefixes are cut out. */
  #takeLine(chunk: Buffer): Buffer {
    const newline = chunk.indexOf(NEWLINE);
    const to = newline < 0 ? chunk.length : newline + 1;
    this.#onOutput(chunk.subarray(0, to));
    this.#atLineStart = newline >= 0;
    return chunk.subarray(to);
  }

  #takePrefix(chunk: Buffer): Buffer {
    const held = this.#prefix.length;
    const bytes = held === 0 ? chunk : Buffer.concat([this.#prefix, chunk]);
    const blank = bytes.subarray(0, MAX_TIMESTAMP_BYTES).indexOf(BLANK);
    if (blank < 0 && bytes.length < MAX_TIMESTAMP_BYTES && !bytes.includes(NEWLINE)) {
      this.#prefix = bytes;
      return Buffer.alloc(0);
    }
    if (blank < 0 || !TIMESTAMP.test(bytes.toString("latin1", 0, blank + 1))) {
      this.#problem = bytes.subarray(0, MAX_PROBLEM_BYTES);
      return Buffer.alloc(0);
    }
    this.#prefix = Buffer.alloc(0);
    this.#atLineStart = false;
    return bytes.subarray(blank + 1);
  }
}
