import { ApiError } from "../errors.ts";
import type { FollowQuery } from "./calls.ts";
import { jobStub } from "./job-stub.ts";

/**
 * The lines of one run's logs as server-sent events, straight from the job's object; null: there is no such job. Thrown: 404 no
 * such run, 429 too many readers.
 */
export async function followJobLogs(
  env: Pick<Env, "JOBS">,
  jobId: string,
  query: FollowQuery,
): Promise<ReadableStream<Uint8Array> | null> {
  const answer = await jobStub(env, jobId).follow(query);
  switch (answer.answer) {
    case "events":
      return answer.events;
    case "unknown":
      return null;
    case "unknown_run":
      throw new ApiError("jobUnknown", `Job ${jobId} has no run ${query.run}.`);
    case "too_many":
      throw new ApiError("limitedFlow", `The logs of job ${jobId} have as many followers as they may have.`, {
        "retry-after": "10",
      });
    default:
      return answer satisfies never;
  }
}
