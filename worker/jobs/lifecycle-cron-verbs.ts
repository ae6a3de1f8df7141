import type { UpdateInput } from "./calls.ts";
import type { Definition } from "./definition.ts";
import { dueRun } from "./lifecycle-anew.ts";
import { ignored, moved, refused, type Step } from "./lifecycle-events.ts";
import { CLAIM_MS, DEFINITION_BYTES } from "./lifecycle-limits.ts";
import { heldName, withName } from "./lifecycle-names.ts";
import { isOver } from "./lifecycle-runs.ts";
import { isTakingBack, rulesOf, slotStateOf, withCursorBack } from "./lifecycle-slot-clock.ts";
import { isFull } from "./lifecycle-slot-runs.ts";
import { settleSlots } from "./lifecycle-slots.ts";
import { takeBackBooked, takeBackUnsent } from "./lifecycle-slots-back.ts";
import type { Job } from "./lifecycle-state.ts";
import { hasRoomForRun, runSuffix } from "./run-names.ts";

/** Whether the job is deleted, or is being so. */
function isGone(job: Job): boolean {
  return job.deletion?.state === "done" || job.deletion?.state === "asked";
}

/**
 * The job with every slot up to now settled under the definition that it has, so that another one holds from now on; null: that
 * takes more than one turn, or the cluster has yet to say what became of runs that were taken back.
 */
function settledTo(job: Job, now: number): Job | null {
  if (isTakingBack(job)) return null;
  const settled = settleSlots(job, now, now);
  const { next } = slotStateOf(settled);
  return next !== null && next.at <= now ? null : settled;
}

/** The size of the definition and of all others that open runs of the job still have. */
function definitionBytes(job: Job, definition: Definition): number {
  const open = job.runs.filter((run) => !isOver(run)).map((run) => run.definition);
  return [...new Set([definition, ...open])].reduce((sum, one) => sum + JSON.stringify(one).length, 0);
}

/** Gives the job another definition (contract, part 5, "Updates"): slots that were not sent are its own to run. */
export function updateCronJob(job: Job, input: UpdateInput, now: number): Step {
  const { definition, cluster, claimedAt } = input;
  if (isGone(job)) return refused("deleted");
  const held = heldName(job, definition);
  const isHeld = held !== undefined && held.releasing === null;
  if (!isHeld && claimedAt === null) return refused("claim_first");
  if (!isHeld && now - (claimedAt ?? 0) > CLAIM_MS) return refused("claim_too_old");
  const settled = settledTo(job, now);
  if (settled === null) return refused("behind");
  if (definitionBytes(settled, definition) > DEFINITION_BYTES) return refused("too_many_open");
  const defined = { ...settled, deletion: null, definition, cron: { ...slotStateOf(settled), cluster } };
  const named = withName(defined, definition, claimedAt ?? held?.claimedAt ?? now);
  return moved(takeBackUnsent(withCursorBack(named, now), now));
}

/** Suspends the job, or lets it go on; nothing else changes. Slots that were not sent by then do not run while it is suspended. */
export function suspendJob(job: Job, suspend: boolean, now: number): Step {
  if (isGone(job)) return refused("deleted");
  if (rulesOf(job).suspend === suspend) return ignored("already_known");
  const settled = settledTo(job, now);
  if (settled === null) return refused("behind");
  const { definition } = settled;
  const told: Job = { ...settled, definition: { ...definition, cron: { ...rulesOf(settled), suspend } } };
  return moved(suspend ? takeBackUnsent(told, now) : told);
}

/** A run now, outside the schedule: it starts whatever runs, and a booked slot is judged again at its time. */
export function triggerJob(job: Job, now: number): Step {
  if (isGone(job)) return refused("deleted");
  if (!hasRoomForRun(job.definition, job.nextRun)) return refused("too_many_runs");
  if (isFull(job)) return refused("too_many_open");
  const { definition, nextRun: run } = job;
  const place = { run, kubeJob: `${definition.jobName}${runSuffix(run)}`, cluster: slotStateOf(job).cluster };
  const due = dueRun(
    job.jobId,
    definition,
    { ...place, dueAt: now, slotAt: null, afterLost: 0, takesOver: false },
    now,
  );
  const triggered: Job = { ...job, runs: [...job.runs, due], nextRun: run + 1 };
  return moved(rulesOf(job).concurrencyPolicy === "Allow" ? triggered : takeBackBooked(triggered, now));
}
