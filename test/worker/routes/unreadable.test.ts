import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { call, clearTables, leastCreate, rowsWritten } from "./api.ts";

let names = 0;
let logged: string[] = [];
beforeEach(async () => {
  logged = [];
  vi.spyOn(console, "error").mockImplementation((line) => void logged.push(String(line)));
  await clearTables();
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function create(kind = "once_job", changes: Record<string, unknown> = {}): Promise<string> {
  names += 1;
  const body = leastCreate({ job_name: `unread-${names}`, ...changes });
  const { job_id: jobId } = Object((await call(`/api/${kind}/create`, { body })).data);
  await rowsWritten();
  return jobId;
}

/** The job as it is stored is changed, and its object starts anew. */
async function store(jobId: string, change: (job: Job) => unknown): Promise<void> {
  const stub = env.JOBS.get(env.JOBS.idFromName(jobId));
  await runInDurableObject(stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    if (job) storage.kv.put("job", change(job));
  });
  await evictDurableObject(stub);
}

describe("a stored job of a newer version", () => {
  it.each([
    "/api/once_job/describe",
    "/api/once_job/delete",
    "/api/once_job/rerun",
    "/api/job_runs",
    "/api/job_logs",
    "/api/job_callbacks",
  ])("is answered by %s with 120, and is as it was", async (path) => {
    const jobId = await create();
    await store(jobId, (job) => ({ ...job, format: 3 }));

    const answer = await call(`${path}/${jobId}`, { body: { run: 1 } });

    expect(answer).toMatchObject({ status: 400, code: 120, errorMsg: "DECODE_ERR", data: null });
    expect(answer.cause).toContain("newer version");
    await store(jobId, (job) => ({ ...job, format: 2 }));
    expect(await call(`/api/once_job/describe/${jobId}`)).toMatchObject({ code: 0, data: { job_id: jobId } });
  });

  it("keeps its clock: an alarm that rings meanwhile is set again", async () => {
    const jobId = await create();
    await store(jobId, (job) => ({ ...job, format: 3 }));
    const stub = env.JOBS.get(env.JOBS.idFromName(jobId));

    const alarmAt = await runInDurableObject(stub, async (object, { storage }) => {
      await storage.deleteAlarm();
      await object.alarm();
      return await storage.getAlarm();
    });

    expect(alarmAt).toBeGreaterThan(Date.now());
    await store(jobId, (job) => ({ ...job, format: 2 }));
  });
});

describe("an index row that is damaged", () => {
  it.each(["{", "{}", null])("is answered by the list with 120 where the rules are %j", async (rules) => {
    const jobId = await create("cron_job", { schedule: "0 3 * * *", job_exec_time: "" });
    await env.DB.prepare("UPDATE jobs SET cron = ? WHERE job_id = ?").bind(rules, jobId).run();

    const answer = await call("/api/cron_job/lists");

    expect(answer).toMatchObject({ status: 400, code: 120, cause: expect.stringContaining(jobId) });
  });
});

describe("a query", () => {
  it.each(["namespace=%FF", "namespace=%E0%A4%A", "a%ZZ=1"])("of %s is 120", async (query) => {
    const answer = await call(`/api/once_job/lists?${query}`, { method: "GET" });

    expect(answer).toMatchObject({ status: 400, code: 120, errorMsg: "DECODE_ERR" });
    expect(answer.cause).toContain(query);
  });
});

describe("an answer that JSON can't say", () => {
  it("is 130, and what it was goes to the log alone", async () => {
    const jobId = await create();
    await store(jobId, (job) => ({ ...job, definition: { ...job.definition, timeout: 77n } }));

    const answer = await call(`/api/once_job/describe/${jobId}`);

    expect(answer).toMatchObject({ status: 500, code: 130, errorMsg: "ENCODE_ERR", data: null });
    expect(answer.cause).not.toMatch(/BigInt|77/);
    expect(logged.join()).toContain("BigInt");
  });
});
