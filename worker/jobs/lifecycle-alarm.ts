import { callbackTimes } from "./lifecycle-callbacks.ts";
import { isClearingHeldUp } from "./lifecycle-effects.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver, waitsFor } from "./lifecycle-runs.ts";
import { isOnHold, slotWakeAt } from "./lifecycle-slot-clock.ts";
import type { Job } from "./lifecycle-state.ts";

// An alarm set at the present moment inside alarm() can be lost (platform notes, "Alarms").
const ALARM_SOONEST_MS = 50;
const ALARM_HOP_MS = 30 * 24 * 3_600_000;

/** Whether the run's start deadline ends it; of a missed slot the misfire policy decides when a relay comes. */
export function mayPassDeadline(run: Run): boolean {
  return !isOnHold(run) || (run.state === "due" && run.slot?.hold === "turn");
}

function runTimes(job: Job, run: Run): number[] {
  const times: number[] = [];
  if (run.removal?.ask) times.push(run.removal.ask.nextAttemptAt);
  if (run.state === "ending") times.push(run.logsBy);
  if (run.state === "created" && run.removal === null && run.deadlineLook) times.push(run.deadlineLook.nextAttemptAt);
  if (run.state === "due" && run.removal === null) {
    if (run.book && waitsFor(job, run) === null) times.push(run.book.nextAttemptAt);
    if (run.deadlineLook && mayPassDeadline(run)) times.push(run.deadlineLook.nextAttemptAt);
  }
  return times;
}

/**
 * When the object must wake by itself, epoch ms; null: nothing waits for its clock. A pure function of the state, so that
 * whatever a crash cut short is found again.
 */
export function nextAlarmAt(job: Job, now: number): number | null {
  const times = job.runs.flatMap((run) => runTimes(job, run));
  if (job.index.written < job.index.version && job.index.net === "alarm") times.push(job.index.nextAttemptAt);
  for (const { releasing } of job.names) if (releasing) times.push(releasing.nextAttemptAt);
  if (job.clearing && !isClearingHeldUp(job)) times.push(job.clearing.nextAttemptAt);
  if (typeof job.logsExpireAt === "number") times.push(job.logsExpireAt);
  if (job.purge) times.push(job.purge.nextAttemptAt);
  const slotsAt = slotWakeAt(job);
  if (slotsAt !== null) times.push(slotsAt);
  times.push(...callbackTimes(job));
  if (times.length === 0) return null;
  return Math.min(Math.max(Math.min(...times), now + ALARM_SOONEST_MS), now + ALARM_HOP_MS);
}

/** Whether nothing of the job goes on: every run is final and no slot is to come, or it is deleted. */
export function isJobOver(job: Job): boolean {
  return job.deletion?.state === "done" || (job.runs.every(isOver) && !job.cron?.next);
}
