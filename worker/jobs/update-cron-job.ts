import { chooseCluster } from "../clusters/choosing.ts";
import { listClusterIds } from "../db/clusters.ts";
import { ApiError } from "../errors.ts";
import type { UpdateCronAnswer, UpdateInput } from "./calls.ts";
import { parseCronJobFields } from "./cron-job-fields.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { shown } from "./sentences.ts";
import { claimNewName, deletedJob } from "./update-once-job.ts";

/**
 * Gives a cron job a whole new definition; a sentence that begins with what became of the slots that were not sent, null: there
 * is no such cron job. Thrown: 103 its slots are still being counted, 104 a bad field, 105 the new name is taken, 107 no such
 * cluster, 251 nothing was changed, 253 a booked slot is not taken back yet, 404 the job is deleted.
 */
export async function updateCronJob(
  env: JobBindings,
  jobId: string,
  fields: Record<string, unknown>,
  options: { allowPrivateCallbacks: boolean; waitMs: number },
): Promise<string | null> {
  const known = await jobStub(env, jobId).creation();
  if (known?.jobType !== "cron") return null;
  if (known.isDeleted) throw deletedJob(jobId);
  const parsed = parseCronJobFields(fields, Date.now(), options);
  if ("problem" in parsed) throw new ApiError("verifyJob", `${parsed.problem}.`);
  const { definition } = parsed;
  const choice = chooseCluster(await listClusterIds(env.DB), definition.route);
  if ("unknownRoute" in choice) {
    throw new ApiError("unknownRoute", `route ${shown(definition.route)} names no registered cluster.`);
  }
  const input = { definition, cluster: choice.cluster, force: false, claimedAt: null };
  return updatedCronOf(jobId, await callUpdate(env, jobId, input, options.waitMs));
}

/** A name that the job has not is claimed for it between two calls; a claim that comes to nothing is the sweep's to remove. */
async function callUpdate(
  env: JobBindings,
  jobId: string,
  input: UpdateInput,
  waitMs: number,
): Promise<UpdateCronAnswer> {
  const first = await jobStub(env, jobId).updateCron(input, waitMs);
  if (first.answer !== "claim_first") return first;
  const claimedAt = await claimNewName(env, { jobId, id: first.id }, input.definition);
  return await jobStub(env, jobId).updateCron({ ...input, claimedAt }, waitMs);
}

/** The refusal while a job's clock counts the slots of a long absence. */
export function jobIsBehind(jobId: string): ApiError {
  return new ApiError(
    "overtime",
    `Job ${jobId} is still counting the slots of a time in which its clock stood; nothing was changed, please ask again.`,
  );
}

/** What becomes of the job next, as the end of a sentence. */
export function nextSlotText(nextAt: number | null): string {
  return nextAt === null ? "no slot is to come" : `its next slot is at ${new Date(nextAt).toISOString()}`;
}

/** What the API says to a JobObject's answer. */
export function updatedCronOf(jobId: string, answer: UpdateCronAnswer): string | null {
  switch (answer.answer) {
    case "updated":
      return `${answer.outcome}: job ${jobId} has its new definition; ${nextSlotText(answer.nextAt)}.`;
    case "unknown":
      return null;
    case "deleted":
      throw deletedJob(jobId);
    case "behind":
      throw jobIsBehind(jobId);
    case "too_many_open":
      throw new ApiError(
        "limitedFlow",
        `Open runs of job ${jobId} still have so many large definitions that another one has no room; nothing was changed.`,
        { "retry-after": "60" },
      );
    case "claim_first":
    case "claim_too_old":
      throw new ApiError("publish", `The new name of job ${jobId} could not be claimed in time; nothing was changed.`);
    case "timeout":
      throw new ApiError(
        "deleteTimeout",
        `A slot of job ${jobId} that was booked is not taken back yet; the update is accepted, and what was sent runs as it was.`,
      );
    default:
      return answer satisfies never;
  }
}
