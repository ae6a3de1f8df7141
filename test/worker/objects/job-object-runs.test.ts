import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import { FINISHED_RUNS, JOB_LOG_BYTES } from "../../../worker/jobs/lifecycle-limits.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { fresh, indexRow, inputOf, jobObject, logRows, stored, Teller } from "./job-object-support.ts";

const WAIT_MS = 5_000;

/** Facts of that run. */
function of(run: number, ...facts: Fact[]): Fact[] {
  return facts.map((fact) => ({ ...fact, run }));
}

it("runs a finished job anew under a name of its own, and counts over its runs", async () => {
  const cluster = await Teller.join(fresh("again"));
  const jobId = fresh("job");
  await cluster.running(jobId, { metadata: { log_collect: "true" } });
  expect(await jobObject(jobId).calls.rerun()).toEqual({ answer: "not_finished" });
  await cluster.told(
    jobId,
    { ...FACTS.ended, result: "failed", message: "exited with code 3", logs: [FACTS.log.log] },
    FACTS.log,
  );

  const answer = await jobObject(jobId).calls.rerun();
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1 }));
  const create = await cluster.created(jobId, 2);
  const log = { ...FACTS.log, log: { ...FACTS.log.log, podUid: "p2", podName: "report-y" }, text: "anew\n" };
  await cluster.told(jobId, ...of(2, FACTS.created, FACTS.started, { ...FACTS.ended, logs: [log.log] }, log));

  expect(answer).toEqual({ answer: "rerun", run: 2 });
  expect(create).toMatchObject({ name: `${jobId}-r2`, run: 2 });
  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ jobStatus: 2, times: 2, successTimes: 1 });
  expect(job?.runs).toMatchObject([
    { run: 2, status: "succeeded", kubeJob: `${jobId}-r2` },
    { run: 1, status: "failed", kubeJob: jobId, message: expect.stringContaining("code 3") },
  ]);
  expect(await logRows(jobId)).toMatchObject([{ run_logs: "hello\n" }, { pod_name: "report-y", run_logs: "anew\n" }]);
  expect(await logRows(jobId, { run: 1 })).toMatchObject([{ id: 1, run_logs: "hello\n" }]);
});

it("keeps a finished run in a key of its own once a newer one speaks for the job, without its definition", async () => {
  const cluster = await Teller.join(fresh("keys"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, FACTS.ended);
  const before = await stored(jobId);

  await jobObject(jobId).calls.rerun();

  expect(before.keys).toEqual(["job"]);
  const after = await stored(jobId);
  expect(after.keys).toEqual(["job", "run:000000001"]);
  expect(after.job?.runs.map(({ run }) => run)).toEqual([2]);
  const { first, isShared } = await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    return { first: storage.kv.get<Run>("run:000000001"), isShared: job?.runs[0]?.definition === job?.definition };
  });
  expect(first).toMatchObject({ state: "succeeded", definition: null });
  // The platform stores an object once, however often a value names it: a definition may have 256 KiB.
  expect(isShared).toBe(true);
});

it("answers facts about finished runs in their own keys as before, and takes what still comes of their logs", async () => {
  const cluster = await Teller.join(fresh("late"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, FACTS.ended);
  await jobObject(jobId).calls.rerun();
  await cluster.created(jobId, 2);

  expect(await cluster.told(jobId, FACTS.ended)).toBe("ok");
  expect(await cluster.told(jobId, FACTS.log)).toBe("ok");
  expect(await cluster.told(jobId, { ...FACTS.started, run: 7 })).toBe("gone");

  expect(await logRows(jobId, { run: 1 })).toMatchObject([{ run_logs: "hello\n" }]);
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: -1, runs: [{ run: 2 }, { run: 1 }] });
});

it("keeps the newest thousand finished runs, and drops the oldest with its logs", async () => {
  const cluster = await Teller.join(fresh("many"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    const [run] = job?.runs ?? [];
    if (!job || !run) throw new Error("no job");
    for (let number = 1; number <= FINISHED_RUNS; number += 1) {
      const key = `run:${String(number).padStart(9, "0")}`;
      storage.kv.put(key, { ...run, run: number, definition: null, logs: number === 1 ? run.logs : [] });
    }
    const current = FINISHED_RUNS + 1;
    const runs = [{ ...run, run: current, logs: [] }];
    storage.kv.put("job", { ...job, runs, current, nextRun: current + 1, finishedRuns: FINISHED_RUNS });
  });
  await evictDurableObject(jobObject(jobId).stub);

  expect(await jobObject(jobId).calls.rerun()).toEqual({ answer: "rerun", run: FINISHED_RUNS + 2 });

  const { keys, job } = await stored(jobId);
  expect(keys.filter((key) => key.startsWith("run:"))).toHaveLength(FINISHED_RUNS);
  expect(keys).not.toContain("run:000000001");
  expect(keys).toContain("run:000001001");
  expect(keys.filter((key) => key.startsWith("log:"))).toEqual([]);
  expect(job).toMatchObject({ finishedRuns: FINISHED_RUNS, logBytes: 0 });
  const described = await jobObject(jobId).calls.describe();
  expect(described?.runs.map(({ run }) => run)).toEqual(Array.from({ length: 20 }, (_, index) => 1_002 - index));
});

it("makes room for a newer run's log with the log of a finished run that has a key of its own", async () => {
  const cluster = await Teller.join(fresh("full"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);
  await jobObject(jobId).calls.rerun();
  await cluster.created(jobId, 2);
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    storage.kv.put("job", { ...job, logBytes: JOB_LOG_BYTES });
  });
  await evictDurableObject(jobObject(jobId).stub);

  await cluster.told(jobId, ...of(2, FACTS.created, FACTS.started, FACTS.log));

  expect(await logRows(jobId, { run: 1 })).toMatchObject([{ run_logs: "[watchbell: log purged]" }]);
  expect(await logRows(jobId, { run: 2 })).toMatchObject([{ run_logs: "hello\n" }]);
  expect((await stored(jobId)).keys).toEqual(["job", "log:2:000000", "run:000000001"]);
});

it("reads the logs of the newest runs that fit, however many, and finds a pod in any of them", async () => {
  const cluster = await Teller.join(fresh("read"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    const [run] = job?.runs ?? [];
    const [log] = run?.logs ?? [];
    if (!job || !run || !log) throw new Error("no job");
    const runs = Array.from({ length: 50 }, (_, index): Run => {
      return { ...run, run: index + 1, logs: [{ ...log, id: index + 1, podName: `pod-${index + 1}` }] };
    });
    for (const each of runs) {
      storage.kv.put(`run:${String(each.run).padStart(9, "0")}`, { ...each, definition: null });
      storage.kv.put(`log:${each.run}:000000`, new TextEncoder().encode(`run ${each.run}\n`));
    }
    // The newest is packed, and so is one whose Job is being removed: it has a key too, and is read once.
    storage.kv.delete("run:000000050");
    const packed = runs.filter(({ run: number }) => number === 7 || number === 50);
    storage.kv.put("job", { ...job, runs: packed, current: 50, nextRun: 51, nextLogId: 51, finishedRuns: 49 });
  });
  await evictDurableObject(jobObject(jobId).stub);

  const all = await logRows(jobId);

  expect(all.map((row) => row.run_logs)).toEqual(Array.from({ length: 50 }, (_, index) => `run ${index + 1}\n`));
  expect(await logRows(jobId, { podName: "pod-3" })).toMatchObject([{ pod_name: "pod-3", run_logs: "run 3\n" }]);
  expect(await logRows(jobId, { podName: "pod-3", run: 4 })).toEqual([]);
  expect(await logRows(jobId, { run: 7 })).toMatchObject([{ run_logs: "run 7\n" }]);
});

it("cancels one run, and says what it met; of a run that is over nothing changes", async () => {
  const cluster = await Teller.join(fresh("cancel"));
  const jobId = fresh("job");
  const cancel = (run: number, waitMs = WAIT_MS) => jobObject(jobId).calls.cancelRun(run, waitMs);
  await cluster.running(jobId);

  expect(await cancel(2)).toEqual({ answer: "unknown_run" });
  expect(await cancel(1, 30)).toEqual({ answer: "timeout" });
  const { n } = await cluster.removal(jobId);
  await evictDurableObject(jobObject(jobId).stub);
  await cluster.told(jobId, { ...FACTS.removed, n });

  const met = { answer: "cancelled", outcome: "removed_from_cluster" };
  expect(await cancel(1)).toEqual(met);
  expect(await jobObject(jobId).calls.describe()).toMatchObject({
    jobStatus: 1,
    runs: [{ status: "cancelled", reason: "cancelled" }],
  });
  await jobObject(jobId).calls.rerun();
  expect(await cancel(1)).toEqual(met);
  await cluster.created(jobId, 2);
  await cluster.told(jobId, ...of(2, FACTS.created, FACTS.started, FACTS.ended));
  expect(await cancel(2)).toEqual({ answer: "cancelled", outcome: "already_finished" });
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: 2 });
});

it("cancels a run that is not due without force, and carries the cluster's words where it refuses", async () => {
  const cluster = await Teller.join(fresh("words"));
  const [soon, running] = [fresh("soon"), fresh("running")];
  const execAt = Date.now() + 3_600_000;
  await jobObject(soon).calls.create(inputOf(soon, { cluster: cluster.cluster }, { execAt }));
  await cluster.running(running);

  const taken = await jobObject(soon).calls.cancelRun(1, WAIT_MS);
  const answer = jobObject(running).calls.cancelRun(1, WAIT_MS);
  const { n } = await cluster.removal(running);
  await cluster.told(running, { ...FACTS.remove_failed, n });

  expect(taken).toEqual({ answer: "cancelled", outcome: "cancelled_before_dispatch" });
  expect(await answer).toEqual({ answer: "refused", message: "forbidden by policy" });
  expect(await jobObject(running).calls.describe()).toMatchObject({ jobStatus: 0, status: "running" });
});

it("runs a lost run again where the job wants it, three times in a row at most", async () => {
  const cluster = await Teller.join(fresh("lost"));
  const jobId = fresh("job");
  await cluster.running(jobId, { metadata: { on_lost: "rerun" } });

  for (const run of [1, 2, 3]) {
    await cluster.told(jobId, { ...FACTS.lost, run });
    expect(await cluster.created(jobId, run + 1)).toMatchObject({ name: `${jobId}-r${run + 1}` });
    await cluster.told(jobId, ...of(run + 1, FACTS.created, FACTS.started));
  }
  await cluster.told(jobId, { ...FACTS.lost, run: 4 });

  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ jobStatus: 1, status: "lost", times: 4, successTimes: 0 });
  expect(job?.runs.map(({ run, status }) => [run, status])).toEqual([4, 3, 2, 1].map((run) => [run, "lost"]));
});

it("removes the Jobs of all its finished runs with the job, the recent ones", async () => {
  const cluster = await Teller.join(fresh("clear"));
  const jobId = fresh("job");
  await cluster.running(jobId, { metadata: { ttl_seconds_after_finished: "300" } });
  await cluster.told(jobId, FACTS.ended);
  for (const run of [2, 3]) {
    await jobObject(jobId).calls.rerun();
    await cluster.created(jobId, run);
    await cluster.told(jobId, ...of(run, FACTS.created, FACTS.started, FACTS.ended));
  }

  const answer = await jobObject(jobId).calls.delete({ jobType: "once", force: false, waitMs: WAIT_MS });

  expect(answer).toEqual({ answer: "deleted", outcome: "already_finished" });
  for (const run of [1, 2, 3]) {
    const { n } = await cluster.removal(jobId, run);
    expect(await cluster.told(jobId, { ...FACTS.removed, run, n })).toBe("ok");
  }
  expect((await stored(jobId)).job).toMatchObject({
    clearing: null,
    finishedRuns: 2,
    runs: [{ run: 3, removal: null }],
  });
});

it("reads a job that an earlier version stored", async () => {
  const cluster = await Teller.join(fresh("old"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    if (!job) throw new Error("no job");
    const {
      names: _names,
      current: _current,
      nextRun: _next,
      finishedRuns: _count,
      clearing: _clearing,
      ...rest
    } = job;
    const runs = job.runs.map(({ definition: _d, namespace: _n, refusal: _r, afterLost: _a, ...run }) => run);
    storage.kv.put("job", { ...rest, runs, format: 1, nameHeld: true, releasing: null });
  });
  await evictDurableObject(jobObject(jobId).stub);

  await cluster.told(jobId, FACTS.ended);

  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: 2 });
  expect(await jobObject(jobId).calls.holdsName("default", jobId)).toBe(true);
  expect(await jobObject(jobId).calls.rerun()).toEqual({ answer: "rerun", run: 2 });
  expect((await stored(jobId)).job).toMatchObject({ format: 2 });
});
