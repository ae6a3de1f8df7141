import { isOver } from "./lifecycle-runs.ts";
import type { Job, Retry, Run } from "./lifecycle-state.ts";

/** A claim on a name is good for this long; an object refuses an older one (design, "Creating"). */
export const CLAIM_MS = 30_000;
/** How long a run's end waits for the next byte of its logs. */
export const LOG_WAIT_MS = 10_000;
/** A job that is over is kept this long. */
export const RETENTION_MS = 30 * 24 * 3_600_000;
/** An attempt that has not come back after this long is made again. */
export const ATTEMPT_MS = 10_000;
/** The two clocks may differ: a start deadline is looked at this much later. */
export const DEADLINE_GRACE_MS = 1_000;

const LEAD_MIN_MS = 60_000;
const LEAD_SPREAD_MS = 120_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 60_000;
// An alarm set at the present moment inside alarm() can be lost (platform notes, "Alarms").
const ALARM_SOONEST_MS = 50;
const ALARM_HOP_MS = 30 * 24 * 3_600_000;

/** FNV-1a, 32 bits: spreads jobs over time by their id, the same way in every process. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** How long before its time a run is booked, ms: 60 s to 180 s by the job's id, so that many of one second ring apart. */
export function leadMs(jobId: string): number {
  return LEAD_MIN_MS + (hashOf(jobId) % (LEAD_SPREAD_MS + 1));
}

/** The next try after `attempts` failures: 0.5 s, doubling to 60 s, spread by ± 20 % so that many do not beat together. */
export function retryAfter(attempts: number, jobId: string, now: number): Retry {
  const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 20));
  const spread = 0.8 + (0.4 * (hashOf(`${jobId}/${attempts}`) % 1_000)) / 1_000;
  return { attempts: attempts + 1, nextAttemptAt: now + Math.round(pauseMs * spread) };
}

/** To be tried now, for the first time. */
export function retryNow(now: number): Retry {
  return { attempts: 0, nextAttemptAt: now };
}

function runTimes(run: Run): number[] {
  const times: number[] = [];
  if (run.removal?.ask) times.push(run.removal.ask.nextAttemptAt);
  if (run.state === "ending") times.push(run.logsBy);
  if (run.state === "due" && run.removal === null) {
    if (run.book) times.push(run.book.nextAttemptAt);
    if (run.deadlineLook) times.push(run.deadlineLook.nextAttemptAt);
  }
  return times;
}

/**
 * When the object must wake by itself, epoch ms; null: nothing waits for its clock. A pure function of the state, so that
 * whatever a crash cut short is found again.
 */
export function nextAlarmAt(job: Job, now: number): number | null {
  const times = job.runs.flatMap(runTimes);
  if (job.index.written < job.index.version && job.index.net === "alarm") times.push(job.index.nextAttemptAt);
  if (job.releasing) times.push(job.releasing.nextAttemptAt);
  if (job.purge) times.push(job.purge.nextAttemptAt);
  if (times.length === 0) return null;
  return Math.min(Math.max(Math.min(...times), now + ALARM_SOONEST_MS), now + ALARM_HOP_MS);
}

/** Whether nothing of the job goes on: every run is final, or it is deleted. */
export function isJobOver(job: Job): boolean {
  return job.deletion?.state === "done" || job.runs.every(isOver);
}
