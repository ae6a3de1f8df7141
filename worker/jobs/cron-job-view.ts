import type { JobRow } from "../db/rows.ts";
import type { CronJob, DescribedCronJob } from "./answers.ts";
import type { JobSnapshot } from "./calls.ts";
import { type CronRow, readCronRow } from "./cron-row.ts";
import { nextSlotOf } from "./lifecycle-slot-clock.ts";
import { onceJobOfRow, onceJobOfSnapshot, unixSeconds } from "./once-job-view.ts";

type CronFields = Omit<CronJob, keyof ReturnType<typeof onceJobOfRow>>;

/** 0 stands for none, as the contract has it. */
function secondsOrZero(at: number | null): number {
  return at === null ? 0 : unixSeconds(at);
}

function cronFields(row: CronRow, nextAt: number | null): CronFields {
  return {
    schedule: row.schedule,
    time_zone: row.timeZone,
    dst_gap: row.dstGap,
    dst_overlap: row.dstOverlap,
    concurrency_policy: row.concurrencyPolicy,
    misfire_policy: row.misfirePolicy,
    misfire_limit: row.misfireLimit,
    starting_deadline_seconds: row.startingDeadlineSeconds,
    suspend: row.suspend,
    job_end_time: secondsOrZero(row.endAt),
    next_exec_time: secondsOrZero(nextAt),
    last_exec_time: secondsOrZero(row.lastExecAt),
    last_success_time: secondsOrZero(row.lastSuccessAt),
  };
}

/** A row of the index as the API shows it; `now` epoch ms: its next slot is computed, so that no slot costs a write. */
export function cronJobOfRow(row: JobRow, now: number): CronJob {
  const cron = readCronRow(row);
  return { ...onceJobOfRow(row), ...cronFields(cron, row.jobStatus === 3 ? null : nextSlotOf(cron, now)) };
}

/** A cron job's own picture as the API shows it: CronJob, and what `describe` adds (contract, part 5). Throws for a once job. */
export function cronJobOfSnapshot(snapshot: JobSnapshot): DescribedCronJob {
  const { definition, slots } = snapshot;
  if (definition.cron === undefined || slots === undefined) throw new Error(`job ${snapshot.jobId} has no schedule`);
  const { nextAt, lastExecAt, lastSuccessAt } = slots;
  const { startingDeadlineSeconds } = definition;
  const row = { ...definition.cron, startingDeadlineSeconds, lastExecAt, lastSuccessAt };
  return { ...onceJobOfSnapshot(snapshot), ...cronFields(row, nextAt) };
}
