/** Output is held in blocks; what is dropped from the middle goes block by block. */
const MAX_BLOCK_BYTES = 16 * 1024;
const NEWLINE = 10;
/** A UTF-8 character has at most this many bytes after its first. */
const MAX_CONTINUATION_BYTES = 3;

/** What is kept of a log: the whole (`cutBytes` 0), or head and tail with so many bytes missing between. */
export type KeptLog = { head: Buffer[]; cutBytes: number; tail: Buffer[] };

/**
 * Keeps the head and the tail of an output within a limit, half of it each, whatever its length. Cuts fall on line ends
 * where one is within an eighth of the limit, else between characters; what is kept is exactly what came. It depends on
 * the output alone, not on the pieces it comes in, so that a log which is read again is cut the same.
 */
export class LogCutter {
  readonly #limitBytes: number;
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #head: Blocks;
  readonly #tail: Blocks;
  #totalBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#headBytes = Math.floor(limitBytes / 2);
    this.#tailBytes = limitBytes - this.#headBytes;
    const blockBytes = Math.max(1, Math.min(MAX_BLOCK_BYTES, this.#headBytes));
    this.#head = new Blocks(blockBytes);
    this.#tail = new Blocks(blockBytes);
  }

  /** Bytes in memory. */
  get heldBytes(): number {
    return this.#head.bytes + this.#tail.bytes;
  }

  /** Takes output as it comes, in pieces of any size. */
  push(bytes: Buffer): void {
    this.#totalBytes += bytes.length;
    const room = this.#headBytes - this.#head.bytes;
    this.#head.add(bytes.subarray(0, room));
    this.#tail.add(bytes.subarray(room));
    this.#tail.dropAllBut(this.#tailBytes);
  }

  /** What is kept, in order. Nothing may be pushed after. */
  finish(): KeptLog {
    const head = this.#head.take();
    const tail = this.#tail.take();
    if (this.#totalBytes <= this.#limitBytes) return { head, cutBytes: 0, tail };
    const windowBytes = Math.max(MAX_CONTINUATION_BYTES, Math.floor(this.#limitBytes / 8));
    const headKept = dropBack(head, bytesAfterCut(peekBack(head, windowBytes)));
    const tailExact = dropFront(tail, this.#tail.bytes - this.#tailBytes);
    const tailKept = dropFront(tailExact, bytesBeforeCut(peekFront(tailExact, windowBytes)));
    return { head: headKept, cutBytes: this.#totalBytes - sizeOf(headKept) - sizeOf(tailKept), tail: tailKept };
  }
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
  return blocks.reduce((bytes, block) => bytes + block.length, 0);
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
      if (this.#first < 256) continue;
      this.#blocks = this.#blocks.slice(this.#first);
      this.#first = 0;
    }
  }

  take(): Buffer[] {
    return this.#blocks.slice(this.#first).map((block) => block.data.subarray(0, block.used));
  }
}
