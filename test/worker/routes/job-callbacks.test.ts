import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { Fact } from "../../../protocol/up.ts";
import { CallbackAttempt, Redelivered } from "../../../worker/jobs/answers.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { call, clearTables, leastCreate, rowsWritten } from "./api.ts";

const PUBLIC = "https://receiver.invalid/hook";
const LIFTED = { WATCHBELL_ALLOW_PRIVATE_CALLBACKS: "1" };
const UNKNOWN = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
let names = 0;
let created: string[] = [];

afterEach(async () => {
  for (const jobId of created) await jobStub(env, jobId).poke();
  created = [];
  await rowsWritten();
});
beforeEach(async () => {
  await clearTables();
  await call("/api/cluster/create", { body: { cluster: "local" } });
});

async function create(metadata: Record<string, unknown>): Promise<string> {
  names += 1;
  const body = leastCreate({ job_name: `told-${names}`, job_exec_time: "", metadata });
  // Made where private receivers were allowed; the object's own settings forbid them, so nothing leaves this machine.
  const { job_id: jobId } = Object((await call("/api/once_job/create", { body, settings: LIFTED })).data);
  created.push(jobId);
  return jobId;
}

/** The relay's word that the job's run was created, started and succeeded. */
async function succeed(jobId: string): Promise<void> {
  const base = { jobId, run: 1, ageMs: 0 };
  const facts: Fact[] = [
    { ...base, type: "created", id: 1, uid: "u1", name: "job", namespace: "default", adopted: false },
    { ...base, type: "started", id: 2, podName: "pod" },
    {
      ...base,
      type: "ended",
      id: 3,
      uid: "u1",
      result: "succeeded",
      reason: "",
      message: "",
      pods: [],
      podCount: 0,
      logs: [],
    },
  ];
  const at = Date.now();
  await jobStub(env, jobId).takeFacts(
    "local",
    facts.map((fact) => ({ fact, at, firedAt: at, sentAt: at })),
  );
}

async function attempts(path: string, options: Parameters<typeof call>[1] = {}): Promise<CallbackAttempt[]> {
  return z.array(CallbackAttempt).parse((await call(path, options)).data);
}

/** A job that has ended, and whose first attempt at its callback has come back: its address may not be called any more. */
async function refusedCallback(): Promise<string> {
  const jobId = await create({ callback_url: "http://127.0.0.1/hook" });
  await succeed(jobId);
  await vi.waitFor(async () => expect(await attempts(`/api/job_callbacks/${jobId}`)).toHaveLength(1), 10_000);
  return jobId;
}

describe("/api/job_callbacks", () => {
  it("shows the attempts in every form, and checks the address again before each", async () => {
    const jobId = await refusedCallback();

    const shown = await attempts(`/api/job_callbacks/${jobId}`, { method: "GET" });

    const webhookId = expect.stringMatching(new RegExp(`^msg_${jobId}_[0-9a-z]+_1_finished$`));
    const error = "not called: callback_url must be an https URL";
    expect(shown).toMatchObject([{ http: 0, error, run: 1, event: "finished", webhook_id: webhookId }]);
    expect((shown[0]?.next_at ?? 0) - (shown[0]?.at ?? 0)).toBeLessThanOrEqual(10_000);
    expect(await attempts("/api/job_callbacks/job_id", { body: { job_id: jobId } })).toMatchObject([{ error }]);
    expect(await attempts("/api/job_callbacks", { body: { job_id: jobId } })).toMatchObject([{ error }]);
  });

  it("says in `explain` that the receiver has not taken it, and when it is called again", async () => {
    const jobId = await refusedCallback();
    const { explain } = Object((await call(`/api/once_job/describe/${jobId}`)).data);
    expect(explain).toMatch(/^succeeded after .*; its callback was not taken at .* \(not called: .*\), next at /);
  });

  it("holds up neither the end of a run nor the deletion of its job", async () => {
    const jobId = await refusedCallback();
    expect(await call(`/api/once_job/delete/${jobId}`)).toMatchObject({ code: 0 });
    expect(await attempts(`/api/job_callbacks/${jobId}`)).toMatchObject([{ next_at: null }]);
  });

  it("is empty for a job that has told nothing", async () => {
    expect(await attempts(`/api/job_callbacks/${await create({})}`)).toEqual([]);
    expect(
      await attempts(`/api/job_callbacks/${await create({ callback_url: PUBLIC, callback_on: "failure" })}`),
    ).toEqual([]);
  });

  it.each(["/api/job_callbacks", "/api/job_callbacks/job_id"])("wants an id (%s)", async (path) => {
    expect(await call(path)).toMatchObject({ status: 400, code: 101, errorMsg: "JobIdError" });
    expect(await call(path, { body: { job_id: UNKNOWN } })).toMatchObject({ status: 404, code: 101 });
    expect(await call(path, { token: null })).toMatchObject({ status: 401, code: 100 });
  });
});

describe("/api/job_callbacks/…/redeliver", () => {
  it("sends the newest callback again under its id, in both forms", async () => {
    const jobId = await refusedCallback();
    const [first] = await attempts(`/api/job_callbacks/${jobId}`);

    const again = await call(`/api/job_callbacks/${jobId}/redeliver`);

    expect(Redelivered.parse(again.data)).toMatchObject({ job_id: jobId, run: 1, webhook_id: first?.webhook_id });
    await vi.waitFor(async () => expect(await attempts(`/api/job_callbacks/${jobId}`)).toHaveLength(2), 10_000);
    const body = { job_id: jobId, run: 1, event: "finished" };
    expect(await call("/api/job_callbacks/job_id/redeliver", { body })).toMatchObject({ code: 0 });
    await vi.waitFor(async () => expect(await attempts(`/api/job_callbacks/${jobId}`)).toHaveLength(3), 10_000);
    const ids = (await attempts(`/api/job_callbacks/${jobId}`)).map(({ webhook_id: id }) => id);
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    [{ run: 2 }, 404, 101, "no callback of run 2"],
    [{ event: "late" }, 404, 101, "no callback for late"],
    [{ run: 0 }, 422, 104, "run 0"],
    [{ event: "ended" }, 422, 104, 'event "ended" must be one of'],
  ])("refuses %j", async (body, status, code, words) => {
    const answer = await call(`/api/job_callbacks/${await refusedCallback()}/redeliver`, { body });
    expect(answer).toMatchObject({ status, code });
    expect(answer.cause).toContain(words);
  });

  it("refuses a wrong value in the query as 100, no id, an unknown job, no token and another verb", async () => {
    const jobId = await create({});
    const path = `/api/job_callbacks/${jobId}/redeliver`;
    expect(await call(`${path}?run=x`)).toMatchObject({ status: 400, code: 100 });
    expect(await call("/api/job_callbacks/job_id/redeliver")).toMatchObject({ status: 400, code: 101 });
    expect(await call(`/api/job_callbacks/${UNKNOWN}/redeliver`)).toMatchObject({ status: 404, code: 101 });
    expect(await call(path, { token: null })).toMatchObject({ status: 401, code: 100 });
    expect(await call(path, { method: "GET" })).toMatchObject({ status: 405, code: 100 });
  });
});

describe("metadata.callback_on", () => {
  it.each([
    ["sucess", 'has "sucess", which is none of success, failure'],
    [",", "must name at least one of"],
  ])("refuses %j", async (callbackOn, words) => {
    const answer = await call("/api/once_job/create", { body: leastCreate({ metadata: { callback_on: callbackOn } }) });
    expect(answer).toMatchObject({ status: 422, code: 104 });
    expect(answer.cause).toContain(words);
    expect(answer.cause).toContain("metadata.callback_on");
  });
});
