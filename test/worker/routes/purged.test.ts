import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { writeJobRow } from "../../../worker/db/job-rows.ts";
import type { JobRow } from "../../../worker/db/rows.ts";
import { DescribedCronJob, DescribedOnceJob } from "../../../worker/jobs/answers.ts";
import { newJobId, newRowId } from "../../../worker/jobs/new-ids.ts";
import { ROW } from "../db/sample-rows.ts";
import { call, clearTables } from "./api.ts";

const DAY_MS = 24 * 3_600_000;
const seconds = (at: number) => Math.floor(at / 1_000);
const RULES = {
  ...{ schedule: "0 3 * * *", timeZone: "UTC", dstGap: "first_valid", dstOverlap: "first" },
  ...{ concurrencyPolicy: "Forbid", misfirePolicy: "latest", misfireLimit: 10, suspend: false },
  ...{ earliestAt: null, endAt: null, startingDeadlineSeconds: null, lastExecAt: null, lastSuccessAt: null },
};

let nextId = 0;
beforeEach(async () => {
  await clearTables();
  nextId = newRowId(Date.now()) - 40 * DAY_MS * 2_048;
});

/** The index row of a job of 40 days ago whose object was purged. */
async function left(change: Partial<JobRow> = {}): Promise<JobRow> {
  nextId += 1;
  const at = Date.now() - 40 * DAY_MS;
  const row: JobRow = {
    ...ROW,
    ...{ id: nextId, jobId: newJobId(), jobStatus: 2, overdueAt: null, cluster: "berlin", times: 1, successTimes: 1 },
    ...{ information: "succeeded after 12 ms", createTime: seconds(at), updateTime: seconds(at) },
    ...change,
  };
  await writeJobRow(env.DB, row);
  return row;
}

describe("a job that was purged, and whose index row is left", () => {
  it("is described from the row, without runs, with the date of the purge", async () => {
    const row = await left();

    for (const options of [{}, { method: "GET" }]) {
      const answer = await call(`/api/once_job/describe/${row.jobId}`, options);

      const job = DescribedOnceJob.parse(answer.data);
      expect(job).toMatchObject({ id: row.id, job_name: "hello", job_status: 2, cluster: "berlin" });
      expect(job).toMatchObject({ status: "succeeded", runs: [] });
      const purgedAt = new Date((row.updateTime + 30 * 24 * 3_600) * 1_000).toISOString().slice(0, 19);
      expect(job.explain).toBe(
        `its runs and logs were purged at ${purgedAt}Z, 30 days after its last change; it ended so: succeeded after 12 ms`,
      );
    }
  });

  it.each([
    [1, "failed"],
    [3, "deleted"],
    [0, "created"],
    [-1, "due"],
  ] as const)("with job_status %d is %s", async (jobStatus, status) => {
    const { jobId } = await left({ jobStatus });

    expect((await call(`/api/once_job/describe/${jobId}`)).data).toMatchObject({ job_status: jobStatus, status });
  });

  it("says so where it was to be kept longer", async () => {
    const { jobId } = await left({ updateTime: seconds(Date.now()), information: "" });

    const { explain } = Object((await call(`/api/once_job/describe/${jobId}`)).data);

    expect(explain).toMatch(/^its runs and logs are gone, though they were to be kept until \d{4}-\d\d-\d\dT[\d:]+Z$/);
  });

  it("is known to its own kind's routes alone, and a cron job has no next slot any more", async () => {
    const once = await left();
    const cron = await left({ jobType: "cron", cron: JSON.stringify(RULES) });

    const described = await call(`/api/cron_job/describe/${cron.jobId}`);

    expect(DescribedCronJob.parse(described.data)).toMatchObject({
      schedule: "0 3 * * *",
      next_exec_time: 0,
      runs: [],
    });
    expect(await call(`/api/once_job/describe/${cron.jobId}`)).toMatchObject({ status: 404, code: 101 });
    expect(await call(`/api/cron_job/describe/${once.jobId}`)).toMatchObject({ status: 404, code: 101 });
  });

  it.each(["once", "cron"] as const)(
    "has no runs, no logs and no callbacks, which is no error (%s)",
    async (jobType) => {
      const { jobId } = await left({ jobType, cron: jobType === "cron" ? JSON.stringify(RULES) : null });

      const runs = { total: "0", page_num: 1, page_size: 20, data: [] };
      expect(await call(`/api/job_runs/${jobId}`)).toMatchObject({ code: 0, data: runs });
      expect(await call(`/api/job_logs/${jobId}`)).toMatchObject({ code: 0, data: [] });
      expect(await call(`/api/job_callbacks/${jobId}`)).toMatchObject({ code: 0, data: [] });
    },
  );

  it.each([
    "once_job/delete/job_id",
    "once_job/rerun/job_id",
    "job_callbacks/job_id/redeliver",
    "job_runs/cancel/job_id",
  ])("can't be changed any more: /api/%s knows none", async (path) => {
    const { jobId } = await left();

    const answer = await call(`/api/${path}`, { body: { job_id: jobId, run: 1 } });

    expect(answer).toMatchObject({ status: 404, code: 101 });
  });

  it("is no job of the last 30 days: a row without an object is none then, and costs no look through all rows", async () => {
    const { jobId } = await left({ id: newRowId(Date.now()) });

    expect(await call(`/api/once_job/describe/${jobId}`)).toMatchObject({ status: 404, code: 101 });
  });
});
