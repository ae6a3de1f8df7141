import type { Context } from "hono";
import { success } from "../errors.ts";
import { DELETE_WAIT_MS, deleteJob } from "../jobs/delete-job.ts";
import { type AppEnv, readForce, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or DELETE /api/once_job/delete/:job_id, `force` in body or query → `{ job_id, outcome }`. */
export async function deleteOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  const deleted = await deleteJob(c.env, jobId, {
    jobType: "once",
    force: readForce(request),
    waitMs: DELETE_WAIT_MS,
  });
  if (deleted === null) throw unknownJob(jobId);
  return success(deleted);
}
