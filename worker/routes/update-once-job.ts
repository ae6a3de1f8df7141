import type { Context } from "hono";
import { settingsOf } from "../env.ts";
import { success } from "../errors.ts";
import { UPDATE_WAIT_MS, updateOnceJob } from "../jobs/update-once-job.ts";
import { type AppEnv, readForce, readJobRequest, unknownJob } from "./job-request.ts";

/** POST /api/once_job/update: the whole definition anew, `job_id` and `force` beside it → a sentence. */
export async function updateOnceJobRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  const { job_id: _, force: __, ...fields } = request.body;
  const { allowPrivateCallbacks } = settingsOf(c.env);
  const options = { allowPrivateCallbacks, force: readForce(request), waitMs: UPDATE_WAIT_MS };
  const sentence = await updateOnceJob(c.env, jobId, fields, options);
  if (sentence === null) throw unknownJob(jobId);
  return success(sentence);
}
