import type { Context } from "hono";
import { success } from "../errors.ts";
import { describeOnceJob } from "../jobs/describe-job.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or GET /api/once_job/describe/:job_id → OnceJob, where it stands and why, and its last runs. */
export async function describeOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId } = await readJobRequest(c);
  const job = await describeOnceJob(c.env, jobId);
  if (job === null) throw unknownJob(jobId);
  return success(job);
}
