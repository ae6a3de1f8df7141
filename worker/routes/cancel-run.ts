import type { Context } from "hono";
import { success } from "../errors.ts";
import { CANCEL_WAIT_MS, cancelJobRun } from "../jobs/cancel-run.ts";
import { CancelFields } from "../jobs/run-fields.ts";
import { sentenceOf } from "../jobs/sentences.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** POST /api/job_runs/cancel/:job_id `{ run }` → `{ run, outcome }`. */
export async function cancelRunRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId, fields, refusalOf } = await readJobRequest(c);
  const parsed = CancelFields.safeParse(fields);
  if (!parsed.success) throw refusalOf("run", `${sentenceOf(parsed.error.issues, fields)}.`);
  const cancelled = await cancelJobRun(c.env, jobId, parsed.data.run, CANCEL_WAIT_MS);
  if (cancelled === null) throw unknownJob(jobId);
  return success(cancelled);
}
