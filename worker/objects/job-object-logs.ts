import type { LogQuery } from "../jobs/calls.ts";
import type { Event } from "../jobs/lifecycle-events.ts";
import { JOB_LOG_BYTES } from "../jobs/lifecycle-limits.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import type { Job, LogEntry } from "../jobs/lifecycle-state.ts";

/** Without `run` at most this much of `run_logs` leaves in one answer (contract, part 2). */
export const ANSWER_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** One row of `job_logs`: the starts of one container, in order. */
export type LogRow = { id: number; podName: string; container: string | null; createdAt: number; entries: LogEntry[] };

/** Reads a chunk of a log's body; null: it is not there (any more). */
export type ReadChunk = (logId: number, chunk: number) => Uint8Array | null;

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
  return [...rows.values()];
}

/**
 * The rows a query asks for, in order of their ids: those of its run, or those of the newest runs at hand as far as they fit
 * into one answer together. The newest run that has any is always among them.
 */
export function logRows(job: Job, query: LogQuery): LogRow[] {
  const runs = job.runs.filter(({ run }) => query.run === undefined || run === query.run).reverse();
  const rows: LogRow[] = [];
  let bytes = 0;
  for (const run of runs) {
    const more = rowsOf(run, query);
    bytes += more.reduce((sum, row) => sum + bytesOf(row), 0);
    if (rows.length > 0 && bytes > ANSWER_BYTES) break;
    rows.push(...more);
  }
  return rows.sort((a, b) => a.id - b.id);
}

/** By how many bytes the logs in these events would take the job above its limit; a UTF-16 unit is at most 3 bytes. */
export function bytesAbove(job: Job, events: readonly Event[]): number {
  const bytes = events.reduce((sum, event) => {
    return event.type === "fact" && event.taken.fact.type === "log" ? sum + event.taken.fact.text.length * 3 : sum;
  }, 0);
  return bytes === 0 ? 0 : job.logBytes + bytes - JOB_LOG_BYTES;
}

function rowStart(entry: LogEntry): Omit<LogRow, "entries"> {
  const container = entry.severalContainers ? entry.container : null;
  return { id: entry.id, podName: entry.podName, container, createdAt: entry.createdAt };
}

function bytesOf(row: LogRow): number {
  return row.entries.reduce((sum, entry) => sum + (entry.state === "purged" ? 0 : entry.bytes), 0);
}

/** Where reading begins: at that byte of that chunk of that log; the logs before it are left out. */
type Start = { entry: number; chunk: number; offset: number };

const WHOLE: Start = { entry: 0, chunk: 0, offset: 0 };

/** Where the last `lines` lines of a row begin. A newline at the very end closes the last line and begins no other. */
function tailStart(row: LogRow, lines: number, read: ReadChunk): Start {
  let found = 0;
  let isEnd = true;
  for (let entry = row.entries.length - 1; entry >= 0; entry -= 1) {
    const log = row.entries[entry];
    for (let chunk = (log?.chunks ?? 0) - 1; log && chunk >= 0; chunk -= 1) {
      const bytes = read(log.id, chunk) ?? new Uint8Array();
      const newlines = lineEnds(isEnd ? bytes.subarray(0, -1) : bytes);
      isEnd = false;
      const at = newlines.at(found - lines);
      if (newlines.length >= lines - found && at !== undefined) return { entry, chunk, offset: at + 1 };
      found += newlines.length;
    }
  }
  return WHOLE;
}

function lineEnds(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) ends.push(at);
  return ends;
}

function* bodyOf(entry: LogEntry, read: ReadChunk, from: { chunk: number; offset: number }): Generator<string> {
  // A byte order mark is output like any other.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
  for (let chunk = from.chunk; chunk < entry.chunks; chunk += 1) {
    const bytes = read(entry.id, chunk);
    if (bytes === null) continue;
    yield decoder.decode(chunk === from.chunk ? bytes.subarray(from.offset) : bytes, { stream: true });
  }
}

/** A log's text in pieces of at most a chunk, with the line that says what is missing. */
function* textOf(entry: LogEntry, read: ReadChunk, from: { chunk: number; offset: number }): Generator<string> {
  if (entry.state === "purged") {
    yield "[watchbell: log purged]";
    return;
  }
  let last = "";
  for (const text of bodyOf(entry, read, from)) {
    if (text === "") continue;
    last = text;
    yield text;
  }
  if (entry.problem === "") return;
  yield `${last === "" || last.endsWith("\n") ? "" : "\n"}[watchbell: log not readable: ${entry.problem}]`;
}

function* rowText(row: LogRow, read: ReadChunk, tailLines: number | undefined): Generator<string> {
  if (tailLines === 0) return;
  const start = tailLines === undefined ? WHOLE : tailStart(row, tailLines, read);
  for (const [at, entry] of row.entries.entries()) {
    if (at < start.entry) continue;
    yield* textOf(entry, read, at === start.entry ? start : WHOLE);
    // The marker is a line of its own; output is left as it was written.
    const endsInMarker = entry.problem !== "" || entry.state === "purged";
    if (endsInMarker && at < row.entries.length - 1) yield "\n";
  }
}

function* jsonOf(rows: LogRow[], read: ReadChunk, query: LogQuery): Generator<string> {
  let left = query.run === undefined ? ANSWER_BYTES : Number.POSITIVE_INFINITY;
  let isFirst = true;
  yield "[";
  for (const row of rows) {
    const head = { id: row.id, pod_name: row.podName };
    yield `${isFirst ? "" : ","}${JSON.stringify(head).slice(0, -1)},"run_logs":"`;
    isFirst = false;
    const bytes = bytesOf(row);
    if (bytes > left) yield `[watchbell: ${bytes} bytes cut]`;
    else {
      left -= bytes;
      // A piece of a JSON string is a JSON string without its quotes.
      for (const text of rowText(row, read, query.tailLines)) yield JSON.stringify(text).slice(1, -1);
    }
    const tail = {
      create_time: Math.floor(row.createdAt / 1_000),
      ...(row.container === null ? {} : { container: row.container }),
    };
    yield `",${JSON.stringify(tail).slice(1)}`;
  }
  yield "]";
}

/**
 * The rows as one JSON array, UTF-8, `[{ id, pod_name, run_logs, create_time, container? }]`. A chunk is read when the reader
 * wants it, so that no more than one is in memory.
 */
export function logStream(job: Job, query: LogQuery, read: ReadChunk): ReadableStream<Uint8Array> {
  const pieces = jsonOf(logRows(job, query), read, query);
  const encoder = new TextEncoder();
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      for (;;) {
        const next = pieces.next();
        if (next.done) {
          controller.close();
          // A reader that brought its own buffer is told of the end only so.
          controller.byobRequest?.respond(0);
          return;
        }
        if (next.value === "") continue;
        controller.enqueue(encoder.encode(next.value));
        return;
      }
    },
  });
}
