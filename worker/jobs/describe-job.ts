import type { DescribedCronJob, DescribedOnceJob } from "./answers.ts";
import { cronJobOfSnapshot } from "./cron-job-view.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { onceJobOfSnapshot } from "./once-job-view.ts";
import { purgedCronJob, purgedJobRow, purgedOnceJob } from "./purged-job.ts";

/** Everything the job's own object knows about it, or what the index kept of a purged one; null: there is no such once job. */
export async function describeOnceJob(env: JobBindings, jobId: string): Promise<DescribedOnceJob | null> {
  const snapshot = await jobStub(env, jobId).describe();
  if (snapshot !== null) return snapshot.jobType === "once" ? onceJobOfSnapshot(snapshot) : null;
  const now = Date.now();
  const row = await purgedJobRow(env, jobId, "once", now);
  return row && purgedOnceJob(row, now);
}

/** The same of a cron job; null: there is no such cron job. */
export async function describeCronJob(env: JobBindings, jobId: string): Promise<DescribedCronJob | null> {
  const snapshot = await jobStub(env, jobId).describe();
  if (snapshot !== null) return snapshot.jobType === "cron" ? cronJobOfSnapshot(snapshot) : null;
  const now = Date.now();
  const row = await purgedJobRow(env, jobId, "cron", now);
  return row && purgedCronJob(row, now);
}
