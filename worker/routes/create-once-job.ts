import type { Context } from "hono";
import { settingsOf } from "../env.ts";
import { success } from "../errors.ts";
import { createOnceJob } from "../jobs/create-job.ts";
import { createOnceJobBatch } from "../jobs/create-once-job-batch.ts";
import { readIdempotencyKey } from "./idempotency-key.ts";
import type { AppEnv } from "./job-request.ts";
import { readJsonObject } from "./request-body.ts";

/** POST /api/once_job/create → `{ job_id }`; with `Idempotency-Key` once for all attempts. */
export async function createOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const key = readIdempotencyKey(c, "/api/once_job/create");
  const body = await readJsonObject(c);
  const { allowPrivateCallbacks } = settingsOf(c.env);
  return success(await createOnceJob(c.env, body, { allowPrivateCallbacks, key, place: null }));
}

/** POST /api/once_job/create_batch `{ jobs }` → an envelope for each job, in order. */
export async function createOnceJobBatchRoute(c: Context<AppEnv>): Promise<Response> {
  const key = readIdempotencyKey(c, "/api/once_job/create_batch");
  const body = await readJsonObject(c);
  const { allowPrivateCallbacks } = settingsOf(c.env);
  return success(await createOnceJobBatch(c.env, body, { allowPrivateCallbacks, key }));
}
