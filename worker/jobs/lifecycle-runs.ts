import type { FinalState, Run, RunState } from "./lifecycle-run.ts";
import type { Job } from "./lifecycle-state.ts";

type FinalRun = Extract<Run, { state: FinalState }>;

/** Whether the run has ended for good: its state never changes again. */
export function isOver(run: Run): run is FinalRun {
  switch (run.state) {
    case "due":
    case "sent":
    case "created":
    case "running":
    case "ending":
      return false;
    case "succeeded":
    case "failed":
    case "cancelled":
    case "lost":
    case "skipped":
      return true;
  }
}

/** Whether no Kubernetes Job of the run was seen yet: it counts as submitted (`job_status` -1). */
export function isSubmitted(run: Run): boolean {
  return run.state === "due" || run.state === "sent";
}

/** The run of that number among those the job keeps; undefined: none. */
export function findRun(job: Job, run: number): Run | undefined {
  return job.runs.find((candidate) => candidate.run === run);
}

/** The run that speaks for a once job. Every job has one from its creation on. */
export function newestRun(job: Job): Run {
  const newest = job.runs.at(-1);
  if (newest === undefined) throw new Error(`job ${job.jobId} has no run: its stored value is broken`);
  return newest;
}

/** The job with that run in place of the one of its number. */
export function withRun(job: Job, run: Run): Job {
  return { ...job, runs: job.runs.map((old) => (old.run === run.run ? run : old)) };
}

/** The run in another state; what belonged to the old state alone is gone. */
export function inState(run: Run, state: RunState): Run {
  const { slotAt, kubeJob, cluster, dueAt, startDeadlineAt, n, removal, logs } = run;
  return { run: run.run, slotAt, kubeJob, cluster, dueAt, startDeadlineAt, n, removal, logs, ...state };
}
