import type { End, FinalState, Job, Run, RunState, Seen, Times } from "./lifecycle-state.ts";

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

const NOT_YET: Times = { firedAt: null, sentAt: null, createdAt: null, startedAt: null };

/** When the run took each step so far. */
export function timesOf(run: Run): Times {
  switch (run.state) {
    case "due":
      return NOT_YET;
    case "sent":
      return { ...NOT_YET, firedAt: run.firedAt, sentAt: run.sentAt };
    case "created":
      return { firedAt: run.firedAt, sentAt: run.sentAt, createdAt: run.createdAt, startedAt: null };
    case "running":
    case "ending":
      return { firedAt: run.firedAt, sentAt: run.sentAt, createdAt: run.createdAt, startedAt: run.startedAt };
    case "succeeded":
    case "failed":
    case "cancelled":
    case "lost":
    case "skipped":
      return run.times;
  }
}

/** The Job's uid in its cluster, null while none was seen. */
export function uidOf(run: Run): string | null {
  return run.state === "due" || run.state === "sent" ? null : run.uid;
}

/**
 * What is known of a Job that exists since `createdAt`. Clocks may disagree, so each time is at least the one before it;
 * a step nobody reported happened at the latest when the next one did.
 */
export function seenAt(
  run: Run,
  taken: { createdAt: number; firedAt: number | null; sentAt: number | null },
  uid: string,
): Seen {
  const known = timesOf(run);
  const firedAt = Math.max(run.dueAt, known.firedAt ?? taken.firedAt ?? taken.createdAt);
  const sentAt = Math.max(firedAt, known.sentAt ?? taken.sentAt ?? taken.createdAt);
  return { firedAt, sentAt, createdAt: Math.max(sentAt, taken.createdAt), uid };
}

/** Ends the run for good: the only way into a final state. `finishedAt` is clamped to the run's last step. */
export function endRun(job: Job, run: Run, state: FinalState, end: End): Job {
  const times = timesOf(run);
  const lastAt = times.startedAt ?? times.createdAt ?? times.sentAt ?? times.firedAt ?? 0;
  const over = inState(run, {
    state,
    times,
    uid: uidOf(run),
    end: { ...end, finishedAt: Math.max(end.finishedAt, lastAt) },
  });
  return { ...withRun(job, over), successTimes: job.successTimes + (state === "succeeded" ? 1 : 0) };
}

/** An end that no pod had a part in. */
export function endWithoutPods(finishedAt: number, reason: string, message: string): End {
  return { finishedAt, reason, message, pods: [], podCount: 0 };
}
