import type { Context } from "hono";
import { JobId } from "../../protocol/words.ts";
import { ApiError } from "../errors.ts";
import { shown } from "../jobs/sentences.ts";
import { readOptionalJsonObject } from "./request-body.ts";

/** What Hono's handlers are given beside the request; `tokenId` on /api/* only, where a token was checked. */
export type AppEnv = { Bindings: Env; Variables: { tokenId: string } };

/** A call on one job: its id, and the fields of query and body, where the query's win. */
export type JobRequest = {
  jobId: string;
  fields: Record<string, unknown>;
  /** Those of the body alone: a definition is never taken from a query. */
  body: Record<string, unknown>;
  /** The refusal of a field's value: 100 where it came in the query, 104 where in the body (contract, part 2). */
  refusalOf(field: string, sentence: string): ApiError;
};

/** Stands in a path for an id that is in the body, as the seed documents it. */
const ID_IN_BODY = "job_id";

/**
 * Reads the id and the options of a call on one job. Both forms of the id work: in the path, or the literal `job_id` in the
 * path and the id in the body (or a GET's query); the path's wins. No id: 400/101; one that no job can have: 404/101.
 */
export async function readJobRequest(c: Context<AppEnv>): Promise<JobRequest> {
  const inPath = c.req.param("job_id") ?? ID_IN_BODY;
  const body = await readOptionalJsonObject(c);
  const query = c.req.query();
  const fields = { ...body, ...query };
  const id = inPath === ID_IN_BODY ? (fields.job_id ?? "") : inPath;
  if (id === "") throw new ApiError("jobIdMissing", "job_id is missing: it is neither in the path nor in the body.");
  const parsed = JobId.safeParse(id);
  if (!parsed.success) throw unknownJob(id);
  const refusalOf = (field: string, sentence: string) =>
    new ApiError(Object.hasOwn(query, field) ? "invalidParameter" : "verifyJob", sentence);
  return { jobId: parsed.data, fields, body: body ?? {}, refusalOf };
}

/** The refusal for every id that names no job, whatever its form: 404/101 in the same words. */
export function unknownJob(id: unknown): ApiError {
  return new ApiError("jobUnknown", `There is no job with job_id ${shown(id)}.`);
}

/** Whether the call says `force`; a query can say it in text only. Anything but true or false is refused. */
export function readForce({ fields, refusalOf }: JobRequest): boolean {
  const value = fields.force;
  if (value === undefined || value === null || value === false || value === "false") return false;
  if (value === true || value === "true") return true;
  throw refusalOf("force", `force ${shown(value)} must be true or false.`);
}
