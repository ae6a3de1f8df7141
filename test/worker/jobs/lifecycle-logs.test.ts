import { describe, expect, it } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import type { BodyChange } from "../../../worker/jobs/lifecycle-events.ts";
import { CHUNK_BYTES, JOB_LOG_BYTES, LOG_BYTES, RUN_LOGS } from "../../../worker/jobs/lifecycle-limits.ts";
import { newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job, LogEntry } from "../../../worker/jobs/lifecycle-state.ts";
import { ENDED_WITH_LOG, FACTS, factEvent, LATER, SAMPLES } from "./lifecycle-samples.ts";

type LogFact = Extract<Fact, { type: "log" }>;

const RUNNING = SAMPLES.running;
const piece = (change: Partial<LogFact>): LogFact => ({ ...FACTS.log, last: false, ...change });

/** Tells the facts one by one; gives the job and what became of each and of the bodies. */
function told(start: Job | null, facts: Fact[], now = LATER) {
  let job = start;
  const bodies: BodyChange[] = [];
  const steps = facts.map((fact) => {
    const advanced = advance(job, factEvent(fact, now), now);
    job = advanced.job;
    bodies.push(...advanced.bodies);
    return advanced.step.kind === "moved"
      ? "moved"
      : advanced.step.kind === "ignored"
        ? advanced.step.reason
        : "refused";
  });
  if (job === null) throw new Error("no job");
  return { job, bodies, steps, logs: newestRun(job).logs };
}

describe("pieces of a log", () => {
  it("are taken in order, and those met before change nothing", () => {
    const first = piece({ seq: 0, text: "one\n" });
    const second = piece({ seq: 1, text: "two\n", last: true });

    const { steps, logs, bodies } = told(RUNNING, [first, first, second, first, second]);

    expect(steps).toEqual(["moved", "already_known", "moved", "already_known", "already_known"]);
    expect(logs).toMatchObject([{ id: 1, nextSeq: 2, bytes: 8, chunks: 1, state: "done", problem: "" }]);
    expect(bodies.map((change) => change.op === "append" && [change.chunk, change.fresh])).toEqual([
      [0, true],
      [0, false],
    ]);
  });

  it("are refused where one before them is missing", () => {
    const { steps, logs } = told(RUNNING, [piece({ seq: 0 }), piece({ seq: 2 })]);

    expect(steps).toEqual(["moved", "refused"]);
    expect(logs[0]?.nextSeq).toBe(1);
  });

  it("begin the log anew when a relay process that reads it again cuts it elsewhere", () => {
    const { steps, logs, bodies, job } = told(RUNNING, [
      piece({ seq: 0, text: "one\n" }),
      piece({ seq: 0, text: "one\ntwo\n" }),
      piece({ seq: 1, text: "three\n", last: true }),
    ]);

    expect(steps).toEqual(["moved", "moved", "moved"]);
    expect(bodies.map(({ op }) => op)).toEqual(["append", "drop", "append", "append"]);
    expect(logs[0]).toMatchObject({ bytes: 14, state: "done" });
    expect(job.logBytes).toBe(14);
  });

  it("begin the log anew when its beginning is another one of the same length", () => {
    const { steps, job } = told(RUNNING, [
      piece({ seq: 0, text: "one\n" }),
      piece({ seq: 0, text: "two\n" }),
      piece({ seq: 1, text: "three\n", last: true }),
    ]);

    expect(steps).toEqual(["moved", "moved", "moved"]);
    expect(job.logBytes).toBe(10);
  });

  it("may end the log with a piece that was met before without that word", () => {
    const { steps, logs } = told(RUNNING, [
      piece({ seq: 0, text: "all\n" }),
      piece({ seq: 0, text: "all\n", last: true }),
    ]);

    expect(steps).toEqual(["moved", "moved"]);
    expect(logs[0]).toMatchObject({ bytes: 4, state: "done" });
  });

  it("fill chunks of at most 1 MiB", () => {
    const quarter = "x".repeat(256 * 1024);
    const { bodies, logs } = told(
      RUNNING,
      [0, 1, 2, 3, 4].map((seq) => piece({ seq, text: quarter })),
    );

    expect(bodies.map((change) => change.op === "append" && change.chunk)).toEqual([0, 0, 0, 0, 1]);
    expect(logs[0]).toMatchObject({ chunks: 2, tailBytes: quarter.length });
  });

  it("are refused above the limits of a piece, of a log and of a run", () => {
    const entry = newestRun(told(RUNNING, [piece({ seq: 0 })]).job).logs[0];
    if (!entry) throw new Error("no log");
    const full = withLogs(RUNNING, [{ ...entry, bytes: LOG_BYTES }]);
    const many = withLogs(
      RUNNING,
      Array.from({ length: RUN_LOGS }, (_, id) => ({ ...entry, id, podUid: `p${id + 9}` })),
    );

    expect(told(RUNNING, [piece({ text: "x".repeat(CHUNK_BYTES + 1) })]).steps).toEqual(["refused"]);
    expect(told(full, [piece({ seq: 1, text: "x" })]).steps).toEqual(["refused"]);
    expect(told(many, [piece({ seq: 0 })]).steps).toEqual(["refused"]);
  });

  it("make room by dropping the oldest bodies, never the one being written", () => {
    const entry = newestRun(told(RUNNING, [piece({ seq: 0 })]).job).logs[0];
    if (!entry) throw new Error("no log");
    const old = (id: number): LogEntry => ({ ...entry, id, podUid: `old${id}`, bytes: JOB_LOG_BYTES / 2, chunks: 3 });
    const full = { ...withLogs(RUNNING, [old(1), old(2)]), logBytes: JOB_LOG_BYTES, nextLogId: 3 };

    const { job, logs, bodies } = told(full, [piece({ seq: 0, text: "new\n", last: true })]);

    expect(logs.map(({ state }) => state)).toEqual(["purged", "open", "done"]);
    expect(bodies).toContainEqual({ op: "drop", logId: 1, chunks: 3 });
    expect(job.logBytes).toBe(JOB_LOG_BYTES / 2 + 4);
  });
});

describe("a run that ended and awaits its logs", () => {
  it("is final when the last of them is in", () => {
    const two = [FACTS.log.log, { ...FACTS.log.log, podName: "report-y", podUid: "p2" }];
    const ended: Fact = { ...FACTS.ended, logs: two };

    const half = told(RUNNING, [ended, FACTS.log]);
    const whole = told(half.job, [{ ...FACTS.log, log: { ...FACTS.log.log, podName: "report-y", podUid: "p2" } }]);

    expect(newestRun(half.job).state).toBe("ending");
    expect(newestRun(whole.job).state).toBe("succeeded");
    expect(whole.logs.map(({ id }) => id)).toEqual([1, 2]);
  });

  it("waits 10 s from its end or from the last byte, then says so in the log's row", () => {
    const ending = told(RUNNING, [ENDED_WITH_LOG]).job;
    const later = told(ending, [piece({ seq: 0, text: "begun" })], LATER + 9_000).job;

    const tooSoon = advance(later, { type: "tick" }, LATER + 18_999).job;
    const over = advance(later, { type: "tick" }, LATER + 19_000);

    expect(tooSoon && newestRun(tooSoon).state).toBe("ending");
    const run = over.job && newestRun(over.job);
    expect(run).toMatchObject({
      state: "succeeded",
      logs: [{ problem: "no byte of it came for 10 s", state: "open" }],
    });
    expect(over.durable).toBe(true);
  });

  it.each([
    { what: "an empty piece", sign: piece({ seq: 0, text: "" }) },
    { what: "a piece met before", sign: piece({ seq: 0, text: "begun" }) },
  ])("waits on where $what says that the relay is at it, and counts it as no output", ({ sign }) => {
    const ending = told(RUNNING, [ENDED_WITH_LOG, piece({ seq: 0, text: "begun" })]).job;

    const { job, logs, bodies } = told(ending, [sign], LATER + 9_000);

    const run = newestRun(advance(job, { type: "tick" }, LATER + 18_999).job ?? job);
    expect(run).toMatchObject({ state: "ending", logsBy: LATER + 19_000 });
    expect(logs).toMatchObject([{ nextSeq: 1, bytes: 5 }]);
    expect(bodies).toEqual([]);
  });

  it("still takes a log that comes after it was given up, and forgets the complaint", () => {
    const ending = told(RUNNING, [ENDED_WITH_LOG]).job;
    const over = advance(ending, { type: "tick" }, LATER + 10_000).job;

    const { steps, logs } = told(over, [{ ...FACTS.log, text: "late\n" }], LATER + 60_000);

    expect(steps).toEqual(["moved"]);
    expect(logs).toMatchObject([{ problem: "", state: "done", bytes: 5 }]);
  });

  it("ends at once where its last piece says why the log can't be read", () => {
    const { job, logs } = told(RUNNING, [ENDED_WITH_LOG, { ...FACTS.log, text: "", problem: "the node is gone" }]);

    expect(newestRun(job).state).toBe("succeeded");
    expect(logs).toMatchObject([{ problem: "the node is gone", chunks: 0 }]);
  });
});

function withLogs(job: Job | null, logs: LogEntry[]): Job {
  if (job === null) throw new Error("no job");
  return { ...job, runs: job.runs.map((run) => ({ ...run, logs })) };
}
