import { z } from "zod";
import type { Api } from "../support/api.ts";

const Created = z.object({ job_id: z.string() });
const Batch = z.array(z.looseObject({ code: z.number(), data: Created.nullable() }));

/** A create, of one job or of a batch, that is sent to a Worker which may be killed meanwhile; `key` null: without one. */
export type CreateCall = { names: readonly string[]; key: string | null; isBatch: boolean };

/** The job's id where the answer was code 0, else what came instead. */
export type CreateOutcome = { name: string; jobId: string } | { name: string; problem: string };

/** The next call of a round: in turn with and without a key, once and batch; each job has a name of its own. */
export function callOf(round: number, at: number): CreateCall {
  const key = at % 2 === 0 ? `round-${round}-call-${at}` : null;
  const isBatch = at % 4 >= 2;
  const base = `round-${round}-${at}-${key === null ? "bare" : "keyed"}`;
  return { names: isBatch ? [0, 1, 2].map((place) => `${base}-${place}`) : [base], key, isBatch };
}

/** Sends the call, and says of each of its jobs what came of it. */
export async function send(api: Api, { names, key, isBatch }: CreateCall): Promise<CreateOutcome[]> {
  const headers: Record<string, string> = key === null ? {} : { "idempotency-key": key };
  const jobs = names.map(jobOf);
  try {
    if (!isBatch) {
      const { code, cause, data } = await api.call("POST", "/api/once_job/create", jobs[0], headers);
      return names.map((name) => outcomeOf(name, code, cause, data));
    }
    const answer = await api.call("POST", "/api/once_job/create_batch", { jobs }, headers);
    const answers = Batch.parse(answer.data);
    return names.map((name, at) => outcomeOf(name, answers[at]?.code ?? answer.code, "", answers[at]?.data));
  } catch (error) {
    // The connection broke, or nobody listened: its caller knows nothing.
    return names.map((name) => ({ name, problem: String(error) }));
  }
}

function outcomeOf(name: string, code: number, cause: string, data: unknown): CreateOutcome {
  if (code !== 0) return { name, problem: `${code} ${cause}` };
  return { name, jobId: Created.parse(data).job_id };
}

/** A job that runs now and says that it did. */
export function jobOf(name: string): Record<string, unknown> {
  return { job_name: name, namespace: "default", image: "busybox", command: `echo,${name}`, job_exec_time: "0" };
}
