import { isUtf8 } from "node:buffer";

/** Output is held in blocks; what is dropped from the middle goes block by block. */
const MAX_BLOCK_BYTES = 16 * 1024;
/** A cut looks this far for a line end, or an eighth of the limit. */
const MAX_WINDOW_BYTES = 256 * 1024;
/** What one log may have as text, in bytes of UTF-8: the control plane takes 65 MiB of each, markers included. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024;
/** A byte that is no UTF-8 is shown as U+FFFD, which has three. */
const MAX_TEXT_BYTES_PER_BYTE = 3;
const NEWLINE = 10;
/** A UTF-8 character has at most this many bytes after its first. */
const MAX_CONTINUATION_BYTES = 3;

/**
 * What is kept of a log: the whole (`cutBytes` 0), or head and tail with so many bytes missing between, and with them the ends
 * of so many lines.
 */
export type KeptLog = { head: Buffer[]; cutBytes: number; cutLines: number; tail: Buffer[] };

/** Output from a byte on. `line`: how many lines had ended in front of it, where `at` is not the byte that was asked for. */
export type HeldPart = { at: number; line: number | null; bytes: Buffer[] };

/**
 * Keeps the head and the tail of an output within a limit, half of it each, whatever its length; also within
 * {@link MAX_TEXT_BYTES} as text. Cuts fall on line ends where one is near, else between characters; what is kept is exactly
 * what came. It depends on the output alone, not on the pieces it comes in, so that a log which is read again is cut the same.
 */
export class LogCutter {
  readonly #limitBytes: number;
  readonly #tailBytes: number;
  readonly #windowBytes: number;
  readonly #maxTextBytes: number;
  readonly #head: Blocks;
  readonly #tail: Blocks;
  /** Half of the limit; less where what came has more bytes as text. */
  #headBytes: number;
  /** Text bytes of the head's full blocks. */
  #headTextBytes = 0;
  #headBlocksCounted = 0;
  #totalBytes = 0;
  #kept: KeptLog | null = null;

  constructor(limitBytes: number, maxTextBytes = MAX_TEXT_BYTES) {
    this.#limitBytes = limitBytes;
    this.#maxTextBytes = maxTextBytes;
    this.#headBytes = Math.floor(limitBytes / 2);
    this.#tailBytes = limitBytes - this.#headBytes;
    this.#windowBytes = Math.max(MAX_CONTINUATION_BYTES, Math.min(MAX_WINDOW_BYTES, Math.floor(limitBytes / 8)));
    const blockBytes = Math.max(1, Math.min(MAX_BLOCK_BYTES, this.#headBytes));
    this.#head = new Blocks(blockBytes);
    this.#tail = new Blocks(blockBytes);
  }

  /** Bytes in memory. */
  get heldBytes(): number {
    return this.#head.bytes + this.#tail.bytes;
  }

  /** Bytes that came, the kept and the cut. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Takes output as it comes, in pieces of any size. */
  push(bytes: Buffer): void {
    this.#totalBytes += bytes.length;
    let from = 0;
    // Block by block, since each may be the last that has room as text.
    while (from < bytes.length && this.#head.bytes < this.#headBytes) {
      const room = Math.min(this.#head.roomInBlock, this.#headBytes - this.#head.bytes);
      this.#head.add(bytes.subarray(from, from + room));
      from += Math.min(room, bytes.length - from);
      this.#countHeadText();
    }
    this.#tail.add(bytes.subarray(from));
    // A head that ended early leaves its room to the tail: what fits the limit in all is whole.
    this.#tail.dropAllBut(this.#limitBytes - this.#headBytes);
  }

  #countHeadText(): void {
    const { full } = this.#head;
    const block = full > this.#headBlocksCounted ? this.#head.at(full - 1) : null;
    if (block === null) return;
    this.#headBlocksCounted = full;
    this.#headTextBytes += textBytes(block);
    const room = MAX_TEXT_BYTES_PER_BYTE * block.length;
    if (this.#headTextBytes + room > this.#maxTextBytes / 2) this.#headBytes = this.#head.bytes;
  }

  /** The bytes from `from` on that will be kept whatever is still to come. */
  settledFrom(from: number): Buffer[] {
    const text = this.#maxTextBytes / 2 - MAX_TEXT_BYTES_PER_BYTE * (this.#windowBytes + MAX_BLOCK_BYTES);
    if (this.#kept === null && this.#headTextBytes > text) return [];
    const settled = Math.min(this.#head.bytes, this.#headBytes - this.#windowBytes);
    return this.#head.between(from, settled);
  }

  /** At most so many of the bytes from `from` on; from a later byte on where those were dropped from the middle. */
  heldFrom(from: number, mostBytes: number): HeldPart {
    const { bytes: headBytes } = this.#head;
    if (from < headBytes)
      return { at: from, line: null, bytes: this.#head.between(from, Math.min(headBytes, from + mostBytes)) };
    const tailAt = this.#totalBytes - this.#tail.bytes;
    const at = Math.max(from, tailAt);
    const line = at === from ? null : sumOf(this.#head.all(), newlines) + this.#tail.droppedLines;
    return { at, line, bytes: this.#tail.between(at - tailAt, at - tailAt + mostBytes) };
  }

  /** What is kept, in order. Nothing may be pushed after. */
  finish(): KeptLog {
    this.#kept ??= this.#cut();
    return this.#kept;
  }

  #cut(): KeptLog {
    const head = this.#head.all();
    const tail = this.#tail.all();
    const tooMuchText = this.#headTextBytes + sumOf(tail, textBytes) > this.#maxTextBytes;
    const isThere = this.#totalBytes <= this.#limitBytes && this.#totalBytes === this.heldBytes;
    if (isThere && !tooMuchText) return { head, cutBytes: 0, cutLines: 0, tail };
    const headKept = dropBack(head, bytesAfterCut(peekBack(head, this.#windowBytes)));
    const tailInLimit = dropFront(tail, this.#tail.bytes - this.#tailBytes);
    const tailExact = lastWithin(tailInLimit, this.#maxTextBytes / 2);
    const tailKept = dropFront(tailExact, bytesBeforeCut(peekFront(tailExact, this.#windowBytes)));
    const cutBytes = this.#totalBytes - sizeOf(headKept) - sizeOf(tailKept);
    const linesOf = (blocks: readonly Buffer[]) => sumOf(blocks, newlines);
    const held = linesOf(head) + linesOf(tail) - linesOf(headKept) - linesOf(tailKept);
    return { head: headKept, cutBytes, cutLines: held + this.#tail.droppedLines, tail: tailKept };
  }
}

/** How many bytes of UTF-8 a block is as text; a character that it shares with its neighbour counts a little too much. */
function textBytes(block: Buffer): number {
  return isUtf8(block) ? block.length : Buffer.byteLength(block.toString("utf8"));
}

/** The last blocks that have at most so many bytes as text. */
function lastWithin(blocks: readonly Buffer[], maxTextBytes: number): Buffer[] {
  const kept: Buffer[] = [];
  let bytes = 0;
  for (const block of blocks.toReversed()) {
    bytes += textBytes(block);
    if (bytes > maxTextBytes) break;
    kept.push(block);
  }
  return kept.reverse();
}

/** How much to take off a head's end: back to the last line end, else a character that has only begun. */
function bytesAfterCut(end: Buffer): number {
  const newline = end.lastIndexOf(NEWLINE);
  if (newline >= 0) return end.length - newline - 1;
  for (let back = 1; back <= MAX_CONTINUATION_BYTES && back <= end.length; back++) {
    const byte = end[end.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** How much to take off a tail's start: up to the next line, else the rest of a character. */
function bytesBeforeCut(start: Buffer): number {
  const newline = start.indexOf(NEWLINE);
  if (newline >= 0) return newline + 1;
  let at = 0;
  while (at < MAX_CONTINUATION_BYTES && ((start[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

function sizeOf(blocks: readonly Buffer[]): number {
  return sumOf(blocks, (block) => block.length);
}

function sumOf(blocks: readonly Buffer[], bytesOf: (block: Buffer) => number): number {
  return blocks.reduce((bytes, block) => bytes + bytesOf(block), 0);
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function dropFront(blocks: readonly Buffer[], bytes: number): Buffer[] {
  const kept: Buffer[] = [];
  let left = bytes;
  for (const block of blocks) {
    if (left < block.length) kept.push(left > 0 ? block.subarray(left) : block);
    left = Math.max(0, left - block.length);
  }
  return kept;
}

function dropBack(blocks: readonly Buffer[], bytes: number): Buffer[] {
  const kept: Buffer[] = [];
  let left = sizeOf(blocks) - bytes;
  for (const block of blocks) {
    if (left > 0) kept.push(block.subarray(0, Math.min(left, block.length)));
    left -= block.length;
  }
  return kept;
}

function peekFront(blocks: readonly Buffer[], bytes: number): Buffer {
  return Buffer.concat(dropBack(blocks, Math.max(0, sizeOf(blocks) - bytes)));
}

function peekBack(blocks: readonly Buffer[], bytes: number): Buffer {
  return Buffer.concat(dropFront(blocks, Math.max(0, sizeOf(blocks) - bytes)));
}

/** Bytes in blocks of one size, so that many small pieces cost no object each. */
class Blocks {
  bytes = 0;
  /** Ends of lines in what was dropped. */
  droppedLines = 0;
  readonly #blockBytes: number;
  #blocks: { data: Buffer; used: number }[] = [];
  /** Dropped blocks stay in the array until there are many: shifting a long array is slow. */
  #first = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  add(part: Buffer): void {
    for (let from = 0; from < part.length; ) {
      let block = this.#blocks.at(-1);
      if (!block || block.used === block.data.length) {
        block = { data: Buffer.allocUnsafe(this.#blockBytes), used: 0 };
        this.#blocks.push(block);
      }
      const taken = part.copy(block.data, block.used, from);
      block.used += taken;
      from += taken;
    }
    this.bytes += part.length;
  }

  /** Drops blocks from the front as long as that leaves `bytes`. */
  dropAllBut(bytes: number): void {
    for (let block = this.#blocks[this.#first]; block; block = this.#blocks[this.#first]) {
      if (this.bytes - block.used < bytes) return;
      this.#first++;
      this.bytes -= block.used;
      this.droppedLines += newlines(block.data.subarray(0, block.used));
      if (this.#first < 256) continue;
      this.#blocks = this.#blocks.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * The bytes of that range of what is held. Asked for with every chunk that comes, so it looks at no block outside the range: a
   * view of each would be hundreds of megabytes of garbage for one long log.
   */
  between(from: number, to: number): Buffer[] {
    const parts: Buffer[] = [];
    for (let index = Math.floor(from / this.#blockBytes); index * this.#blockBytes < to; index++) {
      const start = index * this.#blockBytes;
      const part = this.at(this.#first + index)?.subarray(Math.max(0, from - start), to - start);
      if (part !== undefined && part.length > 0) parts.push(part);
    }
    return parts;
  }

  /** How much goes into the block that is being filled. */
  get roomInBlock(): number {
    const block = this.#blocks.at(-1);
    return block && block.used < block.data.length ? block.data.length - block.used : this.#blockBytes;
  }

  /** Blocks that are filled. */
  get full(): number {
    return this.#blocks.length - (this.roomInBlock === this.#blockBytes ? 0 : 1);
  }

  at(index: number): Buffer | null {
    const block = this.#blocks[index];
    return block ? block.data.subarray(0, block.used) : null;
  }

  all(): Buffer[] {
    return this.#blocks.slice(this.#first).map((block) => block.data.subarray(0, block.used));
  }
}
