import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, clearTables, leastCreate, rowsWritten, storedRows } from "./api.ts";

let names = 0;

beforeEach(clearTables);
afterEach(rowsWritten);

/** A create under a name of its own, so that no test meets another's job. */
async function create(changes: Record<string, unknown> = {}): Promise<{ jobId: string; jobName: string }> {
  names += 1;
  const jobName = `job-${names}`;
  const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: jobName, ...changes }) });
  expect(answer).toMatchObject({ status: 200, code: 0 });
  return { jobId: Object(answer.data).job_id, jobName };
}

async function describeJob(jobId: string): Promise<Record<string, unknown>> {
  return Object((await call(`/api/once_job/describe/${jobId}`)).data);
}

describe("/api/once_job/create", () => {
  it("answers a job id of lower-case letters and digits", async () => {
    const { jobId } = await create();

    expect(jobId).toMatch(/^[a-z0-9]{26}$/);
  });

  it("shows in lists with every field of the seed and its type", async () => {
    const { jobId, jobName } = await create({ timeout: 60, metadata: { envs: { A: "1" } } });

    const list = await vi.waitFor(async () => {
      const answer = await call("/api/once_job/lists");
      expect(answer.data).toMatchObject({ total: "1" });
      return Object(answer.data);
    });

    expect(list).toEqual({
      total: "1",
      page_num: 1,
      page_size: 20,
      next_cursor: null,
      data: [
        {
          id: expect.any(Number),
          job_id: jobId,
          job_name: jobName,
          job_exec_time: expect.any(Number),
          namespace: "default",
          metadata: expect.any(String),
          image: "busybox",
          command: "echo,hi",
          timeout: 60,
          job_status: -1,
          job_exec_information: "",
          job_times: 0,
          job_success_times: 0,
          create_time: expect.any(Number),
          update_time: expect.any(Number),
        },
      ],
    });
    expect(Number.isSafeInteger(list.data[0].id)).toBe(true);
    const dayAhead = Math.floor(Date.now() / 1_000) + 86_400;
    expect(Math.abs(list.data[0].job_exec_time - dayAhead)).toBeLessThan(60);
    expect(JSON.parse(list.data[0].metadata)).toEqual({
      parallelism: "1",
      completions: "1",
      completion_mode: "NonIndexed",
      restart_policy: "Never",
      active_deadline_seconds: "60",
      backoff_limit: "1",
      ttl_seconds_after_finished: "300",
      envs: '{"A":"1"}',
      log_collect: "false",
      log_limit_bytes: "10485760",
      callback_on: "success,failure",
      on_lost: "fail",
    });
  });

  it("refuses a job_patch that Kubernetes would not take, naming field and value, and stores nothing", async () => {
    const patch = { spec: { template: { spec: { restartPolicy: "Always" } } } };

    const answer = await call("/api/once_job/create", { body: leastCreate({ metadata: { job_patch: patch } }) });

    expect(answer).toMatchObject({
      status: 422,
      code: 104,
      cause: expect.stringContaining('metadata.job_patch.spec.template.spec.restartPolicy "Always"'),
    });
    expect(await storedRows()).toEqual({ jobs: 0, claims: 0 });
  });

  it("gives a name to one of twenty that ask at once, and the others 105", async () => {
    const body = leastCreate({ job_name: "contested" });

    const answers = await Promise.all(Array.from({ length: 20 }, () => call("/api/once_job/create", { body })));

    expect(answers.filter((answer) => answer.code === 0)).toHaveLength(1);
    const others = answers.filter((answer) => answer.code !== 0);
    for (const answer of others) {
      expect(answer).toMatchObject({ status: 409, code: 105, errorMsg: "AlreadyExistsError" });
      expect(answer.cause).toContain('"contested"');
    }
    expect((await storedRows()).claims).toBe(1);
  });

  it("gives the same name in two namespaces", async () => {
    const { jobName } = await create();

    const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: jobName, namespace: "other" }) });

    expect(answer.code).toBe(0);
  });

  it("refuses a bad field with 104, naming field and value, and stores nothing", async () => {
    const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: "Not A Name" }) });

    expect(answer).toMatchObject({ status: 422, code: 104, errorMsg: "VerifyJobError" });
    expect(answer.cause).toMatch(/^job_name "Not A Name" must be .*\.$/);
    expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
  });

  it("refuses a route that names no cluster with 107, and stores nothing", async () => {
    const answer = await call("/api/once_job/create", { body: leastCreate({ route: "moon" }) });

    expect(answer).toMatchObject({ status: 400, code: 107, errorMsg: "ForwarderUrlError" });
    expect(answer.cause).toContain('"moon"');
    expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
  });

  it("puts the job on the cluster that route names", async () => {
    await call("/api/cluster/create", { body: { cluster: "earth" } });
    await call("/api/cluster/create", { body: { cluster: "moon" } });

    const { jobId } = await create({ route: "moon" });

    expect(await describeJob(jobId)).toMatchObject({ cluster: "moon" });
  });

  it("allows a private callback only where the setting does", async () => {
    const body = leastCreate({ job_name: "called", metadata: { callback_url: "http://127.0.0.1:9/" } });

    const refused = await call("/api/once_job/create", { body });
    const allowed = await call("/api/once_job/create", { body, settings: { WATCHBELL_ALLOW_PRIVATE_CALLBACKS: "1" } });

    expect(refused).toMatchObject({ status: 422, code: 104, cause: expect.stringContaining("callback_url") });
    expect(allowed.code).toBe(0);
  });

  it("gives rising ids to jobs in the order of their creation", async () => {
    const jobs = [await create(), await create(), await create()];

    const described = await Promise.all(jobs.map(({ jobId }) => describeJob(jobId)));

    const ids = described.map((job) => Number(job.id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(new Set(ids).size).toBe(3);
  });
});

describe("/api/once_job/lists", () => {
  it("is empty where there is nothing", async () => {
    const answer = await call("/api/once_job/lists");

    expect(answer.data).toEqual({ total: "0", page_num: 1, page_size: 20, next_cursor: null, data: [] });
  });

  it("pages from the newest on, by body and by query alike", async () => {
    const jobs = [await create(), await create(), await create()];
    await vi.waitFor(async () => expect((await storedRows()).jobs).toBe(3));

    const byBody = await call("/api/once_job/lists", { body: { page_num: 2, page_size: 2 } });
    const byQuery = await call("/api/once_job/lists?page_num=2&page_size=2", { method: "GET" });
    const first = await call("/api/once_job/lists?page_size=2", { method: "GET" });

    expect(byBody.data).toMatchObject({ total: "3", page_num: 2, page_size: 2, data: [{ job_id: jobs[0]?.jobId }] });
    expect(byQuery.data).toEqual(byBody.data);
    expect(first.data).toMatchObject({ data: [{ job_id: jobs[2]?.jobId }, { job_id: jobs[1]?.jobId }] });
  });

  it.each([
    { page_num: 0 },
    { page_num: -1 },
    { page_num: 1.5 },
    { page_num: "one" },
    { page_size: 0 },
    { page_size: 101 },
    { page_size: null },
    { page: 1 },
  ])("refuses %j with 100", async (body) => {
    const answer = await call("/api/once_job/lists", { body });

    expect(answer).toMatchObject({ status: 400, code: 100, errorMsg: "InvalidParameter" });
    expect(answer.cause).toContain(Object.keys(body)[0]);
  });

  it("refuses a wrong value of a query with 100", async () => {
    const answer = await call("/api/once_job/lists?page_size=many", { method: "GET" });

    expect(answer).toMatchObject({ status: 400, code: 100, cause: expect.stringContaining('page_size "many"') });
  });
});

describe("/api/once_job/describe", () => {
  it("shows the job and where it stands; its run shows from its due time on", async () => {
    await call("/api/cluster/create", { body: { cluster: "local" } });
    const { jobId, jobName } = await create();

    const answer = await call(`/api/once_job/describe/${jobId}`);

    expect(answer.data).toMatchObject({
      job_id: jobId,
      job_name: jobName,
      job_status: -1,
      cluster: "local",
      status: "due",
      explain: expect.stringMatching(/^scheduled for /),
      runs: [],
    });
  });

  it("takes the id in every form", async () => {
    const { jobId } = await create();

    const answers = await Promise.all([
      call(`/api/once_job/describe/${jobId}`),
      call(`/api/once_job/describe/${jobId}`, { method: "GET" }),
      call("/api/once_job/describe/job_id", { body: { job_id: jobId } }),
      call("/api/once_job/describe", { body: { job_id: jobId } }),
      call(`/api/once_job/describe/job_id?job_id=${jobId}`, { method: "GET" }),
      call(`/api/once_job/describe/${jobId}`, { body: { job_id: "another" } }),
    ]);

    for (const answer of answers) expect(answer.data).toMatchObject({ job_id: jobId });
  });
});

describe("/api/once_job/delete", () => {
  it("refuses to delete a submitted job with 254", async () => {
    const { jobId } = await create();

    const answer = await call(`/api/once_job/delete/${jobId}`);

    expect(answer).toMatchObject({ status: 409, code: 254, errorMsg: "JobSubmittedError" });
    expect(answer.cause).toContain("force");
  });

  it.each([
    ["in the body", "", { force: true }, "POST"],
    ["in the query", "?force=true", undefined, "POST"],
    ["in the query of a DELETE", "?force=true", undefined, "DELETE"],
  ])("cancels it with force %s, and says so", async (_where, query, body, method) => {
    const { jobId, jobName } = await create();

    const answer = await call(`/api/once_job/delete/${jobId}${query}`, { method, body });

    expect(answer).toMatchObject({ code: 0, data: { job_id: jobId, outcome: "cancelled_before_dispatch" } });
    expect(await describeJob(jobId)).toMatchObject({ job_status: 3, status: "deleted" });
    const again = await call("/api/once_job/create", { body: leastCreate({ job_name: jobName }) });
    expect(again.code).toBe(0);
  });

  it("is content with a deleted job", async () => {
    const { jobId } = await create();
    await call(`/api/once_job/delete/${jobId}`, { body: { force: true } });

    const answer = await call(`/api/once_job/delete/${jobId}`);

    expect(answer).toMatchObject({ status: 200, code: 0, data: { outcome: "cancelled_before_dispatch" } });
  });

  it("refuses a force that is neither true nor false", async () => {
    const { jobId } = await create();

    const answer = await call(`/api/once_job/delete/${jobId}`, { body: { force: "yes" } });

    const byQuery = await call(`/api/once_job/delete/${jobId}?force=yes`, { method: "DELETE" });

    expect(answer).toMatchObject({ status: 422, code: 104, cause: expect.stringContaining('force "yes"') });
    expect(byQuery).toMatchObject({ status: 400, code: 100, cause: expect.stringContaining('force "yes"') });
  });
});

describe("an id that names no job", () => {
  const ROUTES = ["/api/once_job/describe", "/api/once_job/delete", "/api/job_logs"];
  const IDS = ["0123456789abcdefghjkmnpqrs", "UPPER", "a.b", "a%20b", "%F0%9F%94%94", "a".repeat(300), "%ZZ"];

  it.each(ROUTES.flatMap((route) => IDS.map((id) => [route, id])))("%s/%s is 404 with 101", async (route, id) => {
    const answer = await call(`${route}/${id}`);

    expect(answer).toMatchObject({ status: 404, code: 101, errorMsg: "JobIdError", data: null });
    expect(answer.cause).toMatch(/^There is no job with job_id ".*"…?\.$|^There is no job with job_id ".*…\.$/);
  });

  it.each(ROUTES)("%s without an id is 400 with 101", async (route) => {
    const answers = await Promise.all([
      call(`${route}/job_id`),
      call(`${route}/job_id`, { body: {} }),
      call(`${route}/job_id`, { body: { job_id: "" } }),
      call(route),
      call(`${route}/`),
    ]);

    for (const answer of answers) expect(answer).toMatchObject({ status: 400, code: 101, errorMsg: "JobIdError" });
  });

  it.each(ROUTES)("%s with a number as id is 404 in the same words", async (route) => {
    const answer = await call(`${route}/job_id`, { body: { job_id: 5 } });

    expect(answer).toMatchObject({ status: 404, code: 101, cause: "There is no job with job_id 5." });
  });

  it.each(ROUTES)("%s with a broken body is 103", async (route) => {
    const answer = await call(`${route}/job_id`, { body: "{" });

    expect(answer).toMatchObject({ status: 400, code: 103 });
  });
});
