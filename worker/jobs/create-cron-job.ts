import { type CreateOptions, createJob } from "./create-job.ts";
import { parseCronJobFields } from "./cron-job-fields.ts";
import type { JobBindings } from "./job-stub.ts";

/** Creates a cron job, as {@link createJob} says; its first slot is the first after now, or from `job_exec_time` on. */
export async function createCronJob(
  env: JobBindings,
  body: Record<string, unknown>,
  options: CreateOptions,
): Promise<{ job_id: string }> {
  return await createJob(env, body, options, parseCronJobFields);
}
