import type { RunPage } from "./answers.ts";
import { jobStub } from "./job-stub.ts";
import { runOfView } from "./once-job-view.ts";
import type { RunPageAsked } from "./run-page-fields.ts";

/** A page of a job's runs, newest first, from its own object; null: there is no such job. */
export async function listJobRuns(
  env: Pick<Env, "JOBS">,
  jobId: string,
  { pageNum, pageSize }: RunPageAsked,
): Promise<RunPage | null> {
  const part = await jobStub(env, jobId).runs({ skip: (pageNum - 1) * pageSize, count: pageSize });
  if (part === null) return null;
  return { total: String(part.total), page_num: pageNum, page_size: pageSize, data: part.runs.map(runOfView) };
}
