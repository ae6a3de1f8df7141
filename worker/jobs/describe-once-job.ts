import { jobStub } from "./job-stub.ts";
import { onceJobOfSnapshot } from "./once-job-view.ts";

/** Everything the job's own object knows about it; null: there is no such once job. */
export async function describeOnceJob(env: Pick<Env, "JOBS">, jobId: string) {
  const snapshot = await jobStub(env, jobId).describe();
  return snapshot?.jobType === "once" ? onceJobOfSnapshot(snapshot) : null;
}
