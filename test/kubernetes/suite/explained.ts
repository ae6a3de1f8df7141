import type { Api, Described } from "../../support/api.ts";
import { until } from "../../support/wait.ts";

/** Waits until a job's `explain` fits, and says with what it did not. */
export function explained(api: Api, jobId: string, pattern: RegExp, withinMs = 60_000): Promise<Described> {
  const look = async (): Promise<Described> => {
    const job = await api.describe(jobId);
    if (pattern.test(job.explain)) return job;
    throw new Error(job.explain);
  };
  return until(`explain says ${pattern}`, look, withinMs, 100);
}
