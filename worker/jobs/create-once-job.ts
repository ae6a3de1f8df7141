import { chooseCluster } from "../clusters/choosing.ts";
import { installationId } from "../db/installation.ts";
import { claimName, releaseName } from "../db/name-claims.ts";
import { ApiError, logError } from "../errors.ts";
import type { CreateAnswer, CreateInput } from "./calls.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { newJobId, newRowId } from "./new-ids.ts";
import { parseOnceJobFields } from "./once-job-fields.ts";
import { shown } from "./sentences.ts";

/** Attempts at the JobObject's call where the platform says that a new one may succeed. */
const CREATE_ATTEMPTS = 2;

/**
 * Creates a once job: claims its name in D1, then the JobObject commits, then the answer (design, "Who owns what"). Refusals
 * are thrown: 104 a bad field, 105 the name is taken, 107 no such cluster, 251 nothing was stored, 110 not known.
 */
export async function createOnceJob(
  env: JobBindings,
  body: Record<string, unknown>,
  options: { allowPrivateCallbacks: boolean },
): Promise<{ job_id: string }> {
  const now = Date.now();
  const parsed = parseOnceJobFields(body, now, options);
  if ("problem" in parsed) throw new ApiError("verifyJob", `${parsed.problem}.`);
  const { definition } = parsed;
  const installation = await installationId(env.DB);
  const ids = { jobId: newJobId(), id: newRowId(now) };
  const claim = { namespace: definition.namespace, jobName: definition.jobName, ...ids, claimedAt: now };
  const { claimed, clusterIds } = await claimName(env.DB, claim, definition.route);
  const choice = chooseCluster(clusterIds, definition.route);
  if ("unknownRoute" in choice) {
    throw new ApiError("unknownRoute", `route ${shown(definition.route)} names no registered cluster.`);
  }
  if (!claimed) {
    const where = `namespace ${shown(definition.namespace)}`;
    throw new ApiError("alreadyExists", `job_name ${shown(definition.jobName)} is taken by another job in ${where}.`);
  }
  const input = { ...ids, installation, cluster: choice.cluster, definition, claimedAt: now };
  const { answer } = await callCreate(env, input);
  if (answer === "claim_too_old") {
    await releaseName(env.DB, claim);
    throw new ApiError("publish", "The job's timer could not be armed in time; nothing was stored, please try again.");
  }
  // `exists` is an earlier attempt of this very call: nobody else knows the id.
  return { job_id: ids.jobId };
}

async function callCreate(env: JobBindings, input: CreateInput): Promise<CreateAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await jobStub(env, input.jobId).create(input);
    } catch (error) {
      if (attempt < CREATE_ATTEMPTS && isWorthRepeating(error)) continue;
      logError(`create of job ${input.jobId} has an unknown outcome`, error);
      // The claim stays: the job may exist. If it does not, the sweep frees the name.
      throw new ApiError(
        "unknown",
        "It is not known whether the job was stored; please look, or ask again in a minute.",
      );
    }
  }
}

/** The platform marks an error that another attempt may get past; an overloaded object is better left alone. */
function isWorthRepeating(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return "retryable" in error && error.retryable === true && !("overloaded" in error && error.overloaded === true);
}
