import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import { CronJobPage, DescribedCronJob } from "../../../worker/jobs/answers.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { type Call, call, clearTables, rowsWritten } from "./api.ts";

let names = 0;
let created: string[] = [];

/** A poke answers once the job's newest row is in the index: so none lands in the tables of the next test. */
afterEach(async () => {
  for (const jobId of created) await jobStub(env, jobId).poke();
  created = [];
  await rowsWritten();
});
beforeEach(async () => {
  await clearTables();
  await call("/api/cluster/create", { body: { cluster: "local" } });
});

/** The least that a cron job's create takes; its first slot is far off. */
function least(changes: Record<string, unknown> = {}): Record<string, unknown> {
  names += 1;
  const image = { image: "busybox", command: "echo,hi" };
  return { job_name: `cron-runs-${names}`, namespace: "default", ...image, schedule: "0 0 1 1 *", ...changes };
}

async function create(changes: Record<string, unknown> = {}): Promise<string> {
  const answer = await call("/api/cron_job/create", { body: least(changes) });
  expect(answer).toMatchObject({ status: 200, code: 0 });
  const { job_id: jobId } = Object(answer.data);
  created.push(jobId);
  await rowsWritten();
  return jobId;
}

async function trigger(jobId: string): Promise<number> {
  const answer = await call(`/api/cron_job/trigger/${jobId}`);
  expect(answer).toMatchObject({ status: 200, code: 0, data: { job_id: jobId } });
  return Object(answer.data).run;
}

/** The relay's word about a run: that it was created and started, and how it ended, if it did. */
async function tell(jobId: string, run: number, at: number, result: "succeeded" | "failed" | null): Promise<void> {
  const base = { jobId, run, ageMs: 0 };
  const facts: Fact[] = [
    { ...base, type: "created", id: 1, uid: `u${run}`, name: "job", namespace: "default", adopted: false },
    { ...base, type: "started", id: 2, podName: "pod" },
  ];
  const why = result === "failed" ? { reason: "BackoffLimitExceeded", message: "exited with code 3" } : null;
  if (result !== null) {
    const end = { result, reason: "", message: "", pods: [], podCount: 0, logs: [], ...why };
    facts.push({ ...base, type: "ended", id: 3, uid: `u${run}`, ...end });
  }
  const taken = facts.map((fact) => ({ fact, at, firedAt: at, sentAt: at }));
  for (const { answer } of await jobStub(env, jobId).takeFacts("local", taken)) expect(answer).toBe("ok");
}

async function described(jobId: string): Promise<DescribedCronJob> {
  const answer = await call(`/api/cron_job/describe/${jobId}`, { method: "GET" });
  expect(answer).toMatchObject({ status: 200, code: 0, cause: "" });
  return DescribedCronJob.parse(answer.data);
}

async function listed(fields: Record<string, unknown> = {}): Promise<CronJobPage["data"]> {
  const answer = await call("/api/cron_job/lists", { body: fields });
  expect(answer).toMatchObject({ status: 200, code: 0 });
  return CronJobPage.parse(answer.data).data;
}

describe("what lists and a description show of a cron job's runs", () => {
  it("is its newest run's status, the newest created run's due time and the newest success's end", async () => {
    const jobId = await create();
    const first = await trigger(jobId);
    const succeededAt = Date.now();
    await tell(jobId, first, succeededAt, "succeeded");
    const afterFirst = await described(jobId);
    const second = await trigger(jobId);
    const waiting = await described(jobId);
    await tell(jobId, second, Date.now(), null);
    const running = await described(jobId);
    await tell(jobId, second, Date.now(), "failed");
    const failed = await described(jobId);
    const third = await trigger(jobId);
    await call(`/api/job_runs/cancel/${jobId}`, { body: { run: third } });
    const cancelled = await described(jobId);

    const success = Math.floor(succeededAt / 1_000);
    const dueOf = (run: number) => Math.floor((failed.runs.find((one) => one.run === run)?.due_at ?? 0) / 1_000);
    const of = (job: DescribedCronJob) => [job.job_status, job.status, job.job_times, job.job_success_times];
    expect([afterFirst, waiting, running, failed, cancelled].map(of)).toEqual([
      [2, "succeeded", 1, 1],
      [-1, expect.stringMatching(/^due|sent$/), 1, 1],
      [0, "running", 2, 1],
      [1, "failed", 2, 1],
      // A cancelled run does not speak for the job.
      [1, "failed", 2, 1],
    ]);
    expect(afterFirst).toMatchObject({ last_exec_time: dueOf(first), last_success_time: success });
    expect(failed).toMatchObject({ last_exec_time: dueOf(second), last_success_time: success });
    expect(failed.job_exec_information).toContain("exited with code 3");
    await vi.waitFor(async () => {
      const { cluster: _, status: __, explain: ___, runs: ____, ...job } = cancelled;
      expect(await listed()).toEqual([job]);
    });
  });

  it("is found by every filter, among its own kind", async () => {
    const plain = await create();
    const labelled = await create({ metadata: { labels: { team: "blue" } }, namespace: "elsewhere" });
    const gone = await create({ job_name: "report-nightly" });
    await call(`/api/cron_job/delete/${gone}`);
    await rowsWritten();

    const ids = async (fields: Record<string, unknown>) => (await listed(fields)).map(({ job_id }) => job_id);
    await vi.waitFor(async () => expect(await ids({ job_status: 3 })).toEqual([gone]));
    expect(await ids({})).toEqual([gone, labelled, plain]);
    expect(await ids({ job_status: -1 })).toEqual([labelled, plain]);
    expect(await ids({ namespace: "elsewhere" })).toEqual([labelled]);
    expect(await ids({ label: "team=blue" })).toEqual([labelled]);
    expect(await ids({ name_prefix: "report-" })).toEqual([gone]);
    expect(await ids({ cluster: "local", from: "-PT1M", to: "PT1M" })).toEqual([gone, labelled, plain]);
    expect(await ids({ cluster: "moon" })).toEqual([]);
    expect(await ids({ page_size: 1, page_num: 2 })).toEqual([labelled]);
  });

  it("is told by the routes of both kinds: runs, logs, callbacks", async () => {
    const jobId = await create({ metadata: { callback_url: "https://receiver.invalid/hook" } });
    const run = await trigger(jobId);
    await tell(jobId, run, Date.now(), "failed");

    const runs = await call(`/api/job_runs/${jobId}`, { method: "GET" });
    const logs = await call("/api/job_logs/job_id", { body: { job_id: jobId, run } });
    const callbacks = await call(`/api/job_callbacks/${jobId}`);

    expect(runs.data).toMatchObject({ total: "1", data: [{ run, status: "failed", slot_at: null, cluster: "local" }] });
    expect(logs).toMatchObject({ status: 200, code: 0, data: [] });
    expect(callbacks).toMatchObject({ status: 200, code: 0 });
  });

  it("is nothing of an id that no job has", async () => {
    const jobId = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
    const asked: [string, Call][] = [
      ["describe", { method: "GET" }],
      ["delete", { method: "DELETE" }],
      ["trigger", {}],
      ["suspend", { body: { suspend: true } }],
    ];

    for (const [verb, options] of asked) {
      const answer = await call(`/api/cron_job/${verb}/${jobId}`, options);
      expect(answer).toMatchObject({ status: 404, code: 101, cause: `There is no job with job_id "${jobId}".` });
      const { method: _, ...body } = options;
      expect(await call(`/api/cron_job/${verb}/job_id`, body)).toMatchObject({ status: 400, code: 101 });
    }
    expect(await call("/api/cron_job/update", { body: least({ job_id: jobId }) })).toMatchObject({ status: 404 });
    expect(await call("/api/cron_job/update", { body: least() })).toMatchObject({ status: 400, code: 101 });
  });
});

describe("a cron job's routes", () => {
  it.each([
    ["create", "", 400, 102],
    ["create", "[]", 400, 103],
    ["create", "{", 400, 103],
    ["update", "", 400, 101],
    ["update", "[]", 400, 103],
  ])("refuse a body that is none: %s with %j", async (path, body, status, code) => {
    expect(await call(`/api/cron_job/${path}`, { body })).toMatchObject({ status, code });
  });

  it("refuse a route that names no cluster, and take one that does", async () => {
    const jobId = await create({ route: "local" });

    const create107 = await call("/api/cron_job/create", { body: least({ route: "mars" }) });
    const update107 = await call("/api/cron_job/update", { body: least({ job_id: jobId, route: "mars" }) });

    expect([create107, update107]).toMatchObject([
      { status: 400, code: 107 },
      { status: 400, code: 107 },
    ]);
    expect((await described(jobId)).cluster).toBe("local");
  });

  it("leave the job as it is where an update has a bad field, and take no part of it from the query", async () => {
    const jobId = await create({ job_name: "cron-kept" });
    const before = await described(jobId);
    const body = least({ job_id: jobId, job_name: "cron-kept" });

    const bad = await call("/api/cron_job/update", { body: { ...body, time_zone: "Mars/Olympus" } });
    const forced = await call("/api/cron_job/update", { body: { ...body, force: "yes" } });
    const { schedule: _, ...without } = body;
    const missing = await call("/api/cron_job/update?schedule=@daily", { body: without });

    expect(bad).toMatchObject({ status: 422, code: 104, cause: expect.stringContaining('time_zone "Mars/Olympus"') });
    expect(forced).toMatchObject({ status: 422, code: 104, cause: 'force "yes" must be true or false.' });
    expect(missing).toMatchObject({ status: 422, code: 104, cause: "schedule is missing." });
    expect(await described(jobId)).toEqual(before);
    expect(await call("/api/cron_job/update", { body: { ...body, force: true } })).toMatchObject({ code: 0 });
  });

  it("take suspend and force from a query too, where a bad value is 100", async () => {
    const jobId = await create();

    const bad = await call(`/api/cron_job/suspend/${jobId}?suspend=maybe`);
    const suspended = await call(`/api/cron_job/suspend/${jobId}?suspend=true`);
    const again = await call(`/api/cron_job/suspend/${jobId}`, { body: { suspend: true } });
    const badForce = await call(`/api/cron_job/delete/${jobId}?force=maybe`, { method: "DELETE" });
    const deleted = await call(`/api/cron_job/delete/${jobId}?force=true`, { method: "DELETE" });

    expect([bad, badForce]).toMatchObject([
      { status: 400, code: 100 },
      { status: 400, code: 100 },
    ]);
    expect(again.data).toBe(suspended.data);
    expect(deleted.data).toEqual({ job_id: jobId, outcome: "cancelled_before_dispatch" });
  });

  it("answer other verbs than theirs with 405", async () => {
    for (const path of ["create", "update", "trigger/x", "suspend/x"]) {
      expect(await call(`/api/cron_job/${path}`, { method: "GET" })).toMatchObject({ status: 405, code: 100 });
    }
  });
});
