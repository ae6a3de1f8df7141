import type { Context } from "hono";
import { success } from "../errors.ts";
import { DELETE_WAIT_MS, deleteOnceJob } from "../jobs/delete-once-job.ts";
import { type AppEnv, readForce, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or DELETE /api/once_job/delete/:job_id, `force` in body or query → `{ job_id, outcome }`. */
export async function deleteOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  const deleted = await deleteOnceJob(c.env, jobId, { force: readForce(request), waitMs: DELETE_WAIT_MS });
  if (deleted === null) throw unknownJob(jobId);
  return success(deleted);
}
