import type { Context } from "hono";
import { ApiError, success } from "../errors.ts";
import { DELETE_WAIT_MS, deleteOnceJob } from "../jobs/delete-once-job.ts";
import { shown } from "../jobs/sentences.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or DELETE /api/once_job/delete/:job_id, `force` in body or query → `{ job_id, outcome }`. */
export async function deleteOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId, fields } = await readJobRequest(c);
  const deleted = await deleteOnceJob(c.env, jobId, { force: readForce(fields.force), waitMs: DELETE_WAIT_MS });
  if (deleted === null) throw unknownJob(jobId);
  return success(deleted);
}

/** A query can say it in text only. */
function readForce(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "false") return false;
  if (value === true || value === "true") return true;
  throw new ApiError("verifyJob", `force ${shown(value)} must be true or false.`);
}
