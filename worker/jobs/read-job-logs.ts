import type { LogQuery } from "./calls.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { isPurgedJob } from "./purged-job.ts";

/** A job's log rows as one JSON array, UTF-8, straight from its object, none of a purged one's; null: there is no such job. */
export async function readJobLogs(
  env: JobBindings,
  jobId: string,
  query: LogQuery,
): Promise<ReadableStream<Uint8Array> | null> {
  const rows = await jobStub(env, jobId).logs(query);
  if (rows !== null || !(await isPurgedJob(env, jobId))) return rows;
  return new Response("[]").body;
}
