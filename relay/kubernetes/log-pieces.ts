import { LOG_CHUNK_BYTES } from "../../protocol/words.ts";
import type { KeptLog } from "./log-cut.ts";

/**
 * A kept log as texts of at most {@link LOG_CHUNK_BYTES} UTF-8 bytes; bytes that are no UTF-8 become U+FFFD. The same
 * output always gives the same pieces, so that a log which is read again continues what was stored. An empty log is one
 * empty piece.
 */
export function* logPieces(log: KeptLog, maxBytes = LOG_CHUNK_BYTES): Generator<string> {
  let piece = "";
  let pieceBytes = 0;
  let given = 0;
  for (const text of logTexts(log)) {
    for (const part of splitText(text, maxBytes)) {
      const bytes = Buffer.byteLength(part);
      if (pieceBytes + bytes > maxBytes) {
        yield piece;
        given++;
        piece = "";
        pieceBytes = 0;
      }
      piece += part;
      pieceBytes += bytes;
    }
  }
  if (piece !== "" || given === 0) yield piece;
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

/** Splits a text that is longer than a piece; blocks are far smaller, so this is for small limits only. */
function* splitText(text: string, maxBytes: number): Generator<string> {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) {
    yield text;
    return;
  }
  const step = Math.max(1, Math.floor(maxBytes / 4));
  for (let from = 0; from < text.length; ) {
    const last = text.charCodeAt(from + step - 1);
    const to = from + step + (last >= 0xd800 && last < 0xdc00 ? 1 : 0);
    yield text.slice(from, to);
    from = to;
  }
}
