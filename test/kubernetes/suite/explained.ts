import { expect } from "vitest";
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

/** On the job within this of its creation: why it gets no pod (issue 10), ms. */
export const SAID_WITHIN_MS = 15_000;

/** Waits for the API server's words on why a job that was created gets no pod, and checks that they came in time. */
export async function explainedInTime(api: Api, jobId: string, pattern: RegExp): Promise<Described> {
  const job = await explained(api, jobId, /waiting: FailedCreate: /);
  const tookMs = Date.now() - (job.runs[0]?.created_at ?? 0);
  console.log(`${job.runs[0]?.kube_job}: said after ${(tookMs / 1_000).toFixed(1)} s: ${job.explain}`);
  expect(job.explain).toMatch(pattern);
  expect(job.job_status).toBe(0);
  expect(tookMs).toBeLessThan(SAID_WITHIN_MS);
  return job;
}
