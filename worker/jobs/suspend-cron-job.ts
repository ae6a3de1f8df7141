import type { SuspendAnswer } from "./calls.ts";
import { jobStub } from "./job-stub.ts";
import { jobIsBehind, nextSlotText } from "./update-cron-job.ts";
import { deletedJob } from "./update-once-job.ts";

/** Suspends a cron job, or lets it go on; a sentence, null: there is no such cron job. Thrown: 103, 404 it is deleted. */
export async function suspendCronJob(env: Pick<Env, "JOBS">, jobId: string, suspend: boolean): Promise<string | null> {
  return suspendedOf(jobId, await jobStub(env, jobId).suspend(suspend));
}

/** What the API says to a JobObject's answer. */
export function suspendedOf(jobId: string, answer: SuspendAnswer): string | null {
  switch (answer.answer) {
    case "suspended":
      return answer.suspend
        ? `Job ${jobId} is suspended: its slots are recorded and do not run.`
        : `Job ${jobId} goes on; ${nextSlotText(answer.nextAt)}.`;
    case "unknown":
      return null;
    case "deleted":
      throw deletedJob(jobId);
    case "behind":
      throw jobIsBehind(jobId);
    default:
      return answer satisfies never;
  }
}
