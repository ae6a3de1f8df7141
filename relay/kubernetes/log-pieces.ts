import { LOG_CHUNK_BYTES } from "../../protocol/words.ts";
import type { KeptLog } from "./log-cut.ts";

/**
 * Makes an output's texts of at most {@link LOG_CHUNK_BYTES} UTF-8 bytes, as it comes; bytes that are no UTF-8 become
 * U+FFFD. The same output always gives the same pieces, so that a log which is read again continues what was stored.
 */
export class LogPieces {
  /** Where in the text the words stand for which it breaks off, in bytes. */
  interruption = { at: 0, markerBytes: 0 };
  readonly #encoder = new TextEncoder();
  readonly #piece: Buffer;
  #decoder = makeDecoder();
  #used = 0;
  #textBytes = 0;

  constructor(maxBytes = LOG_CHUNK_BYTES) {
    this.#piece = Buffer.alloc(maxBytes);
  }

  /** Takes output; gives the pieces that it fills. */
  *add(blocks: readonly Buffer[]): Generator<string> {
    for (const block of blocks) yield* this.#fill(this.#decoder.decode(block, { stream: true }));
  }

  /** The output breaks off here, for the words given. */
  *interrupt(words: string): Generator<string> {
    yield* this.#fill(this.#decoder.decode());
    this.#decoder = makeDecoder();
    this.interruption = { at: this.#textBytes, markerBytes: Buffer.byteLength(words) };
    yield* this.#fill(words);
  }

  /** The last piece or two; an empty log has one empty piece. */
  *end(): Generator<string> {
    yield* this.#fill(this.#decoder.decode());
    yield this.#piece.toString("utf8", 0, this.#used);
  }

  *#fill(text: string): Generator<string> {
    for (let from = 0; from < text.length; ) {
      const { read, written } = this.#encoder.encodeInto(text.slice(from), this.#piece.subarray(this.#used));
      from += read;
      this.#used += written;
      this.#textBytes += written;
      if (from === text.length) break;
      yield this.#piece.toString("utf8", 0, this.#used);
      this.#used = 0;
    }
  }
}

function makeDecoder() {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

/** The pieces of a log that is there, from a byte of its head on that was given to `pieces` before. */
export function* restOfPieces(log: KeptLog, pieces: LogPieces, givenBytes: number): Generator<string> {
  let given = givenBytes;
  const rest = log.head.map((block) => {
    const part = block.subarray(Math.min(given, block.length));
    given -= Math.min(given, block.length);
    return part;
  });
  yield* pieces.add(rest);
  if (log.cutBytes > 0) {
    const endsLine = log.head.length === 0 || log.head.at(-1)?.at(-1) === 10;
    yield* pieces.interrupt(`${endsLine ? "" : "\n"}${cutMarker(log.cutBytes)}`);
  }
  yield* pieces.add(log.tail);
  yield* pieces.end();
}

/** All pieces of a log that is there. */
export function logPieces(log: KeptLog, maxBytes = LOG_CHUNK_BYTES): Generator<string> {
  return restOfPieces(log, new LogPieces(maxBytes), 0);
}

/** The line that stands for what was cut. */
export function cutMarker(bytes: number): string {
  return `[watchbell: ${bytes} bytes cut]\n`;
}

/** The line that stands for what could not be read, where the reason is known before the log ends. */
export function unreadMarker(reason: string): string {
  return `[watchbell: log not readable: ${reason}]\n`;
}
