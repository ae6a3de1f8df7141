import type { Context } from "hono";
import { success } from "../errors.ts";
import { listJobCallbacks, redeliverCallback } from "../jobs/job-callbacks.ts";
import { RedeliverFields } from "../jobs/run-fields.ts";
import { sentenceOf } from "../jobs/sentences.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or GET /api/job_callbacks/:job_id → the attempts at its callbacks, oldest first. */
export async function listJobCallbacksRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId } = await readJobRequest(c);
  const attempts = await listJobCallbacks(c.env, jobId);
  if (attempts === null) throw unknownJob(jobId);
  return success(attempts);
}

/** POST /api/job_callbacks/:job_id/redeliver `{ run?, event? }` → which callback is sent again: the newest that fits. */
export async function redeliverCallbackRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId, fields, refusalOf } = await readJobRequest(c);
  const parsed = RedeliverFields.safeParse(fields);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? "run");
    throw refusalOf(field, `${sentenceOf(parsed.error.issues, fields)}.`);
  }
  const redelivered = await redeliverCallback(c.env, jobId, parsed.data);
  if (redelivered === null) throw unknownJob(jobId);
  return success(redelivered);
}
