import { ApiError } from "../errors.ts";
import type { CallbackAttempt, Redelivered } from "./answers.ts";
import type { CallbackQuery } from "./calls.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { isPurgedJob } from "./purged-job.ts";

/** Every attempt that is kept of a job's callbacks, oldest first, none of a purged job's; null: there is no such job. */
export async function listJobCallbacks(env: JobBindings, jobId: string): Promise<CallbackAttempt[] | null> {
  const callbacks = await jobStub(env, jobId).callbacks();
  if (callbacks === null) return (await isPurgedJob(env, jobId)) ? [] : null;
  const rows = callbacks.flatMap(({ run, event, id, attempts }) =>
    attempts.map(({ at, http, error, nextAt }) => ({ at, http, error, next_at: nextAt, run, event, webhook_id: id })),
  );
  return rows.sort((a, b) => a.at - b.at);
}

/** Sends a job's callback again, now; null: there is no such job. Thrown: 404 it has no such callback. */
export async function redeliverCallback(
  env: Pick<Env, "JOBS">,
  jobId: string,
  wanted: CallbackQuery,
): Promise<Redelivered | null> {
  const answer = await jobStub(env, jobId).redeliver(wanted);
  switch (answer.answer) {
    case "redelivered":
      return { job_id: jobId, run: answer.run, event: answer.event, webhook_id: answer.id };
    case "unknown":
      return null;
    case "unknown_callback": {
      const run = wanted.run === undefined ? "" : ` of run ${wanted.run}`;
      const event = wanted.event === undefined ? "" : ` for ${wanted.event}`;
      throw new ApiError("jobUnknown", `Job ${jobId} has no callback${run}${event} to send again.`);
    }
    default:
      return answer satisfies never;
  }
}
