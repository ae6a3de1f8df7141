import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import type { Writable } from "node:stream";
import type { ContainerLog } from "./container-log.ts";

/** What a reader of a log asks for. */
export type LogOptions = {
  isFollowing: boolean;
  hasTimestamps: boolean;
  /** RFC 3339; entries before it are left out. */
  since: string;
  tailLines: number | undefined;
  limitBytes: number | undefined;
};

/** An entry's head: 30 characters of time, ` stdout F `. */
const timeLength = 30;
const tagAt = 38;
const headLength = 40;
const newline = 0x0a;
const partial = 0x50;
const blockBytes = 64 * 1024;

/** Sends a log file to a writer, block by block and no faster than it is taken; `live` is the log still being written, if it is. */
export async function sendLog(
  path: string,
  live: ContainerLog | undefined,
  options: LogOptions,
  to: Writable,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, "r");
  try {
    const start = options.tailLines === undefined ? 0 : await tailOffset(file, options.tailLines);
    const formatter = new EntryFormatter(options);
    await pump({ file, live, isFollowing: options.isFollowing, formatter, to, signal }, start);
  } finally {
    await file.close();
  }
}

type Pump = {
  file: FileHandle;
  live: ContainerLog | undefined;
  isFollowing: boolean;
  formatter: EntryFormatter;
  to: Writable;
  signal: AbortSignal;
};

async function pump(input: Pump, start: number): Promise<void> {
  const { file, live, formatter, to, signal } = input;
  const block = Buffer.alloc(blockBytes);
  let position = start;
  while (!signal.aborted && !formatter.isFull) {
    // Asked before reading: what is written after this read wakes the wait below.
    const isOver = live === undefined || live.isClosed || !input.isFollowing;
    const growth = isOver ? undefined : live.growth(signal);
    const { bytesRead } = await file.read(block, 0, blockBytes, position);
    position += bytesRead;
    if (bytesRead > 0) {
      const text = formatter.take(block.subarray(0, bytesRead));
      if (text.length > 0 && !to.write(text)) await Promise.race([once(to, "drain"), once(signal, "abort")]);
    } else if (isOver) return;
    else await growth;
  }
}

/** Turns entries of the file into what the reader asked for. */
class EntryFormatter {
  readonly #options: LogOptions;
  #rest: Buffer = Buffer.alloc(0);
  #left: number;
  /** A line that began before `since` is left out to its end, and only a line's first piece carries its time. */
  #isInLine = false;
  #isSkipping = false;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Says whether the byte limit is used up. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** Takes bytes of the file and gives what may be sent. */
  take(block: Buffer): Buffer {
    const data = this.#rest.length === 0 ? block : Buffer.concat([this.#rest, block]);
    const parts: Buffer[] = [];
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      this.#addEntry(parts, data.subarray(start, end + 1));
      start = end + 1;
    }
    this.#rest = Buffer.from(data.subarray(start));
    const text = Buffer.concat(parts);
    const sent = text.length > this.#left ? text.subarray(0, this.#left) : text;
    this.#left -= sent.length;
    return sent;
  }

  #addEntry(parts: Buffer[], entry: Buffer): void {
    const isPartial = entry[tagAt] === partial;
    const isFirst = !this.#isInLine;
    this.#isInLine = isPartial;
    if (isFirst) this.#isSkipping = isBefore(entry, this.#options.since);
    if (this.#isSkipping) return;
    if (isFirst && this.#options.hasTimestamps) parts.push(entry.subarray(0, timeLength), Buffer.from(" "));
    parts.push(entry.subarray(headLength, isPartial ? entry.length - 1 : entry.length));
  }
}

/** Both are UTC: to the second they compare as text. */
function isBefore(entry: Buffer, since: string): boolean {
  if (since === "") return false;
  return entry.toString("latin1", 0, 19) < since.slice(0, 19);
}

/** Finds where the last `lines` lines begin: one pass that remembers the newest line starts only. */
async function tailOffset(file: FileHandle, lines: number): Promise<number> {
  const starts: number[] = [];
  const block = Buffer.alloc(blockBytes);
  let position = 0;
  let entryStart = 0;
  let lineStart = 0;
  let head: Buffer = Buffer.alloc(0);
  for (;;) {
    const { bytesRead } = await file.read(block, 0, blockBytes, position);
    if (bytesRead === 0) break;
    const data = Buffer.concat([head, block.subarray(0, bytesRead)]);
    let from = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, from)) {
      const isPartial = data[from + tagAt] === partial;
      entryStart += end + 1 - from;
      from = end + 1;
      if (isPartial) continue;
      starts.push(lineStart);
      if (starts.length > lines * 2 + 1024) starts.splice(0, starts.length - lines);
      lineStart = entryStart;
    }
    head = Buffer.from(data.subarray(from));
    position += bytesRead;
  }
  // A last line without a newline counts as a line.
  if (entryStart > lineStart) starts.push(lineStart);
  return lines === 0 ? entryStart : (starts.slice(-lines)[0] ?? 0);
}
