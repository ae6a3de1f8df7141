import type { LogQuery } from "../jobs/calls.ts";
import { LOG_BYTES } from "../jobs/lifecycle-limits.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import type { LogEntry } from "../jobs/lifecycle-state.ts";

/**
 * Without `run` at most this much output leaves in one answer (contract, part 2); lines of our own come on top, also those that
 * a relay put into a log: one log that the limits allow is never cut for them.
 */
export const ANSWER_BYTES = 64 * 1024 * 1024;
/** Without `run` older runs are left out from so many rows on, since each is held until it is written. */
export const ANSWER_ROWS = 10_000;

const NEWLINE = 0x0a;

/** One row of `job_logs`: the starts of one container, in order. */
export type LogRow = { id: number; podName: string; container: string | null; createdAt: number; entries: LogEntry[] };

/** Reads a chunk of a log's body; null: it is not there (any more). */
export type ReadChunk = (logId: number, chunk: number) => Uint8Array | null;

/** Where reading begins: at that byte of that chunk of that log; the logs before it are left out. */
export type Start = { entry: number; chunk: number; offset: number };

/** What an answer shows of a row. `cutBytes`: left out before the start for want of room. */
export type RowPart = { row: LogRow; start: Start; bytes: number; cutBytes: number };

/** A step that may read a chunk; whoever drives it may give up the turn where it yields. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

const WHOLE: Start = { entry: 0, chunk: 0, offset: 0 };

/** The rows of one run, in order of their ids. */
function rowsOf(run: Run, query: LogQuery): LogRow[] {
  const rows = new Map<string, LogRow>();
  for (const entry of run.logs) {
    if (query.podName !== undefined && entry.podName !== query.podName) continue;
    const key = `${entry.podUid}/${entry.container}`;
    const row = rows.get(key);
    if (row) row.entries.push(entry);
    else rows.set(key, { ...rowStart(entry), entries: [entry] });
  }
  for (const row of rows.values()) row.entries.sort((a, b) => a.restart - b.restart);
  return [...rows.values()].sort((a, b) => a.id - b.id);
}

function rowStart(entry: LogEntry): Omit<LogRow, "entries"> {
  const container = entry.severalContainers ? entry.container : null;
  return { id: entry.id, podName: entry.podName, container, createdAt: entry.createdAt };
}

function bytesOf(row: LogRow): number {
  return row.entries.reduce((sum, entry) => sum + (entry.chunks > 0 ? entry.bytes : 0), 0);
}

/** The byte behind the newline in front of the last `lines` lines, or how many newlines there are at all. */
function lineStart(bytes: Uint8Array, lines: number): { at: number } | { found: number } {
  let found = 0;
  for (let end = bytes.length; end > 0; ) {
    const at = bytes.lastIndexOf(NEWLINE, end - 1);
    if (at < 0) break;
    found += 1;
    if (found === lines) return { at: at + 1 };
    end = at;
  }
  return { found };
}

/** Where at most the last `room` bytes begin: at a line's start if there is one, else between two characters. */
function startWithin(bytes: Uint8Array, room: number): number {
  const from = bytes.length - room;
  const newline = bytes.indexOf(NEWLINE, Math.max(0, from - 1));
  if (newline >= 0) return newline + 1;
  let at = from;
  while (at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}

/**
 * Reads a row from its end until there are so many lines or no room for more bytes. A newline at the very end closes the last
 * line and begins no other.
 */
function* tailOf(row: LogRow, lines: number, room: number, read: ReadChunk): Steps<RowPart> {
  const wholeBytes = bytesOf(row);
  if (lines === 0) return { row, start: { entry: row.entries.length, chunk: 0, offset: 0 }, bytes: 0, cutBytes: 0 };
  let linesLeft = lines;
  let bytes = 0;
  for (let entry = row.entries.length - 1; entry >= 0; entry -= 1) {
    const log = row.entries[entry];
    for (let chunk = (log?.chunks ?? 0) - 1; log && chunk >= 0; chunk -= 1) {
      const body = read(log.id, chunk) ?? new Uint8Array();
      yield;
      const line = lineStart(bytes === 0 ? body.subarray(0, -1) : body, linesLeft);
      const from = "at" in line ? line.at : 0;
      if (body.length - from > room - bytes) {
        const offset = startWithin(body, room - bytes);
        const shown = bytes + body.length - offset;
        return { row, start: { entry, chunk, offset }, bytes: shown, cutBytes: wholeBytes - shown };
      }
      bytes += body.length - from;
      if ("at" in line) return { row, start: { entry, chunk, offset: line.at }, bytes, cutBytes: 0 };
      linesLeft -= line.found;
    }
  }
  return { row, start: WHOLE, bytes, cutBytes: 0 };
}

/** A log of its own is shown with the lines that its relay put in; what is joined from several has to fit as it is. */
function roomFor(row: LogRow, left: number): number {
  const isFirst = left === ANSWER_BYTES;
  return isFirst && row.entries.filter(({ chunks }) => chunks > 0).length === 1 ? LOG_BYTES : left;
}

function* partsOf(rows: readonly LogRow[], query: LogQuery, roomBytes: number, read: ReadChunk): Steps<RowPart[]> {
  const parts: RowPart[] = [];
  let left = roomBytes;
  for (const row of rows) {
    const room = roomFor(row, left);
    const bytes = bytesOf(row);
    const isWhole = query.tailLines === undefined && bytes <= room;
    const lines = query.tailLines ?? Number.POSITIVE_INFINITY;
    const part = isWhole ? { row, start: WHOLE, bytes, cutBytes: 0 } : yield* tailOf(row, lines, room, read);
    parts.push(part);
    left = Math.max(0, left - part.bytes);
  }
  return parts;
}

/**
 * What a query shows, in order of the rows' ids: all of its run, or the newest runs, given newest first, as far as they fit
 * into one answer. Of the newest run that has logs each row is there, cut if it must be; an older run is there whole or not.
 */
export function* chosenParts(runs: Iterable<Run>, query: LogQuery, read: ReadChunk): Steps<RowPart[]> {
  let left = query.run === undefined ? ANSWER_BYTES : Number.POSITIVE_INFINITY;
  let chosen: RowPart[] = [];
  for (const run of runs) {
    yield;
    const rows = rowsOf(run, query);
    if (rows.length === 0) continue;
    if (chosen.length > 0 && query.run === undefined && chosen.length + rows.length > ANSWER_ROWS) break;
    const parts = yield* partsOf(rows, query, left, read);
    if (chosen.length > 0 && parts.some(({ cutBytes }) => cutBytes > 0)) break;
    left -= parts.reduce((sum, { bytes }) => sum + bytes, 0);
    chosen = [...parts, ...chosen];
    if (left <= 0) break;
  }
  return chosen.sort((a, b) => a.row.id - b.row.id);
}
