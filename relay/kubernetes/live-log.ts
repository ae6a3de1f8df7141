import { type LinePlace, lineMark } from "../../protocol/follow-position.ts";
import { LineSplitter, type NumberedLine } from "../../protocol/line-splitter.ts";
import type { LogKey } from "../../protocol/up.ts";
import type { LogReading } from "./log-reading.ts";

const CHUNK_BYTES = 64 * 1024;
/** Places at which readers stand, kept so that the next look goes on there. */
const MAX_PLACES = 8;
/** A reading that has fewer lines than its reader saw, and gets no further for so long, is another one, without the beginning. */
const BEHIND_MS = 2_000;
const NEWLINE = 10;
const MAX_CONTINUATION_BYTES = 3;

/** A log in the reading as its readers see it: numbered lines, from wherever each of them is. */
export class LiveLog {
  readonly key: LogKey;
  readonly reading: LogReading;
  /** Where readers stand, by the number of their last line. Each is further into what is to become the next line. */
  readonly #places = new Map<number, { mark: string; splitter: LineSplitter }>();
  #grownMs: number;
  #grownBytes = 0;

  constructor(key: LogKey, reading: LogReading, nowMs: number) {
    this.key = key;
    this.reading = reading;
    this.#grownMs = nowMs;
  }

  /** Nothing more will come. */
  get isOver(): boolean {
    return this.reading.outcome !== null;
  }

  /** Lines after a place (null: from the beginning), about `mostBytes` of them. `nowMs` monotonic. */
  take(after: LinePlace | null, mostBytes: number, nowMs: number): NumberedLine[] {
    const { totalBytes } = this.reading.cutter;
    if (totalBytes > this.#grownBytes) this.#grownMs = nowMs;
    this.#grownBytes = totalBytes;
    const known = after === null ? undefined : this.#places.get(after.line);
    if (after === null) return this.#give(new LineSplitter(), null, mostBytes);
    if (known?.mark === after.mark) {
      this.#places.delete(after.line);
      return this.#give(known.splitter, after, mostBytes);
    }
    const found = this.#search(after, mostBytes);
    if (found === "behind") {
      const mayCatchUp = !this.isOver && nowMs - this.#grownMs < BEHIND_MS;
      return mayCatchUp ? [] : this.#give(new LineSplitter(), null, mostBytes);
    }
    return found;
  }

  /** Looks for the place from the beginning on. `behind`: the log is not so long. */
  #search(after: LinePlace, mostBytes: number): NumberedLine[] | "behind" {
    const splitter = new LineSplitter();
    for (let lines = this.#next(splitter); lines !== null; lines = this.#next(splitter)) {
      const at = lines.findIndex(({ line }) => line >= after.line);
      const met = lines[at];
      if (met === undefined) continue;
      if (met.line === after.line && !met.isCut && lineMark(met.text) !== after.mark)
        return this.#give(new LineSplitter(), null, mostBytes);
      // Where the reader's line is cut by now, what stands for it says so.
      const rest = lines.slice(met.line === after.line ? at + 1 : at);
      return this.#give(splitter, after, mostBytes, rest);
    }
    return "behind";
  }

  #give(
    splitter: LineSplitter,
    after: LinePlace | null,
    mostBytes: number,
    first: NumberedLine[] = [],
  ): NumberedLine[] {
    const given = [...first];
    let bytes = bytesOf(first);
    for (let lines = bytes < mostBytes ? this.#next(splitter) : null; lines !== null; ) {
      given.push(...lines);
      bytes += bytesOf(lines);
      lines = bytes < mostBytes ? this.#next(splitter) : null;
    }
    const last = given.at(-1);
    const place = last === undefined ? after : { line: last.line, mark: lineMark(last.text) };
    if (place !== null) this.#keep(place, splitter);
    return given;
  }

  #keep(place: LinePlace, splitter: LineSplitter): void {
    this.#places.delete(place.line);
    this.#places.set(place.line, { mark: place.mark, splitter });
    const [oldest] = this.#places.keys();
    if (this.#places.size > MAX_PLACES && oldest !== undefined) this.#places.delete(oldest);
  }

  /** The lines that end in the next chunk; null: there is no more for now. */
  #next(splitter: LineSplitter): NumberedLine[] | null {
    const { cutter } = this.reading;
    const part = cutter.heldFrom(splitter.bytes, CHUNK_BYTES);
    const bytes = Buffer.concat(part.bytes);
    if (part.line !== null) return [...cutTo(splitter, part.at, part.line, bytes)];
    if (bytes.length > 0) return [...splitter.push(bytes)];
    const rest = this.isOver ? [...splitter.end()] : [];
    return rest.length > 0 ? rest : null;
  }
}

/** Goes on behind what was dropped, at the next line's start if one is near: what is left of the line before is of no use. */
function* cutTo(splitter: LineSplitter, at: number, line: number, bytes: Buffer): Generator<NumberedLine> {
  const newline = bytes.indexOf(NEWLINE);
  const skipped = newline < 0 ? continuationBytes(bytes) : newline + 1;
  yield* splitter.cut(at + skipped - splitter.bytes, line + (newline < 0 ? 0 : 1) - splitter.lines);
  yield* splitter.push(bytes.subarray(skipped));
}

/** The rest of a character of UTF-8 that has begun before. */
function continuationBytes(bytes: Buffer): number {
  let at = 0;
  while (at < MAX_CONTINUATION_BYTES && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

function bytesOf(lines: readonly NumberedLine[]): number {
  return lines.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0);
}
