import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fact, LogKey } from "../../../protocol/up.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { call, callRaw, clearTables, leastCreate, rowsWritten } from "./api.ts";

let names = 0;

afterEach(rowsWritten);
beforeEach(async () => {
  await clearTables();
  await call("/api/cluster/create", { body: { cluster: "local" } });
});

/** A job whose relay has reported its end, and these texts as the logs of its pods. */
async function finishedJob(logs: Record<string, string>): Promise<string> {
  names += 1;
  const body = leastCreate({ job_name: `logs-${names}`, metadata: { log_collect: true } });
  const { job_id: jobId } = Object((await call("/api/once_job/create", { body })).data);
  const keys = Object.keys(logs).map(
    (podName): LogKey => ({ podName, podUid: `uid-${podName}`, container: "main", restart: 0 }),
  );
  const base = { jobId, run: 1, ageMs: 0 };
  const facts: Fact[] = [
    { ...base, type: "created", id: 1, uid: "u", name: `logs-${names}`, namespace: "default", adopted: false },
    { ...base, type: "started", id: 2, podName: keys[0]?.podName ?? "pod" },
    {
      ...base,
      type: "ended",
      id: 3,
      uid: "u",
      result: "succeeded",
      reason: "",
      message: "",
      pods: keys.map(({ podName }) => ({ podName, exitCode: 0, reason: "Completed" })),
      podCount: keys.length,
      logs: keys,
    },
    ...keys.map(
      (log, n): Fact => ({
        ...base,
        type: "log",
        id: 4 + n,
        log,
        seq: 0,
        text: logs[log.podName] ?? "",
        last: true,
        severalContainers: false,
      }),
    ),
  ];
  const at = Date.now();
  const answers = await jobStub(env, jobId).takeFacts(
    "local",
    facts.map((fact) => ({ fact, at, firedAt: at, sentAt: at })),
  );
  for (const answer of answers) expect(answer.answer).toBe("ok");
  return jobId;
}

describe("/api/job_logs", () => {
  it("gives a row per pod with the exact output, in order", async () => {
    const jobId = await finishedJob({ "pod-a": 'k8s "jobs" !!!\n', "pod-b": "\u{1F514} läuft\t\\" });

    const answer = await call(`/api/job_logs/${jobId}`);

    expect(answer).toMatchObject({ status: 200, code: 0, cause: "", errorMsg: "" });
    expect(answer.data).toEqual([
      { id: expect.any(Number), pod_name: "pod-a", run_logs: 'k8s "jobs" !!!\n', create_time: expect.any(Number) },
      { id: expect.any(Number), pod_name: "pod-b", run_logs: "\u{1F514} läuft\t\\", create_time: expect.any(Number) },
    ]);
  });

  it("is JSON that is neither stored nor sniffed", async () => {
    const jobId = await finishedJob({ pod: "x" });

    const response = await callRaw(`/api/job_logs/${jobId}`, { method: "GET" });

    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.json()).toMatchObject({ code: 0, data: [{ run_logs: "x" }] });
  });

  it("passes a log of a megabyte on whole", async () => {
    const text = "0123456789abcde\n".repeat(16 * 1_024);
    const jobId = await finishedJob({ pod: text });

    const answer = await call(`/api/job_logs/${jobId}`);

    expect(Object(answer.data)[0].run_logs).toBe(text);
  });

  it("is narrowed by pod, tail and run, in query and body", async () => {
    const jobId = await finishedJob({ "pod-a": "1\n2\n3\n", "pod-b": "4\n" });

    const byPod = await call(`/api/job_logs/${jobId}?pod_name=pod-b`, { method: "GET" });
    const byTail = await call(`/api/job_logs/${jobId}`, { body: { pod_name: "pod-a", tail_lines: 2 } });
    const byRun = await call(`/api/job_logs/${jobId}?run=1&tail_lines=1`, { method: "GET" });

    expect(byPod.data).toMatchObject([{ pod_name: "pod-b", run_logs: "4\n" }]);
    expect(byTail.data).toMatchObject([{ pod_name: "pod-a", run_logs: "2\n3\n" }]);
    expect(byRun.data).toMatchObject([{ run_logs: "3\n" }, { run_logs: "4\n" }]);
  });

  it("is an empty list for a job that has not run", async () => {
    const created = await call("/api/once_job/create", { body: leastCreate({ job_name: "not-yet" }) });

    const answer = await call("/api/job_logs/job_id", { body: created.data });

    expect(answer).toMatchObject({ status: 200, code: 0, data: [] });
  });

  it.each([{ run: 0 }, { run: "first" }, { tail_lines: -1 }, { tail_lines: 1.5 }, { pod_name: 5 }])(
    "refuses %j with 104, naming the field",
    async (options) => {
      const jobId = await finishedJob({ pod: "x" });

      const answer = await call(`/api/job_logs/${jobId}`, { body: options });

      expect(answer).toMatchObject({ status: 422, code: 104 });
      expect(answer.cause).toContain(Object.keys(options)[0]);
    },
  );
});

describe("a wrong value in the query", () => {
  it.each(["run=0", "tail_lines=all"])("%s is 100, naming the field", async (query) => {
    const jobId = await finishedJob({ pod: "x" });

    const answer = await call(`/api/job_logs/${jobId}?${query}`, { method: "GET" });

    expect(answer).toMatchObject({ status: 400, code: 100 });
    expect(answer.cause).toContain(query.split("=")[0]);
  });
});

describe("a job that its cluster has finished", () => {
  it("is described with its end, its pods and its times", async () => {
    const jobId = await finishedJob({ pod: "x" });

    const answer = await call(`/api/once_job/describe/${jobId}`);

    expect(answer.data).toMatchObject({
      job_status: 2,
      job_times: 1,
      job_success_times: 1,
      status: "succeeded",
      runs: [
        {
          status: "succeeded",
          created_at: expect.any(Number),
          finished_at: expect.any(Number),
          lateness_ms: expect.any(Number),
          pods: [{ pod_name: "pod", exit_code: 0, reason: "Completed" }],
          pod_count: 1,
        },
      ],
    });
  });

  it("is deleted at once", async () => {
    const jobId = await finishedJob({ pod: "x" });

    const answer = await call(`/api/once_job/delete/${jobId}`, { method: "DELETE" });

    expect(answer).toMatchObject({ status: 200, code: 0, data: { job_id: jobId, outcome: "already_finished" } });
  });
});
