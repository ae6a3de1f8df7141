import { ApiError } from "../errors.ts";
import type { CancelledRun } from "./answers.ts";
import type { CancelRunAnswer } from "./calls.ts";
import { jobStub } from "./job-stub.ts";

/** How long a cancel waits for the cluster's confirmation before it answers 253, as a delete does (contract, part 5). */
export const CANCEL_WAIT_MS = 15_000;

/** Ends one run of a job; null: there is no such job. Thrown: 253 not confirmed in time, 255 refused, 404 no such run. */
export async function cancelJobRun(
  env: Pick<Env, "JOBS">,
  jobId: string,
  run: number,
  waitMs: number,
): Promise<CancelledRun | null> {
  return cancelledOf(jobId, run, await jobStub(env, jobId).cancelRun(run, waitMs));
}

/** What the API says to a JobObject's answer. */
export function cancelledOf(jobId: string, run: number, answer: CancelRunAnswer): CancelledRun | null {
  switch (answer.answer) {
    case "cancelled":
      return { run, outcome: answer.outcome };
    case "unknown":
      return null;
    case "unknown_run":
      throw new ApiError("jobUnknown", `Job ${jobId} has no run ${run}.`);
    case "timeout":
      throw new ApiError(
        "deleteTimeout",
        `The cluster has not confirmed the end of run ${run} of job ${jobId} yet; it is being cancelled all the same.`,
      );
    case "refused":
      throw new ApiError(
        "deleteRefused",
        `The cluster refused to cancel run ${run} of job ${jobId}: ${answer.message}`,
      );
    default:
      return answer satisfies never;
  }
}
