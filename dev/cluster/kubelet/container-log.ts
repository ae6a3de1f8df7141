import { EventEmitter } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";

/** Longest piece of a line kept in one entry, bytes, as containerd splits them. */
const pieceBytes = 16 * 1024;
const newline = 0x0a;

/**
 * Writes a container's output in the CRI log format: `<time> stdout F|P <text>`, one entry a line; P is a piece of a line that goes on, or a
 * last line without a newline. Bytes are kept as they are.
 */
export class ContainerLog {
  readonly path: string;
  readonly #file: number;
  readonly #growth = new EventEmitter();
  readonly #time: () => string;
  #rest: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(path: string, time: () => string) {
    this.path = path;
    this.#time = time;
    this.#file = openSync(path, "a", 0o600);
    this.#growth.setMaxListeners(0);
  }

  /** Says whether nothing will be added any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Adds output; it is in the file when this returns. */
  add(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const parts: Buffer[] = [];
    let start = 0;
    for (let end = data.indexOf(newline, start); end >= 0; end = data.indexOf(newline, start)) {
      this.#pushEntry(parts, data.subarray(start, end), "F");
      start = end + 1;
    }
    while (data.length - start > pieceBytes) {
      this.#pushEntry(parts, data.subarray(start, start + pieceBytes), "P");
      start += pieceBytes;
    }
    // A copy: the chunk's memory belongs to the stream.
    this.#rest = Buffer.from(data.subarray(start));
    this.#write(parts);
  }

  /** Writes what is left without a newline, and ends the log. */
  close(): void {
    if (this.#isClosed) return;
    const parts: Buffer[] = [];
    if (this.#rest.length > 0) this.#pushEntry(parts, this.#rest, "P");
    this.#rest = Buffer.alloc(0);
    this.#write(parts);
    this.#isClosed = true;
    closeSync(this.#file);
    this.#growth.emit("growth");
  }

  /** Waits for more output or the end. */
  growth(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#growth.off("growth", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#growth.on("growth", done);
      signal.addEventListener("abort", done);
    });
  }

  #pushEntry(parts: Buffer[], text: Buffer, tag: "F" | "P"): void {
    for (let from = 0; ; from += pieceBytes) {
      const isLast = text.length - from <= pieceBytes;
      const piece = text.subarray(from, isLast ? text.length : from + pieceBytes);
      parts.push(Buffer.from(`${this.#time()} stdout ${isLast ? tag : "P"} `), piece, Buffer.from([newline]));
      if (isLast) return;
    }
  }

  #write(parts: Buffer[]): void {
    if (parts.length === 0) return;
    const block = Buffer.concat(parts);
    for (let written = 0; written < block.length; ) written += writeSync(this.#file, block, written);
    this.#growth.emit("growth");
  }
}

/** Makes a clock of RFC 3339 times with nanoseconds that never stands still or goes back. */
export function nanoClock(epochMs: () => number, monotonicNs: () => bigint): () => string {
  const offset = BigInt(Math.round(epochMs() * 1_000_000)) - monotonicNs();
  let last = 0n;
  let second = -1;
  let prefix = "";
  return () => {
    const now = monotonicNs() + offset;
    last = now > last ? now : last + 1n;
    const seconds = Number(last / 1_000_000_000n);
    if (seconds !== second) {
      second = seconds;
      prefix = new Date(seconds * 1000).toISOString().slice(0, 19);
    }
    return `${prefix}.${String(last % 1_000_000_000n).padStart(9, "0")}Z`;
  };
}
