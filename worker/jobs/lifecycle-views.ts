import type { RunStatus } from "../../protocol/words.ts";
import type { RowView } from "../clusters/calls.ts";
import type { JobRow } from "../db/rows.ts";
import type { JobSnapshot, JobStatus, RunView, SlotTimes } from "./calls.ts";
import type { CronRow } from "./cron-row.ts";
import { explain, reasonText, successText } from "./lifecycle-explain.ts";
import { SLOT_OVERDUE_MS } from "./lifecycle-limits.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver, isShown, isSubmitted, jobTypeOf, newestRun, speaker, waitsFor } from "./lifecycle-runs.ts";
import { isOpenRun, nextSlotOf, rulesOf, slotStateOf, slotWakeAt } from "./lifecycle-slot-clock.ts";
import type { Job } from "./lifecycle-state.ts";
import { timesOf } from "./lifecycle-timeline.ts";

/** What the cluster's object said when it was asked for a description; null: not asked, or it did not answer in time. */
export type Look = RowView | null;

/** How many runs `describe` shows, the newest first. */
export const RUNS_DESCRIBED = 20;

/**
 * The run whose cluster says why the job does not get on: the one that a once job's newest run waits for, or that run itself; a
 * cron job's newest open one, null where none is.
 */
export function runToLookAt(job: Job): Run | null {
  if (job.cron !== undefined) return job.runs.findLast(isOpenRun) ?? null;
  const run = newestRun(job);
  return waitsFor(job, run) ?? run;
}

/** The seed's `job_status` of the job (contract, part 2). */
function jobStatusOf(job: Job, now: number): JobStatus {
  if (job.deletion?.state === "done") return 3;
  switch (speaker(job, now)?.state) {
    case undefined:
    case "due":
    case "sent":
      return -1;
    case "created":
    case "running":
    case "ending":
      return 0;
    case "succeeded":
      return 2;
    case "failed":
    case "cancelled":
    case "lost":
    case "skipped":
      return 1;
  }
}

/** The seed's `job_exec_information`: why it failed or how it ended; empty while it goes on. */
function informationOf(job: Job, now: number): string {
  const run = speaker(job, now);
  if (run === null || !isOver(run)) {
    if (job.deletion?.state === "refused") return `not deleted: ${job.deletion.message}`;
    return run === null || run.refusal === "" ? "" : `not removed: ${run.refusal}`;
  }
  return run.state === "succeeded" ? successText(run) : reasonText(run.end);
}

/** The word for a run's state; a cron job before its first run waits for a slot that is due. */
function statusOf(run: Run | null, look: Look): RunStatus {
  if (run === null) return "due";
  if (run.state === "ending") return "running";
  const wasSent = look?.row?.state === "sent" || look?.row?.state === "created";
  return run.state === "due" && wasSent ? "sent" : run.state;
}

/** One run as callers see it. What its cluster's object knows is newer than the job's own state until the next fact. */
export function runView(run: Run, look: Look): RunView {
  const times = timesOf(run);
  const row = isSubmitted(run) ? look?.row : null;
  const end = isOver(run) ? run.end : null;
  const ending = run.state === "ending" ? run.end : null;
  return {
    run: run.run,
    slotAt: run.slotAt,
    count: run.count ?? 1,
    status: statusOf(run, look),
    cluster: run.cluster,
    kubeJob: run.kubeJob,
    dueAt: run.dueAt,
    firedAt: times.firedAt ?? row?.firedAt ?? null,
    sentAt: times.sentAt ?? row?.sentAt ?? null,
    createdAt: times.createdAt,
    startedAt: times.startedAt,
    finishedAt: end?.finishedAt ?? null,
    latenessMs: times.createdAt === null ? null : times.createdAt - run.dueAt,
    reason: end?.reason ?? "",
    message: end?.message ?? "",
    pods: (end ?? ending)?.pods ?? [],
    podCount: (end ?? ending)?.podCount ?? 0,
  };
}

/** Those runs at hand that callers see, newest first: each from its due time on, or once more is known of it. */
export function shownRuns(job: Job, now: number): Run[] {
  return job.runs.filter((run) => isShown(run, now)).reverse();
}

/** Some of the runs at hand as callers see them; `look` is about the run to look at. */
export function runViews(job: Job, runs: readonly Run[], look: Look): RunView[] {
  const lookedAt = runToLookAt(job)?.run;
  return runs.map((run) => runView(run, run.run === lookedAt ? look : null));
}

/**
 * Everything `describe` shows; pure, so it never waits for the cluster. `job` has its newest finished runs at hand; `look` is
 * about the run to look at.
 */
export function snapshotOf(job: Job, look: Look, now: number): JobSnapshot {
  const run = speaker(job, now);
  const lookedAt = runToLookAt(job)?.run;
  return {
    jobId: job.jobId,
    id: job.id,
    jobType: jobTypeOf(job),
    definition: job.definition,
    jobStatus: jobStatusOf(job, now),
    status: job.deletion?.state === "done" ? "deleted" : statusOf(run, run?.run === lookedAt ? look : null),
    information: informationOf(job, now),
    times: job.times,
    successTimes: job.successTimes,
    cluster: clusterOf(job),
    ...(job.cron && { slots: slotTimesOf(job, now) }),
    explain: explain(job, look, now),
    createdAt: job.createdAt,
    updatedAt: job.updatedAt,
    runs: runViews(job, shownRuns(job, now).slice(0, RUNS_DESCRIBED), look),
  };
}

/** Where the job's runs go; null: no cluster fits yet. */
export function clusterOf(job: Job): string | null {
  return job.cron === undefined ? newestRun(job).cluster : job.cron.cluster;
}

/** A cron job's next slot as its rules say now, and what came of those before. */
function slotTimesOf(job: Job, now: number): SlotTimes {
  const { lastExecAt, lastSuccessAt } = slotStateOf(job);
  const isDeleted = job.deletion?.state === "done";
  return { nextAt: isDeleted ? null : nextSlotOf(rulesOf(job), now), lastExecAt, lastSuccessAt };
}

/** When the sweep is to look at the job unless it has written its row anew, epoch ms; null: nothing is awaited. */
function overdueAtOf(job: Job): number | null {
  if (job.deletion?.state === "done") return null;
  if (job.cron !== undefined) {
    // Not before its own clock looks: slots that are only counted are counted seldom.
    const wakeAt = slotWakeAt(job);
    return wakeAt === null || !job.cron.next ? null : Math.max(wakeAt, job.cron.next.at) + SLOT_OVERDUE_MS;
  }
  const run = newestRun(job);
  return isSubmitted(run) ? run.dueAt : null;
}

/** The part of the index row that a job's life changes. The sweep is to look at it once its time is past and no Job was seen. */
export function changingRowOf(
  job: Job,
  now: number,
): Pick<JobRow, "cluster" | "jobStatus" | "information" | "times" | "successTimes" | "overdueAt" | "cron"> {
  return {
    cluster: clusterOf(job),
    jobStatus: jobStatusOf(job, now),
    information: informationOf(job, now),
    times: job.times,
    successTimes: job.successTimes,
    overdueAt: overdueAtOf(job),
    cron: job.cron ? JSON.stringify(cronRowOf(job)) : null,
  };
}

/** What lists show of a cron job, and what they compute its next slot from. */
function cronRowOf(job: Job): CronRow {
  const { lastExecAt, lastSuccessAt } = slotStateOf(job);
  const { startingDeadlineSeconds } = job.definition;
  return { ...rulesOf(job), startingDeadlineSeconds, lastExecAt, lastSuccessAt };
}

/** The job's index row, whole. */
export function jobRowOf(job: Job, now: number): JobRow {
  const { definition } = job;
  return {
    ...changingRowOf(job, now),
    jobType: jobTypeOf(job),
    id: job.id,
    jobId: job.jobId,
    version: job.index.version,
    namespace: definition.namespace,
    jobName: definition.jobName,
    image: definition.image,
    command: definition.command,
    timeout: definition.timeout,
    metadata: JSON.stringify(definition.metadata),
    jobExecTime: Math.floor(definition.execAt / 1_000),
    createTime: Math.floor(job.createdAt / 1_000),
    updateTime: Math.floor(job.updatedAt / 1_000),
  };
}
