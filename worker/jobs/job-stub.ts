import type { JobCalls } from "./calls.ts";

/** Bindings through which the verbs on jobs reach storage and the objects. */
export type JobBindings = Pick<Env, "DB" | "JOBS">;

/** The object of that job; a new stub for each attempt, since one that threw may stay broken. Nothing is stored by asking. */
export function jobStub(env: Pick<Env, "JOBS">, jobId: string): JobCalls {
  return env.JOBS.get(env.JOBS.idFromName(jobId));
}
