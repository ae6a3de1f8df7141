import type { CancelAnswer } from "../clusters/calls.ts";
import { retryAfter, retryNow } from "./lifecycle-clock.ts";
import { type Event, ignored, moved, type Step } from "./lifecycle-events.ts";
import { CLEARED_AT_ONCE } from "./lifecycle-limits.ts";
import { heldName, withRelease } from "./lifecycle-names.ts";
import { removalConfirmed, removeFinished } from "./lifecycle-removal.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, inState, joined, withRun } from "./lifecycle-runs.ts";
import { takenBackUnsent } from "./lifecycle-slots-back.ts";
import type { HeldName, Job } from "./lifecycle-state.ts";

/** How the other effects came out: removals, and what D1 was to be told. */
export type Outcome = Extract<
  Event,
  {
    type:
      | "cancel_answered"
      | "cancel_failed"
      | "index_written"
      | "index_failed"
      | "name_released"
      | "release_failed"
      | "recalled"
      | "purge_failed";
  }
>;

/** What the outcome does to the job; one that events have overtaken does nothing. */
export function takeOutcome(job: Job, event: Outcome, now: number): Step {
  switch (event.type) {
    case "cancel_answered":
      return cancelAnswered(job, event.run, event.n, event.answer, now);
    case "cancel_failed":
      return cancelFailed(job, event.run, event.n, now);
    case "index_written":
      return indexWritten(job, event.version);
    case "index_failed":
      return indexFailed(job, now);
    case "name_released":
      return nameReleased(job, event.name);
    case "release_failed":
      return releaseFailed(job, event.name, now);
    case "recalled":
      return runsRecalled(job, event.runs, event.below, now);
    case "purge_failed":
      return purgeFailed(job, now);
  }
}

/** The cluster's object answered a cancel: taken back for certain, or the Job is being removed and a fact will say when. */
function cancelAnswered(job: Job, number: number, n: number, answer: CancelAnswer["answer"], now: number): Step {
  const run = findRun(job, number);
  if (!run?.removal) return ignored("not_open");
  const { removal } = run;
  if (removal.n !== n) return ignored("older_decision");
  switch (answer) {
    case "taken": {
      // Sent by now: it is left alone, and its facts are on their way.
      const sent: Run = { ...run, removal: null };
      return moved(
        withRun(job, sent.state === "due" ? inState(sent, { state: "sent", firedAt: null, sentAt: null }) : sent),
      );
    }
    case "unbooked":
      if (removal.why === "take_back") return moved(takenBackUnsent(job, run, now));
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
function cancelFailed(job: Job, number: number, n: number, now: number): Step {
  const run = findRun(job, number);
  if (!run?.removal?.ask || run.removal.n !== n) return ignored("not_open");
  const ask = retryAfter(run.removal.ask.attempts, job.jobId, now);
  return moved(withRun(job, { ...run, removal: { ...run.removal, ask } }));
}

/** That version of the index row is in D1. */
function indexWritten(job: Job, version: number): Step {
  if (version <= job.index.written) return ignored("already_known");
  const rest = version < job.index.version ? {} : { attempts: 0 };
  return moved({ ...job, index: { ...job.index, ...rest, written: version } });
}

/** D1 did not take the row; from now on our own alarm comes back to it. */
function indexFailed(job: Job, now: number): Step {
  if (job.index.written >= job.index.version) return ignored("already_known");
  const retry = retryAfter(job.index.attempts, job.jobId, now);
  return moved({ ...job, index: { ...job.index, ...retry, net: "alarm" } });
}

/** The name is another job's to claim. */
function nameReleased(job: Job, name: HeldName): Step {
  return heldName(job, name)?.releasing ? moved(withRelease(job, name, null)) : ignored("not_open");
}

/** D1 could not be told that the name is free. */
function releaseFailed(job: Job, name: HeldName, now: number): Step {
  const attempts = heldName(job, name)?.releasing?.attempts;
  if (attempts === undefined) return ignored("not_open");
  return moved(withRelease(job, name, retryAfter(attempts, job.jobId, now)));
}

/** Finished runs were read whose Jobs go with their job. */
function runsRecalled(job: Job, runs: readonly Run[], below: number | null, now: number): Step {
  if (job.clearing === null) return ignored("not_open");
  const read = runs.slice(0, CLEARED_AT_ONCE).map((run) => removeFinished(job, run, now));
  return moved(joined({ ...job, clearing: below === null ? null : { ...retryNow(now), below } }, read));
}

/** D1 could not be told to forget the job; nothing of it is deleted before that. */
function purgeFailed(job: Job, now: number): Step {
  if (!job.purge) return ignored("not_open");
  return moved({ ...job, purge: retryAfter(job.purge.attempts, job.jobId, now) });
}
