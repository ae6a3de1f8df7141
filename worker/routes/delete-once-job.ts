import type { Context } from "hono";
import { success } from "../errors.ts";
import { DELETE_WAIT_MS, deleteOnceJob } from "../jobs/delete-once-job.ts";
import { shown } from "../jobs/sentences.ts";
import { type AppEnv, type JobRequest, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or DELETE /api/once_job/delete/:job_id, `force` in body or query → `{ job_id, outcome }`. */
export async function deleteOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  const deleted = await deleteOnceJob(c.env, jobId, { force: readForce(request), waitMs: DELETE_WAIT_MS });
  if (deleted === null) throw unknownJob(jobId);
  return success(deleted);
}

/** A query can say it in text only. */
function readForce({ fields, refusalOf }: JobRequest): boolean {
  const value = fields.force;
  if (value === undefined || value === null || value === false || value === "false") return false;
  if (value === true || value === "true") return true;
  throw refusalOf("force", `force ${shown(value)} must be true or false.`);
}
