import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import type { CreateInput } from "../../../worker/jobs/calls.ts";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import { leadMs } from "../../../worker/jobs/lifecycle-clock.ts";
import { ATTEMPT_MS, RETENTION_MS } from "../../../worker/jobs/lifecycle-limits.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { isOver } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { clusterObject, clusterStub } from "./cluster-object-fake-relay.ts";
import { describedAs, fresh, indexRow, inputOf, jobObject, logRows, stored, Teller } from "./job-object-support.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

afterEach(() => {
  vi.useRealTimers();
});

/** Shows the objects another time of day; their alarms are rung by the test. */
function setClock(at: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(at);
}

/** The job as it is stored when its object dies right after the commit of its create, some time ago. */
async function storeCreated(input: CreateInput, agoMs: number): Promise<void> {
  const then = Date.now() - agoMs;
  const { job } = advance(null, { type: "create", input: { ...input, claimedAt: then } }, then);
  if (job === null) throw new Error("not created");
  await runInDurableObject(jobObject(input.jobId).stub, async (_, { storage }) => {
    storage.kv.put("job", job);
    await storage.setAlarm(Math.max(nextAlarmAt(job, then) ?? 0, Date.now() + HOUR_MS));
  });
  await evictDurableObject(jobObject(input.jobId).stub);
}

it("books and writes the index row after a crash between the commit of a create and its effects", async () => {
  const cluster = await Teller.join(fresh("crash"));
  const jobId = fresh("job");
  await storeCreated(inputOf(jobId, { cluster: cluster.cluster }), ATTEMPT_MS + 1_000);

  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  expect(await cluster.created(jobId)).toMatchObject({ n: 1, name: jobId });
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1, version: 1 }));
});

it("is on time after a restart while it waits, and books once", async () => {
  const cluster = await Teller.join(fresh("wait"));
  const jobId = fresh("job");
  const execAt = Date.now() + leadMs(jobId) + HOUR_MS;
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }, { execAt }));
  await evictDurableObject(jobObject(jobId).stub);

  expect((await stored(jobId)).alarmAt).toBe(execAt - leadMs(jobId));
  setClock(execAt - leadMs(jobId) + 5);
  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  const view = await clusterObject(cluster.cluster).look({ jobId, run: 1 });
  expect(view.row).toMatchObject({ state: "booked", n: 1 });
  expect((await stored(jobId)).alarmAt).toBeNull();
});

it("takes a booking that only its memory knew of as done when it is asked after a restart", async () => {
  const cluster = await Teller.join(fresh("again"));
  const jobId = fresh("job");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }));
  await cluster.created(jobId);
  await vi.waitFor(async () => expect((await stored(jobId)).alarmAt).toBeNull());
  await evictDurableObject(jobObject(jobId).stub);

  expect(await jobObject(jobId).calls.poke()).toBe(true);

  expect(await jobObject(jobId).calls.describe()).toMatchObject({ status: "sent" });
  expect(cluster.relay.all("create").filter((item) => item.jobId === jobId)).toHaveLength(1);
});

it("goes on from any state after a restart", async () => {
  const cluster = await Teller.join(fresh("every"));
  const jobId = fresh("job");
  const restart = () => evictDurableObject(jobObject(jobId).stub);
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }));
  await cluster.created(jobId);

  await restart();
  await cluster.told(jobId, FACTS.created);
  await restart();
  await cluster.told(jobId, FACTS.started);
  await restart();
  await cluster.told(jobId, { ...FACTS.ended, logs: [FACTS.log.log] });
  await restart();
  await cluster.told(jobId, FACTS.log);
  await restart();

  expect(await jobObject(jobId).calls.describe()).toMatchObject({ status: "succeeded", times: 1, successTimes: 1 });
  expect(await indexRow(jobId)).toMatchObject({ job_status: 2 });
});

it("tries a booking again for as long as its cluster's object fails, and says so", async () => {
  const cluster = fresh("broken");
  const jobId = fresh("job");
  await clusterObject(cluster).look({ jobId, run: 1 });
  await inCluster(cluster, "ALTER TABLE open_runs RENAME TO open_runs_away");

  await jobObject(jobId).calls.create(inputOf(jobId, { cluster }));
  const failing = await describedAs(jobId, ({ explain }) => explain.includes("not booked"));
  await inCluster(cluster, "ALTER TABLE open_runs_away RENAME TO open_runs");
  const booked = await describedAs(jobId, ({ explain }) => explain.includes("booked in cluster"));

  expect(failing.explain).toMatch(/not booked in cluster broken\d+ yet: .*no such table.* \(tried .* next at /);
  expect(booked.jobStatus).toBe(-1);
});

it("waits where no cluster is registered, and goes to the first that comes when the sweep pokes it", async () => {
  const jobId = fresh("job");
  await jobObject(jobId).calls.create(inputOf(jobId));
  const waiting = await describedAs(jobId, ({ explain }) => explain.includes("no cluster fits"));
  const cluster = await Teller.join(fresh("first"));
  await env.DB.prepare("INSERT INTO clusters (cluster, join_token_hash, created_at) VALUES (?, 'x', 1)")
    .bind(cluster.cluster)
    .run();

  await jobObject(jobId).calls.poke();

  expect(waiting).toMatchObject({ cluster: null, jobStatus: -1 });
  expect(await cluster.created(jobId)).toMatchObject({ name: jobId });
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ cluster: cluster.cluster }));
});

it("skips a run that its cluster never took before its start deadline, and says why", async () => {
  const cluster = fresh("away");
  const jobId = fresh("job");
  const execAt = Date.now() + 2_000;
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster }, { execAt, startingDeadlineSeconds: 60 }));
  await vi.waitFor(async () => expect((await stored(jobId)).alarmAt).toBe(execAt + 61_000));

  setClock(execAt + 61_010);
  await runDurableObjectAlarm(jobObject(jobId).stub);

  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ status: "skipped", jobStatus: 1, runs: [{ reason: "deadline", sentAt: null }] });
  expect(job?.information).toMatch(/^deadline: its start deadline passed/);
  expect(await jobObject(jobId).calls.late(cluster, 1, false)).toBe("drop");
});

it("keeps a once job that is late, for as long as it may start", async () => {
  const cluster = fresh("away");
  const jobId = fresh("job");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster }, { startingDeadlineSeconds: 600 }));

  expect(await jobObject(jobId).calls.late(cluster, 1, false)).toBe("keep");
  expect(await jobObject(jobId).calls.late("another", 1, false)).toBe("drop");
  setClock(Date.now() + 601_000);
  expect(await jobObject(jobId).calls.late(cluster, 1, false)).toBe("drop");

  vi.useRealTimers();
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ status: "skipped" });
});

it("mends an index row that D1 lost, when the sweep asks", async () => {
  const jobId = fresh("job");
  const execAt = Date.now() + HOUR_MS;
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: fresh("away") }, { execAt }));
  await vi.waitFor(async () => expect(await indexRow(jobId)).toBeDefined());
  await env.DB.prepare("DELETE FROM jobs WHERE job_id = ?").bind(jobId).run();

  expect(await jobObject(jobId).calls.holdsName("default", jobId)).toBe(true);
  expect(await jobObject(jobId).calls.holdsName("elsewhere", jobId)).toBe(false);
  expect(await jobObject(jobId).calls.poke()).toBe(true);

  expect(await indexRow(jobId)).toMatchObject({ job_id: jobId, job_status: -1 });
});

it("refuses a claim that is older than thirty seconds, and a second create", async () => {
  const jobId = fresh("job");
  const { calls } = jobObject(jobId);

  expect(await calls.create(inputOf(jobId, { claimedAt: Date.now() - 31_000 }))).toEqual({ answer: "claim_too_old" });
  expect((await stored(jobId)).keys).toEqual([]);
  expect(await calls.create(inputOf(jobId, { bodyHash: "b0d1" }))).toEqual({ answer: "created" });
  const creation = { jobType: "once", bodyHash: "b0d1", isDeleted: false };
  expect(await calls.create(inputOf(jobId))).toEqual({ answer: "exists", creation });
  expect(await calls.creation()).toEqual(creation);
});

it("forgets everything thirty days after the end: index row, name and storage", async () => {
  const cluster = await Teller.join(fresh("purge"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, { ...FACTS.ended, logs: [FACTS.log.log] }, FACTS.log);
  await env.DB.prepare(
    "INSERT INTO name_claims (namespace, job_name, job_id, id, claimed_at) VALUES ('default', ?, ?, 1, 1)",
  )
    .bind(jobId, jobId)
    .run();

  setClock(Date.now() + RETENTION_MS + 60_000);
  await runDurableObjectAlarm(jobObject(jobId).stub);

  vi.useRealTimers();
  expect(await stored(jobId)).toEqual({ job: undefined, alarmAt: null, keys: [] });
  expect(await indexRow(jobId)).toBeUndefined();
  expect(await env.DB.prepare("SELECT 1 FROM name_claims WHERE job_id = ?").bind(jobId).first()).toBeNull();
  expect(await jobObject(jobId).calls.describe()).toBeNull();
  expect(await cluster.told(jobId, FACTS.started)).toBe("gone");
  expect((await stored(jobId)).keys).toEqual([]);
});

it("drops the logs of older runs thirty days after their end while the job goes on, each at its time", async () => {
  const cluster = await Teller.join(fresh("expiry"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);
  for (const run of [2, 3]) {
    await jobObject(jobId).calls.rerun();
    await cluster.created(jobId, run);
    await cluster.told(
      jobId,
      ...[FACTS.created, FACTS.started, ENDED_WITH_LOG, FACTS.log].map((fact) => ({ ...fact, run })),
    );
  }
  const start = Date.now();
  // As if the second run had ended a day later, and the third another one.
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    const second = storage.kv.get<Run>("run:000000002");
    if (!job || !second || !isOver(second)) throw new Error("no job with a finished second run");
    storage.kv.put("run:000000002", { ...second, end: { ...second.end, finishedAt: start + DAY_MS } });
    storage.kv.put("job", { ...job, purge: { attempts: 0, nextAttemptAt: start + 2 * DAY_MS + RETENTION_MS } });
  });
  const texts = async () => (await logRows(jobId)).map((row) => row.run_logs);
  const wake = async (at: number) => {
    await evictDurableObject(jobObject(jobId).stub);
    setClock(at);
    await runDurableObjectAlarm(jobObject(jobId).stub);
  };
  const purged = "[watchbell: log purged]";

  await wake(start + RETENTION_MS + 60_000);
  expect(await texts()).toEqual([purged, "hello\n", "hello\n"]);
  await wake(start + DAY_MS + RETENTION_MS + 60_000);

  expect(await texts()).toEqual([purged, purged, "hello\n"]);
  const { job, keys, alarmAt } = await stored(jobId);
  expect(keys).toEqual(["job", "log:3:000000", "run:000000001", "run:000000002"]);
  expect(job).toMatchObject({ logBytes: 6, logsExpireAt: null });
  expect(alarmAt).toBe(job?.purge?.nextAttemptAt);
});

it("keeps all of it while D1 can't be told to forget", async () => {
  const cluster = await Teller.join(fresh("purge"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, FACTS.ended);
  await env.DB.exec("ALTER TABLE jobs RENAME TO jobs_away");
  const past = Date.now() + RETENTION_MS + 60_000;

  setClock(past);
  await runDurableObjectAlarm(jobObject(jobId).stub);

  await env.DB.exec("ALTER TABLE jobs_away RENAME TO jobs");
  const { job, alarmAt } = await stored(jobId);
  expect(job?.purge).toMatchObject({ attempts: 1 });
  expect(alarmAt).toBe(job?.purge?.nextAttemptAt);
  expect(alarmAt).toBeLessThan(past + 2_000);
});

it("never lets its alarm fail, whatever is stored, and rings again in a minute", async () => {
  const jobId = fresh("job");
  const execAt = Date.now() + HOUR_MS;
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: fresh("away") }, { execAt }));
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    storage.kv.put("job", { ...storage.kv.get<object>("job"), runs: [] });
  });
  await evictDurableObject(jobObject(jobId).stub);

  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  const { alarmAt } = await stored(jobId);
  expect(alarmAt).toBeGreaterThan(Date.now() + 50_000);
  expect(alarmAt).toBeLessThan(Date.now() + 61_000);
});

async function inCluster(cluster: string, sql: string): Promise<void> {
  await runInDurableObject(clusterStub(cluster), (_, { storage }) => {
    storage.sql.exec(sql);
  });
}
