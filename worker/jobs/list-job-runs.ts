import type { RunPage } from "./answers.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { runOfView } from "./once-job-view.ts";
import { isPurgedJob } from "./purged-job.ts";
import type { RunPageAsked } from "./run-page-fields.ts";

/** A page of a job's runs, newest first, from its own object; none of a purged one; null: there is no such job. */
export async function listJobRuns(
  env: JobBindings,
  jobId: string,
  { pageNum, pageSize }: RunPageAsked,
): Promise<RunPage | null> {
  const part = await jobStub(env, jobId).runs({ skip: (pageNum - 1) * pageSize, count: pageSize });
  if (part === null && !(await isPurgedJob(env, jobId))) return null;
  const { runs, total } = part ?? { runs: [], total: 0 };
  return { total: String(total), page_num: pageNum, page_size: pageSize, data: runs.map(runOfView) };
}
