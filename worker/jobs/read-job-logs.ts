import type { LogQuery } from "./calls.ts";
import { jobStub } from "./job-stub.ts";

/** A job's log rows as one JSON array, UTF-8, straight from its object; null: there is no such job. */
export async function readJobLogs(
  env: Pick<Env, "JOBS">,
  jobId: string,
  query: LogQuery,
): Promise<ReadableStream<Uint8Array> | null> {
  return await jobStub(env, jobId).logs(query);
}
