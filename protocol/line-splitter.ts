/**
 * A line of a log as a follower gets it. `line`: its number from 1. `end`: the byte of the output behind it. `isCut`: it stands
 * for a part that is missing, or lacks a part: whoever had the line of that number may have had other text.
 */
export type NumberedLine = { line: number; text: string; end: number; isCut: boolean };

/** A line's text has at most this many bytes of UTF-8; of a longer one the rest is cut, with a marker at its end. */
export const MAX_LINE_BYTES = 64 * 1024;
/** A character of UTF-8 that begins within the limit may end so far behind it. */
const SPARE_BYTES = 3;
const NEWLINE = 10;
const NOTHING = new Uint8Array();

/** The words that stand for what was cut. */
export function cutWords(bytes: number): string {
  return `[watchbell: ${bytes} bytes cut]`;
}

/**
 * Splits output into numbered lines, without their newlines, and without holding more than {@link MAX_LINE_BYTES} of one.
 * Relay and Worker use the same, so that a line has the same number and text whether it comes live or from what is stored.
 * Bytes that are no UTF-8 become U+FFFD; no character is split, since lines are decoded whole.
 */
export class LineSplitter {
  /** Lines that are over. */
  lines: number;
  /** Bytes of output that were taken, those that were cut included. */
  bytes: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
  readonly #encoder = new TextEncoder();
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #lineBytes = 0;
  #isCut = false;

  /** Begins behind that many lines and bytes. */
  constructor(from: { line: number; bytes: number } = { line: 0, bytes: 0 }) {
    this.lines = from.line;
    this.bytes = from.bytes;
  }

  /** Takes output as it comes; gives the lines that it ends. */
  *push(chunk: Uint8Array): Generator<NumberedLine> {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const to = newline < 0 ? chunk.length : newline;
      this.#hold(chunk.subarray(from, to));
      if (newline < 0) return;
      this.bytes++;
      yield this.#endLine(1, "");
      from = newline + 1;
    }
  }

  /**
   * Here so many bytes are missing, and with them the ends of so many lines. Words say so: in a line of their own, whose number
   * is that of the last missing one, or within the line of which only a part is missing.
   */
  *cut(bytes: number, lines: number): Generator<NumberedLine> {
    this.bytes += bytes;
    this.#isCut = true;
    if (lines > 0) {
      yield this.#endLine(lines, cutWords(bytes));
      // What comes next may be the end of a line.
      this.#isCut = true;
      return;
    }
    const words = this.#encoder.encode(cutWords(bytes));
    this.#hold(words);
    this.bytes -= words.length;
  }

  /** The output is over: gives the line that has no newline, if there is one. */
  *end(): Generator<NumberedLine> {
    if (this.#lineBytes > 0) yield this.#endLine(1, "");
  }

  #hold(part: Uint8Array): void {
    this.bytes += part.length;
    this.#lineBytes += part.length;
    const room = MAX_LINE_BYTES + SPARE_BYTES - this.#heldBytes;
    if (part.length === 0 || room <= 0) return;
    // A copy: the chunk's memory may be another's by the time the line ends.
    const kept = part.slice(0, room);
    this.#held.push(kept);
    this.#heldBytes += kept.length;
  }

  #endLine(lines: number, words: string): NumberedLine {
    this.lines += lines;
    const text = this.#textOfLine();
    const line = { line: this.lines, text: `${text}${words}`, end: this.bytes, isCut: this.#isCut };
    this.#held = [];
    this.#heldBytes = 0;
    this.#lineBytes = 0;
    this.#isCut = false;
    return line;
  }

  #textOfLine(): string {
    const [first = NOTHING, ...others] = this.#held;
    const text = this.#decoder.decode(others.length === 0 ? first : joined(this.#held, this.#heldBytes));
    // A UTF-16 unit is at most three bytes: a short line needs no counting.
    if (this.#lineBytes <= MAX_LINE_BYTES && text.length <= MAX_LINE_BYTES / 3) return text;
    const { read, written } = this.#encoder.encodeInto(text, new Uint8Array(MAX_LINE_BYTES));
    const bytes = Math.max(this.#lineBytes, this.#encoder.encode(text).length);
    return bytes === written ? text : `${text.slice(0, read)}${cutWords(bytes - written)}`;
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
