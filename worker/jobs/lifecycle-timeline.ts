import type { End, FinalState, Run, Seen, Times } from "./lifecycle-run.ts";
import { inState, isSubmitted, withRun } from "./lifecycle-runs.ts";
import type { Job } from "./lifecycle-state.ts";

/** Of a run that took no step. */
export const NOT_YET: Times = { firedAt: null, sentAt: null, createdAt: null, startedAt: null };

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
function uidOf(run: Run): string | null {
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

/** The run with what is known of its sending, where no Job of it was seen; nothing is known of one that was never sent. */
export function sentAs(run: Run, taken: { firedAt: number | null; sentAt: number | null }): Run {
  if (!isSubmitted(run) || taken.sentAt === null) return run;
  const firedAt = Math.max(run.dueAt, taken.firedAt ?? taken.sentAt);
  return inState(run, { state: "sent", firedAt, sentAt: Math.max(firedAt, taken.sentAt) });
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
  return { finishedAt, reason, message, pods: [], podCount: 0, outcome: null };
}
