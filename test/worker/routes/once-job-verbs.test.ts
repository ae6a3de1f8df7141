import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, clearTables, leastCreate, rowsWritten } from "./api.ts";

const UPDATE = "/api/once_job/update";
let names = 0;

beforeEach(clearTables);
afterEach(async () => {
  await rowsWritten();
  await rowsAreTheNewest();
});

/** A row that an update or a cancel writes after its answer would be there again after the next test has emptied the table. */
async function rowsAreTheNewest(): Promise<void> {
  await vi.waitFor(async () => {
    const { results } = await env.DB.prepare("SELECT job_id, job_name, command, cluster, job_status FROM jobs").all();
    for (const row of results) expect(await describeJob(String(row.job_id))).toMatchObject(row);
  });
}

async function create(changes: Record<string, unknown> = {}): Promise<{ jobId: string; jobName: string }> {
  names += 1;
  const jobName = `verbs-${names}`;
  const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: jobName, ...changes }) });
  expect(answer).toMatchObject({ code: 0 });
  return { jobId: Object(answer.data).job_id, jobName };
}

/** A job that is over: its only run was cancelled. */
async function finished(): Promise<{ jobId: string; jobName: string }> {
  const job = await create();
  const answer = await call(`/api/job_runs/cancel/${job.jobId}`, { body: { run: 1 } });
  expect(answer).toMatchObject({ code: 0, data: { run: 1, outcome: "cancelled_before_dispatch" } });
  return job;
}

async function describeJob(jobId: string): Promise<Record<string, unknown>> {
  return Object((await call(`/api/once_job/describe/${jobId}`)).data);
}

describe("/api/once_job/update", () => {
  it("refuses a submitted job with 254, and replaces it with force, in a sentence that begins with the outcome", async () => {
    const { jobId, jobName } = await create();
    const body = leastCreate({ job_id: jobId, job_name: jobName, command: "echo,anew", job_exec_time: "P2D" });

    const refused = await call(UPDATE, { body });
    const forced = await call(UPDATE, { body: { ...body, force: true } });

    expect(refused).toMatchObject({ status: 409, code: 254, cause: expect.stringContaining("force") });
    expect(forced).toMatchObject({ status: 200, code: 0 });
    expect(forced.data).toMatch(/^cancelled_before_dispatch: job \w+ is submitted anew as run 2, due at 20\S+Z\.$/);
    expect(await describeJob(jobId)).toMatchObject({
      job_status: -1,
      command: "echo,anew",
      // Run 2 shows from its due time on.
      runs: [{ run: 1, status: "cancelled", reason: "updated", kube_job: jobName }],
    });
    await vi.waitFor(async () => {
      const list = await call("/api/once_job/lists");
      expect(list.data).toMatchObject({ data: [{ job_id: jobId, command: "echo,anew" }] });
    });
  });

  it("takes the whole definition: what is absent gets its default", async () => {
    const { jobId, jobName } = await create({ timeout: 60, metadata: { envs: { A: "1" }, backoff_limit: 0 } });

    await call(UPDATE, { body: leastCreate({ job_id: jobId, job_name: jobName, force: true }) });

    const { timeout, metadata } = await describeJob(jobId);
    expect(timeout).toBe(0);
    expect(JSON.parse(String(metadata))).toMatchObject({ active_deadline_seconds: "300", backoff_limit: "1" });
    expect(JSON.parse(String(metadata))).not.toHaveProperty("envs");
  });

  it("takes no part of a definition from the query", async () => {
    const { jobId, jobName } = await finished();

    const answer = await call(`${UPDATE}?image=other&namespace=Bad`, {
      body: leastCreate({ job_id: jobId, job_name: jobName }),
    });

    expect(answer).toMatchObject({ code: 0 });
    expect(await describeJob(jobId)).toMatchObject({ image: leastCreate().image, namespace: leastCreate().namespace });
  });

  it("submits a finished job anew without force", async () => {
    const { jobId, jobName } = await finished();

    const answer = await call(UPDATE, { body: leastCreate({ job_id: jobId, job_name: jobName }) });

    expect(answer.data).toMatch(/^already_finished: .* as run 2,/);
  });

  it("claims a new name, frees the old one, and leaves a taken one alone", async () => {
    const other = await create();
    const { jobId, jobName } = await create();
    const renamed = (name: string) =>
      call(UPDATE, { body: leastCreate({ job_id: jobId, job_name: name, force: true }) });

    const taken = await renamed(other.jobName);
    const free = await renamed(`${jobName}-new`);

    expect(taken).toMatchObject({ status: 409, code: 105, cause: expect.stringContaining(`"${other.jobName}"`) });
    expect(free.code).toBe(0);
    expect(await describeJob(jobId)).toMatchObject({ job_name: `${jobName}-new` });
    await vi.waitFor(async () => expect((await claimsOf(jobId)).results).toEqual([{ job_name: `${jobName}-new` }]));
    expect((await call("/api/once_job/create", { body: leastCreate({ job_name: jobName }) })).code).toBe(0);
    expect((await renamed(jobName)).code).toBe(105);
  });

  it("gives a name that two jobs want at once to one of them", async () => {
    const jobs = await Promise.all([create(), create(), create(), create()]);

    const answers = await Promise.all(
      jobs.map(({ jobId }) => call(UPDATE, { body: leastCreate({ job_id: jobId, job_name: "wanted", force: true }) })),
    );

    expect(answers.map(({ code }) => code).sort()).toEqual([0, 105, 105, 105]);
  });

  it("moves a job to the cluster that route names, and refuses one that is unknown", async () => {
    await call("/api/cluster/create", { body: { cluster: "earth" } });
    await call("/api/cluster/create", { body: { cluster: "moon" } });
    const { jobId, jobName } = await create({ route: "earth" });
    const moved = (route: string) =>
      call(UPDATE, { body: leastCreate({ job_id: jobId, job_name: jobName, route, force: true }) });

    expect(await moved("mars")).toMatchObject({ status: 400, code: 107 });
    expect((await moved("moon")).code).toBe(0);
    expect(await describeJob(jobId)).toMatchObject({ cluster: "moon" });
  });

  it.each<[Record<string, unknown>, number, number, string]>([
    [{ job_name: "Not A Name" }, 422, 104, 'job_name "Not A Name"'],
    [{ force: "yes" }, 422, 104, 'force "yes"'],
    [{ colour: "red" }, 422, 104, '"colour"'],
  ])("refuses %j and changes nothing", async (change, status, code, words) => {
    const { jobId, jobName } = await create();
    const before = await describeJob(jobId);

    const answer = await call(UPDATE, { body: leastCreate({ job_id: jobId, job_name: jobName, ...change }) });

    expect(answer).toMatchObject({ status, code, cause: expect.stringContaining(words) });
    expect(await describeJob(jobId)).toEqual(before);
  });

  it("knows no deleted job, and wants an id and a body", async () => {
    const { jobId, jobName } = await create();
    await call(`/api/once_job/delete/${jobId}`, { body: { force: true } });
    const body = leastCreate({ job_name: jobName, force: true });

    expect(await call(UPDATE, { body: { ...body, job_id: jobId } })).toMatchObject({
      status: 404,
      code: 101,
      cause: expect.stringContaining("deleted"),
    });
    expect(await call(UPDATE, { body: { ...body, job_id: "nosuchjob" } })).toMatchObject({ status: 404, code: 101 });
    expect(await call(UPDATE, { body })).toMatchObject({ status: 400, code: 101 });
    expect(await call(UPDATE)).toMatchObject({ status: 400, code: 101 });
    expect(await call(UPDATE, { body: "{" })).toMatchObject({ status: 400, code: 103 });
    expect((await claimsOf(jobId)).results).toEqual([]);
  });

  async function claimsOf(jobId: string) {
    return await env.DB.prepare("SELECT job_name FROM name_claims WHERE job_id = ?").bind(jobId).all();
  }
});

describe("/api/once_job/rerun", () => {
  it("runs a finished job anew, in every form of its id", async () => {
    const forms = [
      (id: string) => call(`/api/once_job/rerun/${id}`),
      (id: string) => call("/api/once_job/rerun/job_id", { body: { job_id: id } }),
      (id: string) => call("/api/once_job/rerun", { body: { job_id: id } }),
    ];

    for (const form of forms) {
      const { jobId, jobName } = await finished();
      expect(await form(jobId)).toMatchObject({ status: 200, code: 0, data: { job_id: jobId, run: 2 } });
      expect(await describeJob(jobId)).toMatchObject({ job_status: -1, runs: [{ kube_job: `${jobName}-r2` }, {}] });
    }
  });

  it("refuses a job that is not finished with 254, and a deleted one", async () => {
    const { jobId } = await create();

    expect(await call(`/api/once_job/rerun/${jobId}`)).toMatchObject({ status: 409, code: 254 });
    await call(`/api/once_job/delete/${jobId}`, { body: { force: true } });
    expect(await call(`/api/once_job/rerun/${jobId}`)).toMatchObject({ status: 404, code: 101 });
  });
});

describe("/api/job_runs/cancel", () => {
  it("ends a run, in every form of the job's id, and says again what it met", async () => {
    const { jobId } = await create();
    const met = { status: 200, code: 0, data: { run: 1, outcome: "cancelled_before_dispatch" } };

    expect(await call(`/api/job_runs/cancel/${jobId}`, { body: { run: 1 } })).toMatchObject(met);
    expect(await call("/api/job_runs/cancel/job_id", { body: { job_id: jobId, run: 1 } })).toMatchObject(met);
    expect(await call("/api/job_runs/cancel", { body: { job_id: jobId, run: "1" } })).toMatchObject(met);
    expect(await call(`/api/job_runs/cancel/${jobId}?run=1`)).toMatchObject(met);
    expect(await describeJob(jobId)).toMatchObject({ job_status: 1, runs: [{ status: "cancelled" }] });
  });

  it.each<[string, Record<string, unknown> | undefined, number, number]>([
    ["", undefined, 422, 104],
    ["", {}, 422, 104],
    ["", { run: 0 }, 422, 104],
    ["", { run: "one" }, 422, 104],
    ["?run=one", undefined, 400, 100],
    ["", { run: 2 }, 404, 101],
  ])("answers %s %j with %i and %i", async (query, body, status, code) => {
    const { jobId } = await create();

    const answer = await call(`/api/job_runs/cancel/${jobId}${query}`, { body });

    expect(answer).toMatchObject({ status, code });
    expect(answer.cause).toContain("run");
    expect(await describeJob(jobId)).toMatchObject({ job_status: -1 });
  });
});

describe("a call on one job", () => {
  const CALLS: [path: string, body: Record<string, unknown>][] = [
    ["/api/once_job/rerun", {}],
    ["/api/job_runs/cancel", { run: 1 }],
  ];

  it.each(CALLS)("%s knows no job that is not there, needs an id, a token and the verb POST", async (path, body) => {
    for (const id of ["0123456789abcdefghjkmnpqrs", "UPPER", "a".repeat(300)]) {
      expect(await call(`${path}/${id}`, { body })).toMatchObject({ status: 404, code: 101, data: null });
    }
    expect(await call(`${path}/job_id`, { body })).toMatchObject({ status: 400, code: 101 });
    expect(await call(`${path}/job_id`, { body: "{" })).toMatchObject({ status: 400, code: 103 });
    expect(await call(`${path}/x`, { body, token: null })).toMatchObject({ status: 401, code: 100 });
    expect(await call(`${path}/x`, { method: "GET" })).toMatchObject({ status: 405, code: 100 });
  });

  it("is refused without a token for an update too, and by GET", async () => {
    expect(await call(UPDATE, { body: {}, token: "wrong" })).toMatchObject({ status: 401, code: 100 });
    expect(await call(UPDATE, { method: "GET" })).toMatchObject({ status: 405, code: 100 });
  });
});
