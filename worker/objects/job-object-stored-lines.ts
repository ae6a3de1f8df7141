import { type LinePlace, lineMark } from "../../protocol/follow-position.ts";
import { LineSplitter, type NumberedLine } from "../../protocol/line-splitter.ts";
import type { LogEntry } from "../jobs/lifecycle-state.ts";
import type { ReadChunk } from "./job-object-log-parts.ts";
import { PURGED } from "./job-object-logs.ts";

/** A numbered line; null: a step that took its time, after which the turn may be given up. */
export type LineStep = Pick<NumberedLine, "line" | "text" | "isCut"> | null;

/**
 * The lines of a stored log after a place (null: all), numbered as they were when they came live. A log that does not have that
 * line there is another reading of it, and given from its beginning: twice is better than never.
 */
export function* storedLines(entry: LogEntry, read: ReadChunk, after: LinePlace | null): Generator<LineStep> {
  if (entry.state === "purged") {
    if (after?.mark !== lineMark(PURGED)) yield { line: (after?.line ?? 0) + 1, text: PURGED, isCut: false };
    return;
  }
  let sought = after;
  for (const step of linesOf(entry, read)) {
    if (step === null || sought === null) {
      yield step;
      continue;
    }
    if (step.line < sought.line) continue;
    if (step.line === sought.line && !step.isCut && lineMark(step.text) !== sought.mark) break;
    // Where the line is in a part that was cut, what stands for it says so.
    if (step.line > sought.line) yield step;
    sought = null;
  }
  if (sought !== null) yield* storedLines(entry, read, null);
}

function* linesOf(entry: LogEntry, read: ReadChunk): Generator<LineStep> {
  const splitter = new LineSplitter();
  for (let chunk = 0, at = 0; chunk < entry.chunks; chunk += 1) {
    const bytes = read(entry.id, chunk);
    yield null;
    if (bytes === null) {
      yield { line: splitter.lines + 1, text: PURGED, isCut: false };
      return;
    }
    yield* chunkLines(splitter, bytes, at, entry.cut);
    at += bytes.length;
  }
  yield* splitter.end();
  if (entry.problem === "") return;
  yield { line: splitter.lines + 1, text: `[watchbell: log not readable: ${entry.problem}]`, isCut: false };
}

/** The lines of a chunk that begins at that byte of the text, with the cut's marker taken for the cut that it is. */
function* chunkLines(splitter: LineSplitter, bytes: Uint8Array, at: number, cut: LogEntry["cut"]): Generator<LineStep> {
  if (cut === undefined) {
    yield* splitter.push(bytes);
    return;
  }
  const from = cut.at - at;
  yield* splitter.push(bytes.subarray(0, Math.max(0, from)));
  if (from >= 0 && from < bytes.length) yield* splitter.cut(cut.bytes, cut.lines);
  yield* splitter.push(bytes.subarray(Math.max(0, from + cut.markerBytes)));
}
