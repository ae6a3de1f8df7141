import { expect, it } from "vitest";
import type { LogQuery } from "../../../worker/jobs/calls.ts";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import { CHUNK_BYTES, LOG_BYTES } from "../../../worker/jobs/lifecycle-limits.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { LogEntry } from "../../../worker/jobs/lifecycle-state.ts";
import {
  ANSWER_BYTES,
  ANSWER_ROWS,
  chosenParts,
  type ReadChunk,
} from "../../../worker/objects/job-object-log-parts.ts";
import { logStream } from "../../../worker/objects/job-object-logs.ts";
import { FACTS, factEvent, LATER, SAMPLES } from "../jobs/lifecycle-samples.ts";

const MIB = 1024 * 1024;
const LINE = "0123456789abcde\n";
const FULL_CHUNK = new TextEncoder().encode(LINE.repeat(CHUNK_BYTES / LINE.length));

/** Stands for a chunk of a log that is long, where only its length counts. */
const LETTER = new Uint8Array([120]);

/** A log of its own pod in full chunks, the last one less full. */
function log(id: number, bytes: number, change: Partial<LogEntry> = {}): LogEntry {
  const { job } = advance(SAMPLES.running, factEvent(FACTS.log, LATER), LATER);
  const [entry] = job === null ? [] : newestRun(job).logs;
  if (!entry) throw new Error("the sample has no log");
  const chunks = Math.ceil(bytes / CHUNK_BYTES);
  return { ...entry, id, podName: `pod-${id}`, podUid: `uid-${id}`, bytes, chunks, ...change };
}

function run(number: number, ...logs: LogEntry[]): Run {
  return { ...newestRun(SAMPLES.running), run: number, logs };
}

/** Reads what these logs describe: lines of 16 bytes. */
function readerOf(runs: readonly Run[]): ReadChunk {
  const logs = new Map(runs.flatMap((each) => each.logs.map((entry) => [entry.id, entry])));
  return (logId, chunk) => {
    const bytes = Math.min(CHUNK_BYTES, (logs.get(logId)?.bytes ?? 0) - chunk * CHUNK_BYTES);
    return FULL_CHUNK.subarray(CHUNK_BYTES - bytes);
  };
}

/** What is shown of each row: its id, and the bytes that are shown and cut. */
function chosen(runs: readonly Run[], query: LogQuery = {}): [number, number, number][] {
  const steps = chosenParts(runs, query, readerOf(runs));
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value.map(({ row, bytes, cutBytes }) => [row.id, bytes, cutBytes]);
  }
}

async function texts(runs: readonly Run[], query: LogQuery, read = readerOf(runs)): Promise<string[]> {
  const rows: { run_logs: string }[] = await new Response(logStream(runs, query, read)).json();
  return rows.map(({ run_logs }) => run_logs);
}

it("shows the newest runs that fit into 64 MiB, whole, in order of their rows", () => {
  const runs = Array.from({ length: 30 }, (_, index) => run(30 - index, log(30 - index, 10 * MIB)));

  expect(chosen(runs).map(([id]) => id)).toEqual([25, 26, 27, 28, 29, 30]);
  expect(chosen(runs).every(([, , cutBytes]) => cutBytes === 0)).toBe(true);
});

it("leaves a run out that does not fit beside newer ones, and all before it", () => {
  const runs = [run(4, log(4, MIB)), run(3), run(2, log(2, 64 * MIB)), run(1, log(1, 1))];

  expect(chosen(runs)).toEqual([[4, MIB, 0]]);
});

it("shows a log at its own limit whole, its relay's markers included", () => {
  const runs = [run(2, log(2, LOG_BYTES)), run(1, log(1, 1))];

  expect(chosen(runs)).toEqual([[2, LOG_BYTES, 0]]);
  expect(chosen(runs, { tailLines: 2 ** 31 - 1 })).toEqual([[2, LOG_BYTES, 0]]);
});

it("shows every row of the newest run, the end of one that fits in part, and nothing of those behind", () => {
  const runs = [run(2, log(2, 40 * MIB), log(3, 40 * MIB), log(4, 5)), run(1, log(1, 1))];

  expect(chosen(runs)).toEqual([
    [2, 40 * MIB, 0],
    [3, 24 * MIB, 16 * MIB],
    [4, 0, 5],
  ]);
});

it("keeps the starts of one container within 64 MiB together", () => {
  const starts = [0, 1].map((restart) => log(1 + restart, 40 * MIB, { podUid: "one", restart }));

  expect(chosen([run(1, ...starts)])).toEqual([[1, ANSWER_BYTES, 16 * MIB]]);
});

it("lets the last lines that are asked for decide what fits, not the logs they end", () => {
  const runs = Array.from({ length: 30 }, (_, index) => run(30 - index, log(30 - index, 64 * MIB)));

  const parts = chosen(runs, { tailLines: 2 });

  expect(parts).toHaveLength(30);
  expect(parts.every(([, bytes, cutBytes]) => bytes === 2 * LINE.length && cutBytes === 0)).toBe(true);
});

it("cuts nothing where a run is named", () => {
  const logs = Array.from({ length: 16 }, (_, index) => log(index + 1, 64 * MIB));

  expect(chosen([run(1, ...logs)], { run: 1 }).every(([, bytes]) => bytes === 64 * MIB)).toBe(true);
});

it("holds no more rows than an answer may have", () => {
  const many = Array.from({ length: ANSWER_ROWS }, (_, index) => log(index + 2, 1));

  expect(chosen([run(2, ...many), run(1, log(1, 1))])).toHaveLength(ANSWER_ROWS);
});

it("finds the one pod asked for in any run", () => {
  const runs = Array.from({ length: 200 }, (_, index) => run(200 - index, log(200 - index, MIB)));

  expect(chosen(runs, { podName: "pod-7" })).toEqual([[7, MIB, 0]]);
});

it("says in a row's first line what was cut from it, and goes on at a line's start", async () => {
  const runs = [run(1, log(1, ANSWER_BYTES - 40), log(2, 100))];
  const lines = readerOf(runs);

  const [, second] = await texts(runs, {}, (logId, chunk) => (logId === 1 ? LETTER : lines(logId, chunk)));

  expect(second).toBe(`[watchbell: 68 bytes cut]\n${LINE}${LINE}`);
});

it("cuts between two characters where no line begins", async () => {
  const runs = [run(1, log(1, ANSWER_BYTES - 4), log(2, 9))];
  const word = new TextEncoder().encode("äöü€");

  const [, second] = await texts(runs, {}, (logId) => (logId === 1 ? LETTER : word));

  expect(second).toBe("[watchbell: 6 bytes cut]\n€");
});

it("says so where the rest of a log makes room for newer ones while it is read", async () => {
  const runs = [run(1, log(1, 3 * MIB), log(2, 5))];
  const lines = readerOf(runs);

  const [first, second] = await texts(runs, { run: 1 }, (logId, chunk) =>
    logId === 1 && chunk === 1 ? null : lines(logId, chunk),
  );

  expect(first).toBe(`${LINE.repeat(MIB / LINE.length)}[watchbell: log purged]`);
  expect(second).toBe("bcde\n");
});

it("gives way to other events while it looks for lines", async () => {
  const runs = [run(1, log(1, 64 * MIB))];
  const lines = readerOf(runs);
  let reads = 0;
  const stream = logStream(runs, { run: 1, tailLines: 60 * (MIB / LINE.length) }, (logId, chunk) => {
    reads += 1;
    return lines(logId, chunk);
  });
  const between = new Promise<number>((resolve) => setTimeout(() => resolve(reads), 0));
  const reader = stream.getReader();

  await reader.read();
  await reader.cancel();

  expect(await between).toBeLessThan(10);
  expect(reads).toBeGreaterThanOrEqual(60);
});
