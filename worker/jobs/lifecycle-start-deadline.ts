import { retryNow } from "./lifecycle-clock.ts";
import { FACTS_MS } from "./lifecycle-limits.ts";
import type { End, Run } from "./lifecycle-run.ts";
import type { Retry } from "./lifecycle-state.ts";
import { endWithoutPods } from "./lifecycle-timeline.ts";

/** The two clocks may differ: a start deadline is looked at this much later. */
const DEADLINE_GRACE_MS = 1_000;
/** A cluster that refused to remove the Job is asked again after this: its admin may have given the right meanwhile. */
const REFUSED_PAUSE_MS = 60_000;

/** When a run that is due is looked at because it may not start any more; null: it may for ever. */
export function dueLook(startDeadlineAt: number | null): Retry | null {
  return startDeadlineAt === null ? null : retryNow(startDeadlineAt + DEADLINE_GRACE_MS);
}

/**
 * The same of a run whose Job was just heard of. A relay that was away tells of a Job and of its start one after the other:
 * what came with the first word is waited for.
 */
export function createdLook(startDeadlineAt: number | null, now: number): Retry | null {
  return startDeadlineAt === null ? null : retryNow(Math.max(startDeadlineAt + DEADLINE_GRACE_MS, now + FACTS_MS));
}

/** The run after its cluster refused to remove its Job: it goes on, and the removal is tried again after a minute. */
export function notRemoved(run: Run, at: number): Run {
  return run.state === "created" ? { ...run, deadlineLook: retryNow(at + REFUSED_PAUSE_MS) } : run;
}

/** How a run ends whose Job was removed because no container had started in time. */
export function notStartedEnd(run: Run, at: number): End {
  const seconds = ((run.startDeadlineAt ?? run.dueAt) - run.dueAt) / 1_000;
  if (run.state === "running") {
    const message = `its container started only when its Job was being removed, more than ${seconds} s after its time`;
    return endWithoutPods(at, "deadline", message);
  }
  const why = run.removal?.waitedFor ? `: ${run.removal.waitedFor}` : "";
  return endWithoutPods(at, "deadline", `no container started within ${seconds} s of its time${why}`);
}
