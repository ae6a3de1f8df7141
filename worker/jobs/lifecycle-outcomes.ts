import type { BookAnswer, CancelAnswer, RowView } from "../clusters/calls.ts";
import { retryAfter, retryNow } from "./lifecycle-clock.ts";
import { ignored, moved, type Step } from "./lifecycle-events.ts";
import { removalConfirmed, removeNow } from "./lifecycle-removal.ts";
import { findRun, inState, isSubmitted, withRun } from "./lifecycle-runs.ts";
import type { Job, Run } from "./lifecycle-state.ts";

type DueRun = Run & { state: "due" };

/** The run if it still waits to be booked under that decision; null: events have overtaken the effect. */
function stillDue(job: Job, number: number, n: number | null): DueRun | null {
  const run = findRun(job, number);
  if (run?.state !== "due" || run.removal !== null || (n !== null && run.n !== n)) return null;
  return run;
}

/** A cluster was looked for: it may take the run, or none fits and the search goes on later. */
export function clusterChosen(job: Job, number: number, cluster: string | null, now: number): Step {
  const run = stillDue(job, number, null);
  if (run === null || run.cluster !== null) return ignored("not_open");
  if (cluster === null) return chooseFailed(job, number, "", now);
  return moved(withRun(job, { ...run, cluster, book: { ...retryNow(now), problem: "" } }));
}

/** The search for a cluster came to nothing; it goes on after a pause. */
export function chooseFailed(job: Job, number: number, problem: string, now: number): Step {
  const run = stillDue(job, number, null);
  if (run === null || run.cluster !== null) return ignored("not_open");
  const book = { ...retryAfter(run.book?.attempts ?? 0, job.jobId, now), problem };
  return moved(withRun(job, { ...run, book }));
}

/** The cluster's object answered a booking. `stale`: a later decision of ours is there already. */
export function runBooked(job: Job, number: number, n: number, answer: BookAnswer["answer"]): Step {
  const run = stillDue(job, number, n);
  if (run === null) return ignored("older_decision");
  if (run.cluster === null) return ignored("not_open");
  if (run.book === null && answer !== "taken") return ignored("already_known");
  switch (answer) {
    case "booked":
    case "stale":
      return moved(withRun(job, { ...run, book: null }));
    case "taken":
      // It was sent already, and its facts are on their way.
      return moved(withRun(job, inState(run, { state: "sent", firedAt: null, sentAt: null })));
  }
}

/** The cluster's object could not be asked; a booking is tried for ever. */
export function bookFailed(job: Job, number: number, n: number, problem: string, now: number): Step {
  const run = stillDue(job, number, n);
  if (!run?.book || run.cluster === null) return ignored("older_decision");
  return moved(withRun(job, { ...run, book: { ...retryAfter(run.book.attempts, job.jobId, now), problem } }));
}

/**
 * After the start deadline: what the cluster's object still holds back, or never had, is taken back and skipped. What it
 * has sent is left to the relay, which obeys the deadline itself and says what came of it.
 */
export function rowLookedAt(job: Job, number: number, row: RowView["row"], now: number): Step {
  const run = stillDue(job, number, null);
  if (!run?.deadlineLook || run.cluster === null) return ignored("not_open");
  if (row === null || row.state === "booked") return moved(withRun(job, removeNow(run, "deadline", now)));
  return moved(withRun(job, { ...run, deadlineLook: null }));
}

/** The cluster's object could not be asked about the start deadline. */
export function lookFailed(job: Job, number: number, now: number): Step {
  const run = stillDue(job, number, null);
  if (!run?.deadlineLook) return ignored("not_open");
  return moved(withRun(job, { ...run, deadlineLook: retryAfter(run.deadlineLook.attempts, job.jobId, now) }));
}

/** The cluster's object answered a cancel: taken back for certain, or the Job is being removed and a fact will say when. */
export function cancelAnswered(job: Job, number: number, n: number, answer: CancelAnswer["answer"], now: number): Step {
  const run = findRun(job, number);
  if (!run?.removal) return ignored("not_open");
  const { removal } = run;
  if (removal.n !== n) return ignored("older_decision");
  switch (answer) {
    case "unbooked":
      return moved(removalConfirmed(job, run, false, now));
    case "removing": {
      const told: Run = { ...run, removal: { ...removal, ask: null } };
      // From here on it may have been on the link, so it is no longer ours alone.
      const sent = told.state === "due" ? inState(told, { state: "sent", firedAt: null, sentAt: null }) : told;
      return moved(withRun(job, sent));
    }
    case "stale": {
      // Only after a restore of our storage can the cluster know a later decision: go past it, one by one.
      const ask = retryAfter(removal.ask?.attempts ?? 0, job.jobId, now);
      return moved(withRun(job, { ...run, n: run.n + 1, removal: { ...removal, n: run.n + 1, ask } }));
    }
  }
}

/** The cluster's object could not be told of a removal; it is tried for ever. */
export function cancelFailed(job: Job, number: number, n: number, now: number): Step {
  const run = findRun(job, number);
  if (!run?.removal?.ask || run.removal.n !== n) return ignored("not_open");
  const ask = retryAfter(run.removal.ask.attempts, job.jobId, now);
  return moved(withRun(job, { ...run, removal: { ...run.removal, ask } }));
}

/** That version of the index row is in D1. */
export function indexWritten(job: Job, version: number): Step {
  if (version <= job.index.written) return ignored("already_known");
  const rest = version < job.index.version ? {} : { attempts: 0 };
  return moved({ ...job, index: { ...job.index, ...rest, written: version } });
}

/** D1 did not take the row; from now on our own alarm comes back to it. */
export function indexFailed(job: Job, now: number): Step {
  if (job.index.written >= job.index.version) return ignored("already_known");
  const retry = retryAfter(job.index.attempts, job.jobId, now);
  return moved({ ...job, index: { ...job.index, ...retry, net: "alarm" } });
}

/** The name is another job's to claim. */
export function nameReleased(job: Job): Step {
  return job.releasing ? moved({ ...job, nameHeld: false, releasing: null }) : ignored("not_open");
}

/** D1 could not be told that the name is free. */
export function releaseFailed(job: Job, now: number): Step {
  if (!job.releasing) return ignored("not_open");
  return moved({ ...job, releasing: retryAfter(job.releasing.attempts, job.jobId, now) });
}

/** D1 could not be told to forget the job; nothing of it is deleted before that. */
export function purgeFailed(job: Job, now: number): Step {
  if (!job.purge) return ignored("not_open");
  return moved({ ...job, purge: retryAfter(job.purge.attempts, job.jobId, now) });
}

/** Whether the run is one that the cluster's object should be asked about before it is described. */
export function isWorthALook(run: Run): boolean {
  return run.cluster !== null && (isSubmitted(run) || run.state === "created" || run.state === "running");
}
