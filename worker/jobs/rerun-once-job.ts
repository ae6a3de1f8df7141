import { ApiError } from "../errors.ts";
import type { Rerun } from "./answers.ts";
import type { RerunAnswer } from "./calls.ts";
import { jobStub } from "./job-stub.ts";
import { deletedJob } from "./update-once-job.ts";

/** Runs a finished once job anew; null: there is no such job. Thrown: 252 no name is left for it, 254 it is not finished. */
export async function rerunOnceJob(env: Pick<Env, "JOBS">, jobId: string): Promise<Rerun | null> {
  return rerunOf(jobId, await jobStub(env, jobId).rerun());
}

/** What the API says to a JobObject's answer. */
export function rerunOf(jobId: string, answer: RerunAnswer): Rerun | null {
  switch (answer.answer) {
    case "rerun":
      return { job_id: jobId, run: answer.run };
    case "unknown":
      return null;
    case "deleted":
      throw deletedJob(jobId);
    case "not_finished":
      throw new ApiError(
        "jobSubmitted",
        `Job ${jobId} is not finished, so it can't be run again; cancel its run first.`,
      );
    case "too_many_runs":
      throw new ApiError("genJob", `Job ${jobId} has had so many runs that the name of another one would be too long.`);
    default:
      return answer satisfies never;
  }
}
