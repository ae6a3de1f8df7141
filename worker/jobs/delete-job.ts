import { ApiError } from "../errors.ts";
import type { Deleted } from "./answers.ts";
import type { DeleteAnswer, JobType } from "./calls.ts";
import { jobStub } from "./job-stub.ts";

/** How long a delete waits for the cluster's confirmation before it answers 253 (contract, part 2). */
export const DELETE_WAIT_MS = 15_000;

/** Deletes a job; null: there is no such job of that kind. Thrown: 253 not confirmed in time, 254 submitted, 255 refused by the cluster. */
export async function deleteJob(
  env: Pick<Env, "JOBS">,
  jobId: string,
  options: { jobType: JobType; force: boolean; waitMs: number },
): Promise<Deleted | null> {
  return deletedOf(jobId, await jobStub(env, jobId).delete(options));
}

/** What the API says to a JobObject's answer. */
export function deletedOf(jobId: string, answer: DeleteAnswer): Deleted | null {
  switch (answer.answer) {
    case "deleted":
      return { job_id: jobId, outcome: answer.outcome };
    case "unknown":
      return null;
    case "submitted":
      throw new ApiError(
        "jobSubmitted",
        `Job ${jobId} is submitted and not yet created, so it can't be deleted; "force": true cancels it all the same.`,
      );
    case "timeout":
      throw new ApiError(
        "deleteTimeout",
        `The cluster has not confirmed the deletion of job ${jobId} yet; it goes on, and the job's status becomes 3.`,
      );
    case "refused":
      throw new ApiError("deleteRefused", `The cluster refused to delete job ${jobId}: ${answer.message}`);
    default:
      return answer satisfies never;
  }
}
