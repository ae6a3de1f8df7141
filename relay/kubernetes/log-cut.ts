/** Output is held in blocks; what is dropped from the middle goes block by block. */
const MAX_BLOCK_BYTES = 16 * 1024;

/** What is kept of a log: the whole (`cutBytes` 0), or head and tail with so many bytes missing between. */
export type KeptLog = { head: Buffer[]; cutBytes: number; tail: Buffer[] };

/**
 * Keeps the head and the tail of an output within a limit (half of it each at most, an eighth less at worst), whatever
 * its length. Cuts fall on line ends, in overlong lines between characters; the bytes kept are exactly those that came.
 */
export class LogCutter {
  readonly #limitBytes: number;
  readonly #blockBytes: number;
  readonly #head = new BlockList();
  readonly #tail = new BlockList();
  #headOpen = true;
  #cutBytes = 0;
  #cutAtLineEnd = true;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#blockBytes = Math.max(16, Math.min(MAX_BLOCK_BYTES, Math.floor(limitBytes / 8)));
  }

  /** Bytes in memory. */
  get heldBytes(): number {
    return this.#head.bytes + this.#tail.bytes;
  }

  /** Takes output as it comes, in pieces of any size. */
  push(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const newline = bytes.indexOf(10, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      this.#pushPart(bytes.subarray(from, to), newline >= 0);
      from = to;
    }
  }

  /** What is kept, in order. Nothing may be pushed after. */
  finish(): KeptLog {
    const head = this.#head.take();
    const tail = this.#tail.take();
    if (this.#cutBytes === 0) return { head, cutBytes: 0, tail };
    const headKept = trimEnd(head);
    const tailKept = this.#cutAtLineEnd ? tail : trimStart(tail);
    const trimmed = sizeOf(head) - sizeOf(headKept) + sizeOf(tail) - sizeOf(tailKept);
    return { head: headKept, cutBytes: this.#cutBytes + trimmed, tail: tailKept };
  }

  /** One line, or a part of one that is still going on. */
  #pushPart(part: Buffer, endsLine: boolean): void {
    let rest = part;
    if (this.#headOpen) rest = this.#fillHead(part, endsLine);
    if (rest.length > 0) this.#fillTail(rest, endsLine);
  }

  /** Takes what fits into the head; answers the rest, and closes the head when there is one. */
  #fillHead(part: Buffer, endsLine: boolean): Buffer {
    const room = Math.floor(this.#limitBytes / 2) - this.#head.bytes;
    if (part.length <= room) {
      this.#head.add(part, this.#blockBytes, endsLine);
      return part.subarray(part.length);
    }
    this.#headOpen = false;
    // A short line moves to the tail whole; of a long one the head keeps what it can, else it could stay all but empty.
    const lineStart = this.#head.openLineBytes;
    if (lineStart + part.length <= this.#blockBytes) {
      const open = this.#head.removeOpenLine();
      if (open.length > 0) this.#fillTail(open, false);
      return part;
    }
    this.#head.add(part.subarray(0, room), this.#blockBytes, false);
    return part.subarray(room);
  }

  #fillTail(part: Buffer, endsLine: boolean): void {
    this.#tail.add(part, this.#blockBytes, endsLine);
    while (this.#tail.blocks > 1 && this.#head.bytes + this.#tail.bytes > this.#limitBytes) {
      const dropped = this.#tail.dropFirst();
      this.#cutBytes += dropped.length;
      this.#cutAtLineEnd = dropped.at(-1) === 10;
    }
  }
}

/** Drops a UTF-8 character that has only begun. */
function trimEnd(blocks: Buffer[]): Buffer[] {
  const last = blocks.at(-1);
  if (!last) return blocks;
  for (let back = 1; back <= 3 && back <= last.length; back++) {
    const byte = last[last.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? [...blocks.slice(0, -1), last.subarray(0, last.length - back)] : blocks;
  }
  return blocks;
}

/** Begins with the next line, or in an overlong line with the next UTF-8 character. */
function trimStart(blocks: Buffer[]): Buffer[] {
  const [first, ...rest] = blocks;
  if (!first) return blocks;
  const newline = first.indexOf(10);
  if (newline >= 0 && (newline < first.length - 1 || rest.length > 0)) return [first.subarray(newline + 1), ...rest];
  let at = 0;
  while (at < 3 && ((first[at] ?? 0) & 0xc0) === 0x80) at++;
  return [first.subarray(at), ...rest];
}

function sizeOf(blocks: readonly Buffer[]): number {
  return blocks.reduce((bytes, block) => bytes + block.length, 0);
}

/** A queue of blocks of one size; what fits into a block is not spread over two, so that blocks mostly begin with a line. */
class BlockList {
  bytes = 0;
  #blocks: { data: Buffer; used: number }[] = [];
  #first = 0;
  /** Bytes since the last line end. */
  openLineBytes = 0;

  get blocks(): number {
    return this.#blocks.length - this.#first;
  }

  add(part: Buffer, blockBytes: number, endsLine: boolean): void {
    for (let from = 0; from < part.length; ) {
      let block = this.#blocks.at(-1);
      const wanted = part.length - from;
      if (!block || this.blocks === 0 || (block.data.length - block.used < wanted && block.used > 0)) {
        block = { data: Buffer.allocUnsafe(blockBytes), used: 0 };
        this.#blocks.push(block);
      }
      const taken = part.copy(block.data, block.used, from, from + Math.min(wanted, block.data.length - block.used));
      block.used += taken;
      from += taken;
    }
    this.bytes += part.length;
    this.openLineBytes = endsLine ? 0 : this.openLineBytes + part.length;
  }

  dropFirst(): Buffer {
    const block = this.#blocks[this.#first];
    if (!block) return Buffer.alloc(0);
    this.#first++;
    if (this.#first > 256) {
      this.#blocks = this.#blocks.slice(this.#first);
      this.#first = 0;
    }
    this.bytes -= block.used;
    return block.data.subarray(0, block.used);
  }

  /** Takes back the line that has no end yet. */
  removeOpenLine(): Buffer {
    const parts: Buffer[] = [];
    while (this.openLineBytes > 0) {
      const block = this.#blocks.at(-1);
      if (!block) break;
      const back = Math.min(this.openLineBytes, block.used);
      parts.unshift(Buffer.from(block.data.subarray(block.used - back, block.used)));
      block.used -= back;
      this.bytes -= back;
      this.openLineBytes -= back;
      if (block.used === 0) this.#blocks.pop();
    }
    return Buffer.concat(parts);
  }

  take(): Buffer[] {
    return this.#blocks.slice(this.#first).map((block) => block.data.subarray(0, block.used));
  }
}
