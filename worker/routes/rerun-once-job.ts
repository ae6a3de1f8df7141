import type { Context } from "hono";
import { success } from "../errors.ts";
import { rerunOnceJob } from "../jobs/rerun-once-job.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** POST /api/once_job/rerun/:job_id → `{ job_id, run }`. */
export async function rerunOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId } = await readJobRequest(c);
  const rerun = await rerunOnceJob(c.env, jobId);
  if (rerun === null) throw unknownJob(jobId);
  return success(rerun);
}
