import { chooseCluster } from "../clusters/choosing.ts";
import { installationId } from "../db/installation.ts";
import { claimName, type NameClaim, removeClaim } from "../db/name-claims.ts";
import { ApiError, logError } from "../errors.ts";
import type { CreateAnswer, CreateInput, Creation } from "./calls.ts";
import type { Definition } from "./definition.ts";
import { jsonHash } from "./equal-json.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { jobIdOfKey, newJobId, newRowId, rowIdGivenAt } from "./new-ids.ts";
import { type ParsedFields, parseOnceJobFields } from "./once-job-fields.ts";
import { shown } from "./sentences.ts";

/** Attempts at the JobObject's call where the platform says that a new one may succeed. */
const CREATE_ATTEMPTS = 2;

/** An `Idempotency-Key` with what it is valid for: one token and one path of the API. */
export type IdempotencyKey = { tokenId: string; path: string; key: string };

/** How a create is asked for; `key` null: without one. `place` in its batch, null outside of one. */
export type CreateOptions = { allowPrivateCallbacks: boolean; key: IdempotencyKey | null; place: number | null };

/** Checks the fields of one kind of job. */
export type ParseFields = (
  body: Record<string, unknown>,
  now: number,
  options: { allowPrivateCallbacks: boolean },
) => ParsedFields;

/** What a key makes of a create: the id of its job, and what its body must be compared by. */
type Keyed = { jobId: string; bodyHash: string };

/** Creates a once job, as {@link createJob} says. */
export async function createOnceJob(
  env: JobBindings,
  body: Record<string, unknown>,
  options: CreateOptions,
): Promise<{ job_id: string }> {
  return await createJob(env, body, options, parseOnceJobFields);
}

/**
 * Creates a job of the kind whose fields are parsed: claims its name in D1, then the JobObject commits, then the answer (design, "Who owns what"). With a
 * key the job of an earlier attempt is the answer. Refusals are thrown: 104 a bad field, 105 the name is taken or the key is
 * another body's, 107 no such cluster, 251 nothing was stored, 110 not known.
 */
export async function createJob(
  env: JobBindings,
  body: Record<string, unknown>,
  options: CreateOptions,
  parseFields: ParseFields,
): Promise<{ job_id: string }> {
  const now = Date.now();
  const keyed = await keyedBy(options, body);
  const earlier = keyed && (await jobStub(env, keyed.jobId).creation());
  if (keyed && earlier) return answerOf(keyed, earlier);
  const parsed = parseFields(body, now, options);
  if ("problem" in parsed) throw new ApiError("verifyJob", `${parsed.problem}.`);
  const { definition } = parsed;
  const installation = await installationId(env.DB);
  const { claim, cluster } = await claimFor(env, definition, keyed?.jobId ?? newJobId(), now);
  const { jobId, id, claimedAt } = claim;
  const bodyHash = keyed?.bodyHash ?? null;
  const input = { jobId, id, installation, cluster, definition, claimedAt, createdAt: rowIdGivenAt(id), bodyHash };
  const answer = await callCreate(env, input);
  switch (answer.answer) {
    case "created":
      return { job_id: jobId };
    case "exists":
      // Without a key: an earlier attempt of this very call, since nobody else knows the id.
      if (!keyed) return { job_id: jobId };
      await giveBack(env, claim);
      return answerOf(keyed, answer.creation);
    case "claim_too_old":
      // As it was read: a retry with the same key may have renewed it meanwhile.
      await removeClaim(env.DB, claim);
      throw new ApiError(
        "publish",
        "The job's timer could not be armed in time; nothing was stored, please try again.",
      );
  }
}

async function keyedBy({ key, place }: CreateOptions, body: Record<string, unknown>): Promise<Keyed | null> {
  if (key === null) return null;
  const [jobId, bodyHash] = await Promise.all([jobIdOfKey({ ...key, place }), jsonHash(body)]);
  return { jobId, bodyHash };
}

/** What a create answers whose key has made a job before. */
function answerOf(keyed: Keyed, earlier: Creation): { job_id: string } {
  if (earlier.isDeleted) {
    throw new ApiError(
      "alreadyExists",
      `This Idempotency-Key made job ${keyed.jobId}, which was deleted since; a new job needs a new key.`,
    );
  }
  if (earlier.bodyHash !== keyed.bodyHash) {
    throw new ApiError(
      "alreadyExists",
      `This Idempotency-Key made job ${keyed.jobId} from another body; another job needs a key of its own.`,
    );
  }
  return { job_id: keyed.jobId };
}

async function claimFor(
  env: JobBindings,
  definition: Definition,
  jobId: string,
  now: number,
): Promise<{ claim: NameClaim; cluster: string | null }> {
  const { namespace, jobName, route } = definition;
  const wanted = { namespace, jobName, jobId, id: newRowId(now), claimedAt: now };
  const { claim, clusterIds } = await claimName(env.DB, wanted, route);
  const choice = chooseCluster(clusterIds, route);
  if ("unknownRoute" in choice) {
    throw new ApiError("unknownRoute", `route ${shown(route)} names no registered cluster.`);
  }
  if (claim === null) {
    const where = `namespace ${shown(namespace)}`;
    throw new ApiError("alreadyExists", `job_name ${shown(jobName)} is taken by another job in ${where}.`);
  }
  return { claim, cluster: choice.cluster };
}

/** Somebody with the same key was faster: the claim is his job's own, unless his body has another name. */
async function giveBack(env: JobBindings, claim: NameClaim): Promise<void> {
  const isHeld = await jobStub(env, claim.jobId).holdsName(claim.namespace, claim.jobName);
  if (!isHeld) await removeClaim(env.DB, claim);
}

async function callCreate(env: JobBindings, input: CreateInput): Promise<CreateAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await jobStub(env, input.jobId).create(input);
    } catch (error) {
      if (attempt < CREATE_ATTEMPTS && isWorthRepeating(error)) continue;
      logError(`create of job ${input.jobId} has an unknown outcome`, error);
      // The claim stays: the job may exist. If it does not, the sweep frees the name.
      const advice =
        input.bodyHash === null ? "look, or ask again in a minute" : "ask again with the same Idempotency-Key";
      throw new ApiError("unknown", `It is not known whether the job was stored; please ${advice}.`);
    }
  }
}

/** The platform marks an error that another attempt may get past; an overloaded object is better left alone. */
function isWorthRepeating(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return "retryable" in error && error.retryable === true && !("overloaded" in error && error.overloaded === true);
}
