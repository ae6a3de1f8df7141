import { LOG_CHUNK_BYTES } from "../../protocol/words.ts";
import type { KeptLog } from "./log-cut.ts";

/**
 * A kept log as texts of at most {@link LOG_CHUNK_BYTES} UTF-8 bytes; bytes that are no UTF-8 become U+FFFD. The same
 * output always gives the same pieces, so that a log which is read again continues what was stored. An empty log is one
 * empty piece.
 */
export function* logPieces(log: KeptLog, maxBytes = LOG_CHUNK_BYTES): Generator<string> {
  const encoder = new TextEncoder();
  const piece = Buffer.alloc(maxBytes);
  let used = 0;
  let given = 0;
  for (const text of logTexts(log)) {
    for (let from = 0; from < text.length; ) {
      const { read, written } = encoder.encodeInto(text.slice(from), piece.subarray(used));
      from += read;
      used += written;
      if (from === text.length) break;
      yield piece.toString("utf8", 0, used);
      given++;
      used = 0;
    }
  }
  if (used > 0 || given === 0) yield piece.toString("utf8", 0, used);
}

/** The line that stands for what was cut. */
export function cutMarker(bytes: number): string {
  return `[watchbell: ${bytes} bytes cut]\n`;
}

function* logTexts(log: KeptLog): Generator<string> {
  if (log.cutBytes === 0) {
    yield* decode([...log.head, ...log.tail]);
    return;
  }
  yield* decode(log.head);
  const endsLine = log.head.length === 0 || log.head.at(-1)?.at(-1) === 10;
  yield `${endsLine ? "" : "\n"}${cutMarker(log.cutBytes)}`;
  yield* decode(log.tail);
}

function* decode(blocks: readonly Buffer[]): Generator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const block of blocks) yield decoder.decode(block, { stream: true });
  yield decoder.decode();
}
