import type { LogQuery } from "../jobs/calls.ts";
import type { Event } from "../jobs/lifecycle-events.ts";
import { JOB_LOG_BYTES } from "../jobs/lifecycle-limits.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import type { Job, LogEntry } from "../jobs/lifecycle-state.ts";
import { chosenParts, type ReadChunk, type RowPart } from "./job-object-log-parts.ts";

/** An answer leaves the turn to others after so much work, in bytes of text. */
const TURN_BYTES = 1024 * 1024;
/** What a piece costs beside its text. */
const PIECE_BYTES = 4 * 1024;
/** What it costs to read a chunk for its lines, or a run. */
const STEP_BYTES = TURN_BYTES / 4;
/** What stands for a log whose body made room for newer ones, or had its time. */
export const PURGED = "[watchbell: log purged]";

/** By how many bytes the logs in these events would take the job above its limit; a UTF-16 unit is at most 3 bytes. */
export function bytesAbove(job: Job, events: readonly Event[]): number {
  const bytes = events.reduce((sum, event) => {
    return event.type === "fact" && event.taken.fact.type === "log" ? sum + event.taken.fact.text.length * 3 : sum;
  }, 0);
  return bytes === 0 ? 0 : job.logBytes + bytes - JOB_LOG_BYTES;
}

/** A log's body in pieces of at most a chunk; null at its end: the rest made room for newer logs while it was read. */
function* bodyOf(entry: LogEntry, read: ReadChunk, from: { chunk: number; offset: number }): Generator<string | null> {
  // A byte order mark is output like any other.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
  for (let chunk = from.chunk; chunk < entry.chunks; chunk += 1) {
    const bytes = read(entry.id, chunk);
    if (bytes === null) {
      yield null;
      return;
    }
    yield decoder.decode(chunk === from.chunk ? bytes.subarray(from.offset) : bytes, { stream: true });
  }
}

/** A log's text in pieces of at most a chunk, with the line that says what is missing. */
function* textOf(entry: LogEntry, read: ReadChunk, from: { chunk: number; offset: number }): Generator<string> {
  if (entry.state === "purged") {
    yield PURGED;
    return;
  }
  let last = "";
  for (const text of bodyOf(entry, read, from)) {
    if (text === "") continue;
    const lineEnd = last === "" || last.endsWith("\n") ? "" : "\n";
    yield text ?? `${lineEnd}${PURGED}`;
    if (text === null) return;
    last = text;
  }
  if (entry.problem === "") return;
  yield `${last === "" || last.endsWith("\n") ? "" : "\n"}[watchbell: log not readable: ${entry.problem}]`;
}

function* rowText({ row, start, cutBytes }: RowPart, read: ReadChunk): Generator<string> {
  if (cutBytes > 0) yield `[watchbell: ${cutBytes} bytes cut]\n`;
  for (const [at, entry] of row.entries.entries()) {
    if (at < start.entry) continue;
    yield* textOf(entry, read, at === start.entry ? start : { chunk: 0, offset: 0 });
    // The marker is a line of its own; output is left as it was written.
    const endsInMarker = entry.problem !== "" || entry.state === "purged";
    if (endsInMarker && at < row.entries.length - 1) yield "\n";
  }
}

/** The answer in pieces; undefined: a step that had nothing to say yet. */
function* jsonOf(runs: Iterable<Run>, query: LogQuery, read: ReadChunk): Generator<string | undefined> {
  const parts = yield* chosenParts(runs, query, read);
  let separator = "";
  yield "[";
  for (const part of parts) {
    const { id, podName, createdAt, container } = part.row;
    yield `${separator}${JSON.stringify({ id, pod_name: podName }).slice(0, -1)},"run_logs":"`;
    separator = ",";
    // A piece of a JSON string is a JSON string without its quotes.
    for (const text of rowText(part, read)) yield JSON.stringify(text).slice(1, -1);
    const tail = { create_time: Math.floor(createdAt / 1_000), ...(container === null ? {} : { container }) };
    yield `",${JSON.stringify(tail).slice(1)}`;
  }
  yield "]";
}

/**
 * The rows as one JSON array, UTF-8, `[{ id, pod_name, run_logs, create_time, container? }]`; `runs` newest first. A chunk is
 * read when the reader wants it, so that no more than one is in memory, and no turn reads many: others of the object come between.
 */
export function logStream(runs: Iterable<Run>, query: LogQuery, read: ReadChunk): ReadableStream<Uint8Array> {
  const pieces = jsonOf(runs, query, read);
  const encoder = new TextEncoder();
  let workBytes = 0;
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      for (;;) {
        const next = pieces.next();
        if (next.done) {
          controller.close();
          // A reader that brought its own buffer is told of the end only so.
          controller.byobRequest?.respond(0);
          return;
        }
        workBytes += next.value === undefined ? STEP_BYTES : PIECE_BYTES + next.value.length;
        if (workBytes >= TURN_BYTES) {
          workBytes = 0;
          // A reader that is fast enough would otherwise keep every call of the object waiting for its end.
          await anotherTurn();
        }
        if (next.value === undefined || next.value === "") continue;
        controller.enqueue(encoder.encode(next.value));
        return;
      }
    },
  });
}

function anotherTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  return promise;
}
