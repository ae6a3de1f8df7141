import type { Context } from "hono";
import { settingsOf } from "../env.ts";
import { success } from "../errors.ts";
import { createCronJob } from "../jobs/create-cron-job.ts";
import { DELETE_WAIT_MS, deleteJob } from "../jobs/delete-job.ts";
import { describeCronJob } from "../jobs/describe-job.ts";
import { listCronJobs } from "../jobs/list-jobs.ts";
import { previewSlots } from "../jobs/preview-slots.ts";
import { SuspendFields } from "../jobs/run-fields.ts";
import { sentenceOf } from "../jobs/sentences.ts";
import { suspendCronJob } from "../jobs/suspend-cron-job.ts";
import { triggerCronJob } from "../jobs/trigger-cron-job.ts";
import { updateCronJob } from "../jobs/update-cron-job.ts";
import { UPDATE_WAIT_MS } from "../jobs/update-once-job.ts";
import { readIdempotencyKey } from "./idempotency-key.ts";
import { type AppEnv, readForce, readJobRequest, unknownJob } from "./job-request.ts";
import { readJsonObject, readOptionalJsonObject } from "./request-body.ts";

/** POST /api/cron_job/create → `{ job_id }`; with `Idempotency-Key` once for all attempts. */
export async function createCronJobRoute(c: Context<AppEnv>): Promise<Response> {
  const key = readIdempotencyKey(c, "/api/cron_job/create");
  const body = await readJsonObject(c);
  const { allowPrivateCallbacks } = settingsOf(c.env);
  return success(await createCronJob(c.env, body, { allowPrivateCallbacks, key, place: null }));
}

/** POST /api/cron_job/update: the whole definition anew, `job_id` beside it → a sentence. */
export async function updateCronJobRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  // A cron job can always be updated (contract, part 5): there is nothing to force, and asking for it is no mistake.
  readForce(request);
  const { job_id: _, force: __, ...fields } = request.body;
  const { allowPrivateCallbacks } = settingsOf(c.env);
  return found(jobId, await updateCronJob(c.env, jobId, fields, { allowPrivateCallbacks, waitMs: UPDATE_WAIT_MS }));
}

/** POST or DELETE /api/cron_job/delete/:job_id → `{ job_id, outcome }`. */
export async function deleteCronJobRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  const options = { jobType: "cron" as const, force: readForce(request), waitMs: DELETE_WAIT_MS };
  return found(jobId, await deleteJob(c.env, jobId, options));
}

/** POST or GET /api/cron_job/lists → a page of cron jobs; paging in the body or the query, where the query's wins. */
export async function listCronJobsRoute(c: Context<AppEnv>): Promise<Response> {
  const body = await readOptionalJsonObject(c);
  return success(await listCronJobs(c.env.DB, { ...body, ...c.req.query() }));
}

/** POST or GET /api/cron_job/describe/:job_id → the cron job, where it stands and why, and its last runs. */
export async function describeCronJobRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId } = await readJobRequest(c);
  return found(jobId, await describeCronJob(c.env, jobId));
}

/** POST /api/cron_job/trigger/:job_id → `{ job_id, run }`. */
export async function triggerCronJobRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId } = await readJobRequest(c);
  return found(jobId, await triggerCronJob(c.env, jobId));
}

/** POST /api/cron_job/suspend/:job_id `{ suspend }` → a sentence. */
export async function suspendCronJobRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId, fields, refusalOf } = await readJobRequest(c);
  const parsed = SuspendFields.safeParse(fields);
  if (!parsed.success) throw refusalOf("suspend", `${sentenceOf(parsed.error.issues, fields)}.`);
  return found(jobId, await suspendCronJob(c.env, jobId, parsed.data.suspend));
}

/** POST or GET /api/cron_job/preview → the next slots of a schedule; no job is touched. */
export async function previewSlotsRoute(c: Context<AppEnv>): Promise<Response> {
  const body = await readOptionalJsonObject(c);
  return success(previewSlots({ ...body, ...c.req.query() }, Date.now()));
}

/** Answers what was found; null: there is no such cron job. */
function found<Data>(jobId: string, data: Data | null): Response {
  if (data === null) throw unknownJob(jobId);
  return success(data);
}
