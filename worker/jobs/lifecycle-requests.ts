import type { CreateInput } from "./calls.ts";
import { leadMs, retryNow } from "./lifecycle-clock.ts";
import { ignored, moved, refused, type Step } from "./lifecycle-events.ts";
import { finishEnding, skipRun } from "./lifecycle-facts.ts";
import { CLAIM_MS } from "./lifecycle-limits.ts";
import { giveUpLogs } from "./lifecycle-logs.ts";
import { deleted, removeNow } from "./lifecycle-removal.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, isOver, isSubmitted, newestRun, withRun } from "./lifecycle-runs.ts";
import { dueLook } from "./lifecycle-start-deadline.ts";
import type { Job } from "./lifecycle-state.ts";
import { endRun, endWithoutPods } from "./lifecycle-timeline.ts";

/** When a run is to be booked, epoch ms: its time less the job's lead. */
export function bookAt(job: Job, run: Run): number {
  return run.dueAt - leadMs(job.jobId);
}

function firstRun(input: CreateInput, now: number): Run {
  const { definition } = input;
  const dueAt = definition.execAt;
  const deadlineMs = definition.startingDeadlineSeconds === null ? null : definition.startingDeadlineSeconds * 1_000;
  const startDeadlineAt = deadlineMs === null ? null : dueAt + deadlineMs;
  return {
    run: 1,
    slotAt: null,
    kubeJob: definition.jobName,
    cluster: input.cluster,
    dueAt,
    startDeadlineAt,
    n: 1,
    removal: null,
    logs: [],
    state: "due",
    book: { ...retryNow(Math.max(now, dueAt - leadMs(input.jobId))), problem: "" },
    deadlineLook: dueLook(startDeadlineAt),
  };
}

/** Creates the job with its one run (contract, `once_job/create`); a claim that is too old may be another's by now. */
export function createJob(job: Job | null, input: CreateInput, now: number): Step {
  if (job !== null) return refused("exists");
  if (now - input.claimedAt > CLAIM_MS) return refused("claim_too_old");
  return moved({
    format: 1,
    jobId: input.jobId,
    id: input.id,
    installation: input.installation,
    definition: input.definition,
    ...(input.bodyHash !== null && { bodyHash: input.bodyHash }),
    createdAt: input.createdAt,
    updatedAt: now,
    runs: [firstRun(input, now)],
    times: 0,
    successTimes: 0,
    repairs: 0,
    nextLogId: 1,
    logBytes: 0,
    deletion: null,
    leftover: "",
    nameHeld: true,
    releasing: null,
    index: { version: 0, written: 0, attempts: 0, nextAttemptAt: now, net: "sweep" },
    purge: null,
  });
}

/** A finished run's Job, if one may still be there, is removed when its cluster is there. */
function removeFinished(run: Run, now: number): Run {
  const mayBeThere = (run.state === "succeeded" || run.state === "failed") && run.times.createdAt !== null;
  return mayBeThere && run.removal === null ? removeNow(run, "finished", now) : run;
}

function deleteFinished(job: Job, now: number): Step {
  const runs = job.runs.map((run) => removeFinished(run, now));
  return moved(deleted({ ...job, runs }, "already_finished", now));
}

/** An open run of a deleted job: taken back here and now where its cluster never heard of it, else by its cluster. */
function deleteOpen(job: Job, run: Run, now: number): Step {
  if (run.state === "ending") {
    // A deleted run waits for no log.
    const given = giveUpLogs(run, "the job was deleted");
    const over = given.state === "ending" ? finishEnding(withRun(job, given), given) : job;
    return deleteFinished(over, now);
  }
  const neverBooked = run.state === "due" && (run.cluster === null || (now < bookAt(job, run) && run.book !== null));
  if (neverBooked) {
    const end = endWithoutPods(now, "deleted", "it was taken back before its Job was created");
    return moved(deleted(endRun(job, run, "cancelled", end), "cancelled_before_dispatch", now));
  }
  const removing: Run = run.removal
    ? { ...run, removal: { ...run.removal, why: "delete" } }
    : removeNow(run, "delete", now);
  return moved({ ...withRun(job, removing), deletion: { state: "asked", askedAt: now } });
}

/** Deletes the job (contract, part 2); a job that is submitted and not yet created needs `force`. */
export function deleteJob(job: Job, force: boolean, now: number): Step {
  // A deletion that is under way, or done, is joined by whoever asks.
  if (job.deletion?.state === "done" || job.deletion?.state === "asked") return ignored("already_known");
  const run = newestRun(job);
  if (isOver(run)) return deleteFinished(job, now);
  if (isSubmitted(run) && !force) return refused("submitted");
  return deleteOpen(job, run, now);
}

/** The cluster was away at the run's time: a once job waits, but not beyond its start deadline. */
export function judgeLate(job: Job, cluster: string, number: number, now: number): Step {
  const run = findRun(job, number);
  if (run === undefined) return ignored("unknown_run");
  if (run.cluster !== cluster) return ignored("other_cluster");
  if (isOver(run)) return ignored("run_is_over");
  if (run.removal !== null) return ignored("being_removed");
  if (!isSubmitted(run)) return ignored("already_known");
  if (run.startDeadlineAt === null || now <= run.startDeadlineAt) return ignored("nothing_due");
  return moved(skipRun(job, run, now));
}

/** The sweep found the job overdue: a booking or a removal that its cluster may have lost is told again, with the same n. */
export function pokeJob(job: Job, now: number): Step {
  const runs = job.runs.map((run): Run => {
    if (run.removal?.ask) return { ...run, removal: { ...run.removal, ask: retryNow(now) } };
    if (run.removal !== null) return run;
    if (run.state !== "due" || run.dueAt > now) return run;
    return { ...run, book: { ...retryNow(now), problem: run.book?.problem ?? "" } };
  });
  // The stored row may be older than what we believe was written (a restore of D1): writing an equal one costs nothing.
  const index = { ...job.index, written: Math.min(job.index.written, job.index.version - 1), nextAttemptAt: now };
  return moved({ ...job, runs, index });
}
