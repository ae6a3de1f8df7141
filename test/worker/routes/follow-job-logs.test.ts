import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call, clearTables, leastCreate, rowsWritten } from "./api.ts";

const UNKNOWN = "zzzzzzzzzzzzzzzzzzzzzzzzzz";

afterEach(rowsWritten);
beforeEach(clearTables);

async function deletedJob(): Promise<string> {
  const body = leastCreate({ job_name: "followed", job_exec_time: "P1D" });
  const { job_id: jobId } = Object((await call("/api/once_job/create", { body })).data);
  expect(await call(`/api/once_job/delete/${jobId}`, { body: { force: true } })).toMatchObject({ code: 0 });
  return jobId;
}

async function followed(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await exports.default.fetch(`https://watchbell.test${path}`, {
    headers: { authorization: "Bearer test-token", ...headers },
  });
}

describe("/api/job_logs/…/follow", () => {
  it("is a stream of events that nobody may keep or gather, and ends with its run", async () => {
    const jobId = await deletedJob();

    for (const path of [`/api/job_logs/${jobId}/follow?run=1`, `/api/job_logs/job_id/follow?job_id=${jobId}`]) {
      const response = await followed(path, { "last-event-id": "nonsense" });

      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("x-accel-buffering")).toBe("no");
      expect(await response.text()).toBe('retry: 1000\n\nevent: end\ndata: {"status":"cancelled"}\n\n');
    }
  });

  it("refuses what is no job or no run of it, a value that is none, another verb, and whoever has no token", async () => {
    const jobId = await deletedJob();
    const path = `/api/job_logs/${jobId}/follow`;

    expect(await call(path, { method: "GET", token: "" })).toMatchObject({ status: 401, code: 100 });
    expect(await call(`/api/job_logs/${UNKNOWN}/follow`, { method: "GET" })).toMatchObject({ status: 404, code: 101 });
    expect(await call("/api/job_logs/job_id/follow", { method: "GET" })).toMatchObject({ status: 400, code: 101 });
    expect(await call(`${path}?run=2`, { method: "GET" })).toMatchObject({ status: 404, code: 101 });
    expect(await call(`${path}?run=x`, { method: "GET" })).toMatchObject({ status: 400, code: 100 });
    expect(await call(path, { method: "POST", body: {} })).toMatchObject({ status: 405, code: 100 });
  });
});
