import { z } from "zod";
import { ApiError, type Envelope, envelopeOf } from "../errors.ts";
import { type CreateOptions, createOnceJob } from "./create-job.ts";
import type { JobBindings } from "./job-stub.ts";
import { sentenceOf, shown } from "./sentences.ts";

/** Jobs of one batch (contract, part 5). */
export const MAX_BATCH = 100;
/** Creates under way at a time: each waits for D1, which takes one query after the other, and for its own object. */
const CREATES_AT_ONCE = 10;

const COUNT = `must be a list of 1 to ${MAX_BATCH} jobs`;
/** The body of a batch; each job is checked by itself. */
export const BatchFields = z.strictObject({ jobs: z.array(z.unknown(), COUNT).min(1, COUNT).max(MAX_BATCH, COUNT) });
const JobFields = z.record(z.string(), z.unknown());

/** One job's own answer within a batch. */
export type BatchAnswer = Envelope<{ job_id: string } | null>;

/**
 * Creates many once jobs, each as by a call of its own: the answers come in the order of the jobs, and a refused one spoils
 * no other. A key holds for each by its place. Thrown: 104 where `jobs` itself is wrong.
 */
export async function createOnceJobBatch(
  env: JobBindings,
  body: Record<string, unknown>,
  options: Omit<CreateOptions, "place">,
): Promise<BatchAnswer[]> {
  const parsed = BatchFields.safeParse(body);
  if (!parsed.success) throw new ApiError("verifyJob", `${sentenceOf(parsed.error.issues, body)}.`);
  const { jobs } = parsed.data;
  const answers = new Map<number, BatchAnswer>();
  const waiting = jobs.entries();
  const work = async () => {
    // Workers share the one iterator, so that a slow create holds up no other.
    for (const [place, job] of waiting) {
      answers.set(place, await envelopeOf(() => createOne(env, job, { ...options, place })));
    }
  };
  await Promise.all(Array.from({ length: CREATES_AT_ONCE }, work));
  return jobs.flatMap((_, place) => answers.get(place) ?? []);
}

async function createOne(
  env: JobBindings,
  job: unknown,
  options: CreateOptions & { place: number },
): Promise<{ job_id: string }> {
  const fields = JobFields.safeParse(job);
  if (!fields.success) throw new ApiError("verifyJob", `jobs.${options.place} ${shown(job)} must be a JSON object.`);
  return await createOnceJob(env, fields.data, options);
}
