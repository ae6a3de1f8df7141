import type { Context } from "hono";
import { settingsOf } from "../env.ts";
import { success } from "../errors.ts";
import { createOnceJob } from "../jobs/create-once-job.ts";
import type { AppEnv } from "./job-request.ts";
import { readJsonObject } from "./request-body.ts";

/** POST /api/once_job/create → `{ job_id }`. */
export async function createOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const body = await readJsonObject(c);
  return success(await createOnceJob(c.env, body, settingsOf(c.env)));
}
