import type { UpdateInput } from "./calls.ts";
import type { Definition } from "./definition.ts";
import { leadMs, retryNow } from "./lifecycle-clock.ts";
import { moved, refused, type Step } from "./lifecycle-events.ts";
import { CLAIM_MS, LOST_RERUNS, MAX_RERUN_NUMBER } from "./lifecycle-limits.ts";
import { heldName, withName } from "./lifecycle-names.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver, isSubmitted, newestRun } from "./lifecycle-runs.ts";
import { dueLook } from "./lifecycle-start-deadline.ts";
import type { Job } from "./lifecycle-state.ts";
import { clearFinished, endAllForCaller } from "./lifecycle-verbs.ts";
import { hasRoomForRun, runSuffix } from "./run-names.ts";

/** What makes one run another than the next. */
export type RunPlace = Pick<Run, "run" | "kubeJob" | "cluster" | "dueAt" | "slotAt" | "afterLost"> & {
  takesOver: boolean;
};

/** A run that is due at `place.dueAt`, to be booked its lead before that. */
export function dueRun(jobId: string, definition: Definition, place: RunPlace, now: number): Run & { state: "due" } {
  const { startingDeadlineSeconds, namespace } = definition;
  const { takesOver, ...rest } = place;
  const startDeadlineAt = startingDeadlineSeconds === null ? null : place.dueAt + startingDeadlineSeconds * 1_000;
  return {
    ...rest,
    definition,
    namespace,
    startDeadlineAt,
    n: 1,
    removal: null,
    refusal: "",
    logs: [],
    state: "due",
    book: { ...retryNow(Math.max(now, place.dueAt - leadMs(jobId))), problem: "" },
    deadlineLook: dueLook(startDeadlineAt),
    takesOver,
  };
}

function withNewRun(job: Job, place: Omit<RunPlace, "run">, now: number): Job {
  const run = dueRun(job.jobId, job.definition, { ...place, run: job.nextRun }, now);
  return { ...job, runs: [...job.runs, run], current: run.run, nextRun: run.run + 1 };
}

/**
 * Gives the job another definition (contract, part 2): its open run is ended, and a new one takes over as soon as that is
 * gone. A new name must have been claimed for it before.
 */
export function updateJob(job: Job, input: UpdateInput, now: number): Step {
  const { definition, cluster, claimedAt } = input;
  if (job.deletion?.state === "done" || job.deletion?.state === "asked") return refused("deleted");
  if (isSubmitted(newestRun(job)) && !input.force) return refused("submitted");
  const held = heldName(job, definition);
  const isHeld = held !== undefined && held.releasing === null;
  if (!isHeld && claimedAt === null) return refused("claim_first");
  if (!isHeld && now - (claimedAt ?? 0) > CLAIM_MS) return refused("claim_too_old");
  const ended = clearFinished(endAllForCaller({ ...job, deletion: null }, "update", now), now);
  const { jobName: kubeJob, execAt: dueAt } = definition;
  const place = { kubeJob, cluster, dueAt, slotAt: null, afterLost: 0, takesOver: true };
  const named = withName({ ...ended, definition }, definition, claimedAt ?? held?.claimedAt ?? now);
  return moved(withNewRun(named, place, now));
}

/** Runs a finished job anew, now (contract, part 5). */
export function rerunJob(job: Job, now: number): Step {
  if (job.deletion?.state === "done" || job.deletion?.state === "asked") return refused("deleted");
  if (!job.runs.every(isOver)) return refused("not_finished");
  if (job.nextRun > MAX_RERUN_NUMBER) return refused("too_many_runs");
  return moved(runAgain({ ...job, deletion: null }, 0, now));
}

function runAgain(job: Job, afterLost: number, now: number): Job {
  const kubeJob = `${job.definition.jobName}${runSuffix(job.nextRun)}`;
  const { cluster } = newestRun(job);
  return withNewRun(job, { kubeJob, cluster, dueAt: now, slotAt: null, afterLost, takesOver: false }, now);
}

/** After a run was lost: the job with the run that runs it again, where its definition wants that (`on_lost`). */
export function runAgainIfWanted(job: Job, lost: Run, now: number): Job {
  if (job.cron !== undefined) return slotAgainIfWanted(job, lost, now);
  const isWanted = job.definition.metadata.on_lost === "rerun" && lost.run === job.current && job.deletion === null;
  if (!isWanted || lost.afterLost >= LOST_RERUNS || job.nextRun > MAX_RERUN_NUMBER) return job;
  return runAgain(job, lost.afterLost + 1, now);
}

/** A cron job's lost run is run again under its own definition, whatever its slots come to meanwhile. */
function slotAgainIfWanted(job: Job, lost: Run, now: number): Job {
  const definition = lost.definition ?? job.definition;
  const isWanted = definition.metadata.on_lost === "rerun" && job.deletion === null;
  if (!isWanted || lost.afterLost >= LOST_RERUNS || !hasRoomForRun(definition, job.nextRun)) return job;
  const kubeJob = `${definition.jobName}${runSuffix(job.nextRun)}`;
  const { cluster, slotAt } = lost;
  const place = {
    run: job.nextRun,
    kubeJob,
    cluster,
    dueAt: now,
    slotAt,
    afterLost: lost.afterLost + 1,
    takesOver: false,
  };
  const run = dueRun(job.jobId, definition, place, now);
  return { ...job, runs: [...job.runs, run], nextRun: job.nextRun + 1 };
}
