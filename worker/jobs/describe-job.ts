import type { DescribedCronJob, DescribedOnceJob } from "./answers.ts";
import { cronJobOfSnapshot } from "./cron-job-view.ts";
import { jobStub } from "./job-stub.ts";
import { onceJobOfSnapshot } from "./once-job-view.ts";

/** Everything the job's own object knows about it; null: there is no such once job. */
export async function describeOnceJob(env: Pick<Env, "JOBS">, jobId: string): Promise<DescribedOnceJob | null> {
  const snapshot = await jobStub(env, jobId).describe();
  return snapshot?.jobType === "once" ? onceJobOfSnapshot(snapshot) : null;
}

/** The same of a cron job; null: there is no such cron job. */
export async function describeCronJob(env: Pick<Env, "JOBS">, jobId: string): Promise<DescribedCronJob | null> {
  const snapshot = await jobStub(env, jobId).describe();
  return snapshot?.jobType === "cron" ? cronJobOfSnapshot(snapshot) : null;
}
