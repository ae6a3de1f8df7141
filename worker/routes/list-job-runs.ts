import type { Context } from "hono";
import { ApiError, success } from "../errors.ts";
import { listJobRuns } from "../jobs/list-job-runs.ts";
import { parseRunPage } from "../jobs/run-page-fields.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or GET /api/job_runs/:job_id → a page of the job's runs, newest first; a wrong page is 100, in a body too. */
export async function listJobRunsRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId, fields } = await readJobRequest(c);
  const asked = parseRunPage(fields);
  if ("problem" in asked) throw new ApiError("invalidParameter", `${asked.problem}.`);
  const page = await listJobRuns(c.env, jobId, asked);
  if (page === null) throw unknownJob(jobId);
  return success(page);
}
