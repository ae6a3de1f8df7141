import type { RunStatus } from "../../protocol/words.ts";
import type { RowView } from "../clusters/calls.ts";
import type { JobRow } from "../db/rows.ts";
import type { JobSnapshot, JobStatus, RunView } from "./calls.ts";
import { explain, reasonText, successText } from "./lifecycle-explain.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver, isSubmitted, newestRun, waitsFor } from "./lifecycle-runs.ts";
import type { Job } from "./lifecycle-state.ts";
import { timesOf } from "./lifecycle-timeline.ts";

/** What the cluster's object said when it was asked for a description; null: not asked, or it did not answer in time. */
export type Look = RowView | null;

/** How many runs `describe` shows, the newest first. */
export const RUNS_DESCRIBED = 20;

/** The run whose cluster says why the job does not get on: the one that the current run waits for, or that run itself. */
export function runToLookAt(job: Job): Run {
  const run = newestRun(job);
  return waitsFor(job, run) ?? run;
}

/** The seed's `job_status` of the job (contract, part 2). */
function jobStatusOf(job: Job): JobStatus {
  if (job.deletion?.state === "done") return 3;
  switch (newestRun(job).state) {
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
function informationOf(job: Job): string {
  const run = newestRun(job);
  if (!isOver(run)) {
    if (job.deletion?.state === "refused") return `not deleted: ${job.deletion.message}`;
    return run.refusal === "" ? "" : `not removed: ${run.refusal}`;
  }
  return run.state === "succeeded" ? successText(run) : reasonText(run.end);
}

function statusOf(run: Run, look: Look): RunStatus {
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
    count: 1,
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
  return job.runs.filter((run) => run.dueAt <= now || run.state !== "due").reverse();
}

/** Some of the runs at hand as callers see them; `look` is about the run to look at. */
export function runViews(job: Job, runs: readonly Run[], look: Look): RunView[] {
  const lookedAt = runToLookAt(job).run;
  return runs.map((run) => runView(run, run.run === lookedAt ? look : null));
}

/**
 * Everything `describe` shows; pure, so it never waits for the cluster. `job` has its newest finished runs at hand; `look` is
 * about the run to look at.
 */
export function snapshotOf(job: Job, look: Look, now: number): JobSnapshot {
  const run = newestRun(job);
  const lookedAt = runToLookAt(job).run;
  return {
    jobId: job.jobId,
    id: job.id,
    jobType: "once",
    definition: job.definition,
    jobStatus: jobStatusOf(job),
    status: job.deletion?.state === "done" ? "deleted" : statusOf(run, run.run === lookedAt ? look : null),
    information: informationOf(job),
    times: job.times,
    successTimes: job.successTimes,
    cluster: run.cluster,
    explain: explain(job, look, now),
    createdAt: job.createdAt,
    updatedAt: job.updatedAt,
    runs: runViews(job, shownRuns(job, now).slice(0, RUNS_DESCRIBED), look),
  };
}

/** The part of the index row that a job's life changes. The sweep is to look at it once its time is past and no Job was seen. */
export function changingRowOf(
  job: Job,
): Pick<JobRow, "cluster" | "jobStatus" | "information" | "times" | "successTimes" | "overdueAt"> {
  const run = newestRun(job);
  const isAwaited = job.deletion?.state !== "done" && isSubmitted(run);
  return {
    cluster: run.cluster,
    jobStatus: jobStatusOf(job),
    information: informationOf(job),
    times: job.times,
    successTimes: job.successTimes,
    overdueAt: isAwaited ? run.dueAt : null,
  };
}

/** The job's index row, whole. */
export function jobRowOf(job: Job): JobRow {
  const { definition } = job;
  return {
    ...changingRowOf(job),
    jobType: "once",
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
