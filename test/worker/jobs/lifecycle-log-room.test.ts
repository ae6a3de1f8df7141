import { expect, it } from "vitest";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import { EXPIRED_BYTES, RETENTION_MS } from "../../../worker/jobs/lifecycle-limits.ts";
import { findRun, isOver } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { FACTS, factEvent, LATER, SAMPLES } from "./lifecycle-samples.ts";

const TICK = { type: "tick" } as const;

function firstLogs(job: Job | null) {
  return (job && findRun(job, 1))?.logs ?? [];
}

/** A job run anew whose first run, which is over, has a log of each of these sizes, 1,000 bytes to a chunk; the second is due. */
function runAnew(...sizes: number[]): { job: Job; endedAt: number } {
  const told = advance(SAMPLES.again, factEvent(FACTS.log, LATER), LATER).job;
  const first = told && findRun(told, 1);
  const [log] = firstLogs(told);
  if (!told || !first || !isOver(first) || !log) throw new Error("the sample has no log");
  const logs = sizes.map((bytes, index) => {
    return { ...log, id: index + 1, podUid: `p${index}`, bytes, chunks: Math.ceil(bytes / 1_000) };
  });
  const runs = told.runs.map((run) => (run.run === 1 ? { ...run, logs } : run));
  const logBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
  return { job: { ...told, runs, logBytes }, endedAt: first.end.finishedAt };
}

it("wakes when the retention of an older run's logs is over, also while the job goes on", () => {
  const { job, endedAt } = runAnew(10);

  const quiet = { ...job, runs: [], index: { ...job.index, written: job.index.version } };
  expect(job.logsExpireAt).toBe(endedAt + RETENTION_MS);
  expect(nextAlarmAt(quiet, LATER)).toBe(endedAt + RETENTION_MS);
});

it("leaves the logs of a job's only run to the end of the job", () => {
  const { job } = advance(SAMPLES.succeeded, factEvent(FACTS.log, LATER), LATER);

  expect(job?.logBytes).toBe(6);
  expect(job?.logsExpireAt ?? null).toBeNull();
});

it("drops what had its time, and nothing before", () => {
  const { job, endedAt } = runAnew(2_500, 10);
  const { runs } = job;

  const early = advance(job, TICK, endedAt + RETENTION_MS - 1);
  const due = advance(job, TICK, endedAt + RETENTION_MS);

  expect(early.bodies).toEqual([]);
  expect(early.job?.logBytes).toBe(2_510);
  expect(due.bodies).toEqual([
    { op: "drop", logId: 1, chunks: 3 },
    { op: "drop", logId: 2, chunks: 1 },
  ]);
  expect(firstLogs(due.job).map(({ state, chunks }) => [state, chunks])).toEqual(Array(2).fill(["purged", 0]));
  expect(due.job).toMatchObject({ logBytes: 0, logsExpireAt: null });
  expect(due.durable).toBe(true);
  expect(due.job?.runs.map(({ run }) => run)).toEqual(runs.map(({ run }) => run));
});

it("drops a bounded part in a turn, and goes on at once", () => {
  const { job, endedAt } = runAnew(EXPIRED_BYTES - 1, 10, EXPIRED_BYTES, 10);
  const now = endedAt + RETENTION_MS;

  const first = advance(job, TICK, now);
  const second = advance(first.job, TICK, now + 50);
  const third = advance(second.job, TICK, now + 100);

  expect(first.bodies.map((change) => change.logId)).toEqual([1, 2]);
  expect(first.job?.logsExpireAt).toBe(now);
  expect(second.bodies.map((change) => change.logId)).toEqual([3]);
  expect(third.bodies.map((change) => change.logId)).toEqual([4]);
  expect(third.job).toMatchObject({ logBytes: 0, logsExpireAt: null });
});

it("takes no more of a log that had its time", () => {
  const { job, endedAt } = runAnew(10);
  const now = endedAt + RETENTION_MS;
  const purged = advance(job, TICK, now).job;

  const { step } = advance(
    purged,
    factEvent({ ...FACTS.log, log: { ...FACTS.log.log, podUid: "p0" }, seq: 1 }, now),
    now,
  );

  expect(step).toEqual({ kind: "ignored", reason: "already_known" });
});
