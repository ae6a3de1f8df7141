import { chooseCluster } from "../clusters/choosing.ts";
import { listClusterIds } from "../db/clusters.ts";
import { claimName } from "../db/name-claims.ts";
import { ApiError } from "../errors.ts";
import type { UpdateAnswer, UpdateInput } from "./calls.ts";
import type { Definition } from "./definition.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { parseOnceJobFields } from "./once-job-fields.ts";
import { shown } from "./sentences.ts";

/** How long an update waits until the old Job is gone before it answers 253 (contract, part 2). */
export const UPDATE_WAIT_MS = 15_000;

/** How an update is asked for. */
export type UpdateOptions = { allowPrivateCallbacks: boolean; force: boolean; waitMs: number };

/**
 * Gives a once job a whole new definition; a sentence that begins with what became of the old run, null: there is no such
 * job. Refusals are thrown: 104 a bad field, 105 the new name is taken, 107 no such cluster, 251 nothing was changed, 253 the
 * old Job is not gone yet, 254 submitted, 255 the cluster keeps the old Job, 404 the job is deleted.
 */
export async function updateOnceJob(
  env: JobBindings,
  jobId: string,
  fields: Record<string, unknown>,
  options: UpdateOptions,
): Promise<string | null> {
  const known = await jobStub(env, jobId).creation();
  if (known?.jobType !== "once") return null;
  if (known.isDeleted) throw deletedJob(jobId);
  const now = Date.now();
  const parsed = parseOnceJobFields(fields, now, options);
  if ("problem" in parsed) throw new ApiError("verifyJob", `${parsed.problem}.`);
  const { definition } = parsed;
  const choice = chooseCluster(await listClusterIds(env.DB), definition.route);
  if ("unknownRoute" in choice) {
    throw new ApiError("unknownRoute", `route ${shown(definition.route)} names no registered cluster.`);
  }
  const input = { definition, cluster: choice.cluster, force: options.force, claimedAt: null };
  return updatedOf(jobId, await callUpdate(env, jobId, input, options.waitMs));
}

/** A name that the job has not is claimed for it between two calls; a claim that comes to nothing is the sweep's to remove. */
async function callUpdate(env: JobBindings, jobId: string, input: UpdateInput, waitMs: number): Promise<UpdateAnswer> {
  const first = await jobStub(env, jobId).update(input, waitMs);
  if (first.answer !== "claim_first") return first;
  const claimedAt = await claimNewName(env, { jobId, id: first.id }, input.definition);
  return await jobStub(env, jobId).update({ ...input, claimedAt }, waitMs);
}

/** Claims a new name for a job; its time, epoch ms. Thrown: 105 it is taken. */
export async function claimNewName(
  env: JobBindings,
  ids: { jobId: string; id: number },
  { namespace, jobName, route }: Definition,
): Promise<number> {
  const wanted = { namespace, jobName, ...ids, claimedAt: Date.now() };
  const { claim } = await claimName(env.DB, wanted, route);
  if (claim !== null) return claim.claimedAt;
  const where = `namespace ${shown(namespace)}`;
  throw new ApiError("alreadyExists", `job_name ${shown(jobName)} is taken by another job in ${where}.`);
}

/** The refusal of everything that a deleted job can't do any more. */
export function deletedJob(jobId: string): ApiError {
  return new ApiError("jobUnknown", `Job ${jobId} is deleted, or being deleted; create it anew once its name is free.`);
}

/** What the API says to a JobObject's answer. */
export function updatedOf(jobId: string, answer: UpdateAnswer): string | null {
  switch (answer.answer) {
    case "updated": {
      const dueAt = new Date(answer.dueAt).toISOString();
      return `${answer.outcome}: job ${jobId} is submitted anew as run ${answer.run}, due at ${dueAt}.`;
    }
    case "unknown":
      return null;
    case "deleted":
      throw deletedJob(jobId);
    case "submitted":
      throw new ApiError(
        "jobSubmitted",
        `Job ${jobId} is submitted and not yet created, so it can't be updated; "force": true replaces it all the same.`,
      );
    case "claim_first":
    case "claim_too_old":
      throw new ApiError("publish", `The new name of job ${jobId} could not be claimed in time; nothing was changed.`);
    case "timeout":
      throw new ApiError(
        "deleteTimeout",
        `The old Job of job ${jobId} is not gone yet; the update is accepted, and is submitted as soon as it is.`,
      );
    case "refused":
      throw new ApiError(
        "deleteRefused",
        `The cluster refused to delete the old Job of job ${jobId}, which stays as it was: ${answer.message}`,
      );
    default:
      return answer satisfies never;
  }
}
