import { ApiError } from "../errors.ts";
import type { Rerun } from "./answers.ts";
import type { TriggerAnswer } from "./calls.ts";
import { jobStub } from "./job-stub.ts";
import { OPEN_RUNS } from "./lifecycle-limits.ts";
import { deletedJob } from "./update-once-job.ts";

/** When a trigger that met too many open runs may be tried again, s. */
const RETRY_AFTER_SECONDS = 60;

/** Runs a cron job now, outside its schedule; null: there is no such cron job. Thrown: 104 (429), 252, 404 it is deleted. */
export async function triggerCronJob(env: Pick<Env, "JOBS">, jobId: string): Promise<Rerun | null> {
  return triggeredOf(jobId, await jobStub(env, jobId).trigger());
}

/** What the API says to a JobObject's answer. */
export function triggeredOf(jobId: string, answer: TriggerAnswer): Rerun | null {
  switch (answer.answer) {
    case "triggered":
      return { job_id: jobId, run: answer.run };
    case "unknown":
      return null;
    case "deleted":
      throw deletedJob(jobId);
    case "too_many_runs":
      throw new ApiError("genJob", `Job ${jobId} has had so many runs that the name of another one would be too long.`);
    case "too_many_open":
      throw new ApiError("limitedFlow", `${OPEN_RUNS} runs of job ${jobId} are open; no more are started.`, {
        "retry-after": String(RETRY_AFTER_SECONDS),
      });
    default:
      return answer satisfies never;
  }
}
