import type { Fact, LogKey } from "../../protocol/up.ts";
import { type BodyChange, ignored, moved, refused, type Step } from "./lifecycle-events.ts";
import { CHUNK_BYTES, LOG_BYTES, LOG_WAIT_MS, RUN_LOGS } from "./lifecycle-limits.ts";
import { makeRoom } from "./lifecycle-log-room.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver, withRun } from "./lifecycle-runs.ts";
import type { Job, LogEntry } from "./lifecycle-state.ts";

/** What a log's row says where no byte of it came for so long that the run's end waited no more. */
export const NOTHING_CAME = `no byte of it came for ${LOG_WAIT_MS / 1_000} s`;

/** A sign of life is written down at most this often. */
const SIGN_OF_LIFE_MS = 1_000;

type LogFact = Extract<Fact, { type: "log" }>;

function isOf(entry: LogEntry, key: LogKey): boolean {
  return entry.podUid === key.podUid && entry.container === key.container && entry.restart === key.restart;
}

function openEntry(id: number, key: LogKey, now: number): LogEntry {
  return {
    id,
    podName: key.podName,
    podUid: key.podUid,
    container: key.container,
    restart: key.restart,
    severalContainers: false,
    createdAt: now,
    state: "open",
    awaited: false,
    nextSeq: 0,
    firstBytes: 0,
    firstSum: 0,
    bytes: 0,
    chunks: 0,
    tailBytes: 0,
    problem: "",
  };
}

/** The job with the run's end waiting for these logs; each gets its row's id now, in this order. */
export function awaitLogs(job: Job, run: Run, keys: readonly LogKey[], now: number): { job: Job; run: Run } {
  let nextLogId = job.nextLogId;
  const logs = [...run.logs];
  for (const key of keys) {
    const at = logs.findIndex((entry) => isOf(entry, key));
    const known = logs[at];
    if (known) {
      logs[at] = { ...known, awaited: true };
    } else {
      logs.push({ ...openEntry(nextLogId, key, now), awaited: true });
      nextLogId += 1;
    }
  }
  return { job: { ...job, nextLogId }, run: { ...run, logs } };
}

/** Whether the run's end still waits for a log. */
export function isAwaitingLogs(run: Run): boolean {
  return run.logs.some((entry) => entry.awaited && entry.state === "open");
}

/** The run with every log that never ended marked as such; a piece that still comes is taken all the same. */
export function giveUpLogs(run: Run, problem: string): Run {
  const logs = run.logs.map((entry) =>
    entry.awaited && entry.state === "open" ? { ...entry, awaited: false, problem } : entry,
  );
  return { ...run, logs };
}

type Appended = { entry: LogEntry; bodies: BodyChange[] };

function append(entry: LogEntry, bytes: Uint8Array): Appended {
  if (bytes.byteLength === 0) return { entry, bodies: [] };
  const fresh = entry.chunks === 0 || entry.tailBytes + bytes.byteLength > CHUNK_BYTES;
  const chunks = fresh ? entry.chunks + 1 : entry.chunks;
  return {
    entry: {
      ...entry,
      chunks,
      tailBytes: fresh ? bytes.byteLength : entry.tailBytes + bytes.byteLength,
      bytes: entry.bytes + bytes.byteLength,
    },
    bodies: [{ op: "append", logId: entry.id, chunk: chunks - 1, fresh, bytes }],
  };
}

function begunAnew(entry: LogEntry): Appended {
  const bodies: BodyChange[] = entry.chunks > 0 ? [{ op: "drop", logId: entry.id, chunks: entry.chunks }] : [];
  return { entry: { ...entry, nextSeq: 0, firstBytes: 0, firstSum: 0, bytes: 0, chunks: 0, tailBytes: 0 }, bodies };
}

function withEntry(run: Run, entry: LogEntry): Run {
  const known = run.logs.some((old) => old.id === entry.id);
  return { ...run, logs: known ? run.logs.map((old) => (old.id === entry.id ? entry : old)) : [...run.logs, entry] };
}

/** A piece met before: taken again for its word that the log ends with it, else as a sign that the log is on its way. */
function repeated(job: Job, run: Run, entry: LogEntry, fact: LogFact, now: number): Step {
  if (!fact.last || fact.seq !== entry.nextSeq - 1) return stillComing(job, run, now);
  const done: LogEntry = { ...entry, state: "done", awaited: false, problem: fact.problem ?? "", ...cutOf(fact) };
  return moved(withRun(job, withEntry(run, done)));
}

function cutOf({ cut }: LogFact): Pick<LogEntry, "cut"> {
  return cut === undefined ? {} : { cut };
}

/** FNV-1a, 32 bits: tells two beginnings apart that have one length, for every long log's first piece is full. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

/**
 * Takes one piece of a log, in order of `seq`. Another piece 0 than the first one comes from a relay process that reads the
 * log anew and finds less of it, or more: the body begins anew with it. An empty piece that is not the last is a sign of life.
 */
export function takeLogPiece(job: Job, run: Run, fact: LogFact, now: number): Step {
  const known = run.logs.find((entry) => isOf(entry, fact.log));
  if (known === undefined && run.logs.length >= RUN_LOGS) {
    return refused("log", `run ${run.run} has ${RUN_LOGS} logs already`);
  }
  const before = known ?? openEntry(job.nextLogId, fact.log, now);
  if (before.state !== "open") return ignored("already_known");
  if (fact.text === "" && !fact.last) return stillComing(job, run, now);
  const bytes = new TextEncoder().encode(fact.text);
  const firstSum = fact.seq === 0 ? sumOf(bytes) : before.firstSum;
  const isOther = bytes.byteLength !== before.firstBytes || firstSum !== before.firstSum;
  const isAnew = fact.seq === 0 && before.nextSeq > 0 && isOther;
  if (fact.seq < before.nextSeq && !isAnew) return repeated(job, run, before, fact, now);
  const start = isAnew ? begunAnew(before) : { entry: before, bodies: [] };
  if (fact.seq > start.entry.nextSeq) {
    return refused(
      "log",
      `piece ${fact.seq} of the log of ${fact.log.podName} came before piece ${start.entry.nextSeq}`,
    );
  }
  if (bytes.byteLength > CHUNK_BYTES || start.entry.bytes + bytes.byteLength > LOG_BYTES) {
    return refused(
      "log",
      `the log of ${fact.log.podName} is above the limit of ${LOG_BYTES} bytes, or a piece of it above ${CHUNK_BYTES}`,
    );
  }
  const { entry, bodies } = append(start.entry, bytes);
  const taken: LogEntry = {
    ...entry,
    nextSeq: fact.seq + 1,
    firstBytes: fact.seq === 0 ? bytes.byteLength : entry.firstBytes,
    firstSum,
    severalContainers: entry.severalContainers || fact.severalContainers,
    state: fact.last ? "done" : "open",
    awaited: entry.awaited && !fact.last,
    problem: fact.last ? (fact.problem ?? "") : entry.problem,
    ...cutOf(fact),
  };
  const changed = withRun(
    {
      ...job,
      nextLogId: Math.max(job.nextLogId, taken.id + 1),
      logBytes: job.logBytes + taken.bytes - before.bytes,
    },
    waitOn(withEntry(run, taken), now),
  );
  const room = makeRoom(changed, taken.id);
  return moved(room.job, [...start.bodies, ...bodies, ...room.bodies]);
}

/** Each byte gives the run's end another 10 s. */
function waitOn(run: Run, now: number): Run {
  return run.state === "ending" && !isOver(run) ? { ...run, logsBy: now + LOG_WAIT_MS } : run;
}

/** Nothing new, but the relay is at it: it reads what it will cut, or sends what another process sent before. */
function stillComing(job: Job, run: Run, now: number): Step {
  const isWorthARow = run.state === "ending" && run.logsBy < now + LOG_WAIT_MS - SIGN_OF_LIFE_MS;
  return isWorthARow ? moved(withRun(job, waitOn(run, now))) : ignored("already_known");
}
