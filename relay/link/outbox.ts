import type { Fact } from "../../protocol/up.ts";
import { type FactAnswer, type FactBody, runKeyText } from "../facts.ts";

/** A frame is closed before it grows past this; a single larger fact travels alone. */
export const FRAME_TARGET_BYTES = 900 * 1024;
/** Log text on its way at once: what is read beyond it waits in the kubelet's file. */
export const MAX_UNACKED_LOG_BYTES = 4 * 1024 * 1024;

/** What `id` and `ageMs` add to a fact's JSON. */
const NUMBERING_BYTES = 48;

type Waiting = { body: FactBody; happenedAtMs: number; answer: (answer: FactAnswer) => void };
type Entry = Waiting & { id: number; bytes: number; refused: boolean };

/**
 * Facts from their report until the control plane confirms them. Numbers rise within the process and never start again, so
 * a fact keeps its number over reconnects. No I/O: the link asks it what to send.
 */
export class Outbox {
  /** Called whenever something waits to be sent. */
  onUnsent: () => void = () => {};
  #nextId = 1;
  /** Everything unconfirmed, in order of its number. */
  readonly #entries = new Map<number, Entry>();
  /** Numbers that the present link has not yet carried. */
  #unsent: number[] = [];
  #logBytes = 0;
  /** Pieces of logs that wait for room, in the order in which they were reported. */
  #waitingLogs: Waiting[] = [];

  /** Takes a fact; resolves with its answer. */
  add(body: FactBody, happenedAtMs: number): Promise<FactAnswer> {
    const { promise, resolve } = Promise.withResolvers<FactAnswer>();
    const waiting = { body, happenedAtMs, answer: resolve };
    if (body.type === "log" && (this.#waitingLogs.length > 0 || this.#logBytes >= MAX_UNACKED_LOG_BYTES)) {
      this.#waitingLogs.push(waiting);
    } else {
      this.#admit(waiting);
    }
    return promise;
  }

  #admit({ body, happenedAtMs, answer }: Waiting): void {
    const id = this.#nextId++;
    const bytes = Buffer.byteLength(JSON.stringify(body)) + NUMBERING_BYTES;
    this.#entries.set(id, { id, body, happenedAtMs, bytes, refused: false, answer });
    this.#unsent.push(id);
    if (body.type === "log") this.#logBytes += bytes;
    this.onUnsent();
  }

  /** The next frame's facts with their ages at `nowMs`; empty when nothing waits. */
  takeFrame(nowMs: number): Fact[] {
    const facts: Fact[] = [];
    let bytes = 0;
    let taken = 0;
    for (const id of this.#unsent) {
      const entry = this.#entries.get(id);
      if (entry && facts.length > 0 && bytes + entry.bytes > FRAME_TARGET_BYTES) break;
      taken++;
      if (!entry) continue;
      bytes += entry.bytes;
      facts.push(numbered(entry, nowMs));
    }
    this.#unsent = this.#unsent.slice(taken);
    return facts;
  }

  /** Whether {@link takeFrame} would give anything. */
  get hasUnsent(): boolean {
    return this.#unsent.length > 0;
  }

  /** Unconfirmed facts, refused ones included. */
  get size(): number {
    return this.#entries.size;
  }

  /** `ok` or `gone` came for these numbers; unknown ones (confirmed twice) are left alone. */
  confirm(ids: readonly number[], answer: "ok" | "gone"): void {
    for (const id of ids) this.#settle(id, answer);
  }

  /** `refused` came. Says which run it is about, null when the number is unknown. */
  refuse(id: number): { run: string; type: FactBody["type"] } | null {
    const entry = this.#entries.get(id);
    if (!entry) return null;
    if (entry.body.type === "log") this.#settle(id, "refused");
    else entry.refused = true;
    return { run: runKeyText(entry.body), type: entry.body.type };
  }

  /** A new link carries everything unconfirmed again, in order. */
  requeueAll(): void {
    this.#unsent = [...this.#entries.keys()];
    for (const entry of this.#entries.values()) entry.refused = false;
  }

  /** The relist's second chance for what was refused. */
  requeueRefused(): void {
    for (const entry of this.#entries.values()) {
      if (!entry.refused) continue;
      entry.refused = false;
      this.#unsent.push(entry.id);
    }
    if (this.hasUnsent) this.onUnsent();
  }

  #settle(id: number, answer: FactAnswer): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    if (entry.body.type === "log") this.#freeLogBytes(entry.bytes);
    entry.answer(answer);
  }

  #freeLogBytes(bytes: number): void {
    this.#logBytes -= bytes;
    while (this.#logBytes < MAX_UNACKED_LOG_BYTES) {
      const next = this.#waitingLogs.shift();
      if (!next) return;
      this.#admit(next);
    }
  }
}

function numbered(entry: Entry, nowMs: number): Fact {
  return { ...entry.body, id: entry.id, ageMs: Math.max(0, nowMs - entry.happenedAtMs) };
}
