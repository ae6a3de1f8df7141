import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fact, PodEnd } from "../../../protocol/up.ts";
import { RunPage } from "../../../worker/jobs/answers.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { type Call, call, clearTables, leastCreate, rowsWritten } from "./api.ts";

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

async function create(changes: Record<string, unknown> = {}): Promise<string> {
  names += 1;
  const body = leastCreate({ job_name: `runs-${names}`, job_exec_time: "", ...changes });
  const { job_id: jobId } = Object((await call("/api/once_job/create", { body })).data);
  created.push(jobId);
  return jobId;
}

/** The relay's word that this run of the job was created, started and failed with these pods. */
async function failRun(jobId: string, run: number, pods: PodEnd[], podCount = pods.length): Promise<void> {
  const base = { jobId, run, ageMs: 0 };
  const facts: Fact[] = [
    { ...base, type: "created", id: 1, uid: `u${run}`, name: "job", namespace: "default", adopted: false },
    { ...base, type: "started", id: 2, podName: pods[0]?.podName ?? "pod" },
    {
      ...base,
      ...{ type: "ended", id: 3, uid: `u${run}`, result: "failed", reason: "BackoffLimitExceeded" },
      ...{ message: "container main exited with code 3", pods, podCount, logs: [] },
    },
  ];
  const at = Date.now();
  const taken = facts.map((fact) => ({ fact, at, firedAt: at, sentAt: at }));
  for (const { answer } of await jobStub(env, jobId).takeFacts("local", taken)) expect(answer).toBe("ok");
}

const PODS = [{ podName: "pod-a", exitCode: 3, reason: "Error" }];

async function page(path: string, options: Call = {}): Promise<RunPage> {
  const answer = await call(path, options);
  expect(answer).toMatchObject({ status: 200, code: 0, cause: "", errorMsg: "" });
  return RunPage.parse(answer.data);
}

describe("/api/job_runs", () => {
  it("tells a run's timeline, how it ended, and its pods' exit codes", async () => {
    const jobId = await create();
    await failRun(jobId, 1, [...PODS, { podName: "pod-b", exitCode: null, reason: "Evicted" }], 150);

    const runs = await page(`/api/job_runs/${jobId}`);

    expect(runs).toMatchObject({ total: "1", page_num: 1, page_size: 20 });
    const [run] = runs.data;
    expect(run).toEqual({
      run: 1,
      slot_at: null,
      count: 1,
      status: "failed",
      cluster: "local",
      kube_job: `runs-${names}`,
      due_at: expect.any(Number),
      fired_at: expect.any(Number),
      sent_at: expect.any(Number),
      created_at: expect.any(Number),
      started_at: expect.any(Number),
      finished_at: expect.any(Number),
      lateness_ms: (run?.created_at ?? 0) - (run?.due_at ?? 0),
      reason: "BackoffLimitExceeded",
      message: "container main exited with code 3",
      pods: [
        { pod_name: "pod-a", exit_code: 3, reason: "Error" },
        { pod_name: "pod-b", exit_code: null, reason: "Evicted" },
      ],
      pod_count: 150,
    });
  });

  it("shows a run from its due time on, or once it is over", async () => {
    const jobId = await create({ job_exec_time: "P1D" });
    expect(await page(`/api/job_runs/${jobId}`)).toMatchObject({ total: "0", data: [] });

    await call(`/api/once_job/delete/${jobId}`, { body: { force: true } });

    const runs = await page(`/api/job_runs/${jobId}`);
    expect(runs).toMatchObject({ total: "1", data: [{ run: 1, status: "cancelled", reason: "deleted" }] });
  });

  it("pages through finished runs and the newest, newest first, and describe gives the last twenty the same", async () => {
    const jobId = await create();
    for (let run = 1; run <= 24; run += 1) {
      await failRun(jobId, run, PODS);
      expect(await jobStub(env, jobId).rerun()).toEqual({ answer: "rerun", run: run + 1 });
    }

    const pages = await Promise.all(
      [1, 2, 3, 4].map((page_num) => page(`/api/job_runs/${jobId}`, { body: { page_num, page_size: 10 } })),
    );

    expect(pages.map(({ total, data }) => [total, data.length])).toEqual([
      ["25", 10],
      ["25", 10],
      ["25", 5],
      ["25", 0],
    ]);
    const numbers = pages.flatMap(({ data }) => data.map(({ run }) => run));
    expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
    expect(pages[0]?.data[0]?.status).toBe("due");
    const farBehind = await page(`/api/job_runs/${jobId}`, { body: { page_num: 2_147_483_647, page_size: 100 } });
    expect(farBehind.data).toEqual([]);
    const described = Object((await call(`/api/once_job/describe/${jobId}`)).data);
    expect(described.runs).toEqual(pages.flatMap(({ data }) => data).slice(0, 20));
  });

  it("takes the id in the path or in the body, and paging in body or query, by POST and GET", async () => {
    const jobId = await create();
    const expected = await page(`/api/job_runs/${jobId}`, { body: { page_size: 1 } });
    expect(expected.data).toHaveLength(1);

    const forms: [string, Call][] = [
      [`/api/job_runs/${jobId}?page_size=1`, { method: "GET" }],
      [`/api/job_runs/${jobId}`, { body: { page_size: "1", job_id: "another" } }],
      ["/api/job_runs/job_id", { body: { job_id: jobId, page_size: 1 } }],
      ["/api/job_runs", { body: { job_id: jobId, page_size: 1 } }],
      [`/api/job_runs/job_id?job_id=${jobId}&page_size=1`, { method: "GET" }],
    ];

    for (const [path, options] of forms) expect(await page(path, options)).toEqual(expected);
  });

  it.each([
    [{ page_num: 0 }, "page_num 0"],
    [{ page_size: 101 }, "page_size 101"],
    [{ page_size: "ten" }, 'page_size "ten"'],
  ])("refuses the page %j with 100, in a body too", async (body, words) => {
    const answer = await call(`/api/job_runs/${await create()}`, { body });

    expect(answer).toMatchObject({ status: 400, code: 100, cause: expect.stringContaining(words) });
  });

  it("knows no job that is none, and wants an id", async () => {
    expect(await call("/api/job_runs/nothere")).toMatchObject({ status: 404, code: 101 });
    expect(await call("/api/job_runs/job_id", { method: "GET" })).toMatchObject({ status: 400, code: 101 });
  });

  it("is for callers with a token", async () => {
    expect(await call("/api/job_runs/x", { token: null })).toMatchObject({ status: 401, code: 100 });
  });

  it("answers no other verb", async () => {
    const answer = await call("/api/job_runs/x", { method: "DELETE" });

    expect(answer).toMatchObject({ status: 405, code: 100 });
    expect(answer.headers.get("allow")).toBe("POST, GET");
  });
});
