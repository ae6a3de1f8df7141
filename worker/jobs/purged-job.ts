import { findOldJobRow } from "../db/job-rows.ts";
import type { JobRow } from "../db/rows.ts";
import type { DescribedCronJob, DescribedOnceJob } from "./answers.ts";
import type { JobType } from "./calls.ts";
import { cronJobOfRow } from "./cron-job-view.ts";
import { RETENTION_MS } from "./lifecycle-limits.ts";
import { firstRowIdAt } from "./new-ids.ts";
import { onceJobOfRow } from "./once-job-view.ts";

/** Rows that a look for a purged job reads at most, as a list does. */
const READ_AT_MOST = 20_000;

/**
 * The index row of a job that its object knows no more (contract, part 5, "After retention"); null: there is none. Only rows of
 * jobs as old as the retention are looked at: those that outlived their objects are among them, and few others.
 */
export async function purgedJobRow(
  env: Pick<Env, "DB">,
  jobId: string,
  jobType: JobType,
  now: number,
): Promise<JobRow | null> {
  const belowId = firstRowIdAt(now - RETENTION_MS);
  return await findOldJobRow(env.DB, { jobType, jobId, belowId, readAtMost: READ_AT_MOST });
}

/** Whether such a row, of either kind, is there: then the job has no runs, logs and callbacks any more, but was known. */
export async function isPurgedJob(env: Pick<Env, "DB">, jobId: string): Promise<boolean> {
  const now = Date.now();
  const rows = await Promise.all((["once", "cron"] as const).map((kind) => purgedJobRow(env, jobId, kind, now)));
  return rows.some((row) => row !== null);
}

/** A purged once job as `describe` shows it: what the index kept, and when the rest went. */
export function purgedOnceJob(row: JobRow, now: number): DescribedOnceJob {
  return { ...onceJobOfRow(row), ...purgedPart(row, now) };
}

/** The same of a cron job; it has no next slot any more. */
export function purgedCronJob(row: JobRow, now: number): DescribedCronJob {
  return { ...cronJobOfRow(row, now), next_exec_time: 0, ...purgedPart(row, now) };
}

function purgedPart(row: JobRow, now: number): Pick<DescribedOnceJob, "cluster" | "status" | "explain" | "runs"> {
  return { cluster: row.cluster, status: statusOf(row.jobStatus), explain: explainPurged(row, now), runs: [] };
}

/** The index has no word finer than the seed's. */
function statusOf(jobStatus: JobRow["jobStatus"]): DescribedOnceJob["status"] {
  switch (jobStatus) {
    case -1:
      return "due";
    case 0:
      return "created";
    case 1:
      return "failed";
    case 2:
      return "succeeded";
    case 3:
      return "deleted";
  }
}

function explainPurged({ updateTime, information }: JobRow, now: number): string {
  const purgeAt = updateTime * 1_000 + RETENTION_MS;
  const date = new Date(purgeAt).toISOString().replace(".000Z", "Z");
  const how = information === "" ? "" : `; it ended so: ${information}`;
  if (purgeAt > now) return `its runs and logs are gone, though they were to be kept until ${date}${how}`;
  return `its runs and logs were purged at ${date}, 30 days after its last change${how}`;
}
