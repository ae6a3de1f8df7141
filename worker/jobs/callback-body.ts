import type { CallbackEvent } from "./lifecycle-callback.ts";
import { successText } from "./lifecycle-explain.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver } from "./lifecycle-runs.ts";
import type { Job } from "./lifecycle-state.ts";
import { timesOf } from "./lifecycle-timeline.ts";

/** A cluster's own words may be long; `describe` has all of them. */
const MAX_MESSAGE = 512;

function messageOf(run: Run): string {
  if (!isOver(run)) return "its Job is not known to be created 60 s after its time";
  const { reason, message } = run.end;
  return run.state === "succeeded" ? successText(run) : (message || reason).slice(0, MAX_MESSAGE);
}

/** The body of a run's callback (contract, part 4): the seed's three fields, then ours; times in epoch ms. */
export function callbackBody(job: Job, run: Run, event: CallbackEvent): string {
  const end = isOver(run) ? run.end : null;
  return JSON.stringify({
    job_id: job.jobId,
    success: event === "finished" && run.state === "succeeded",
    message: messageOf(run),
    job_name: (run.definition ?? job.definition).jobName,
    namespace: run.namespace,
    cluster: run.cluster,
    run: run.run,
    // `ending` is shown as running, as everywhere.
    status: run.state === "ending" ? "running" : run.state,
    reason: end?.reason ?? "",
    started_at: timesOf(run).startedAt,
    finished_at: end?.finishedAt ?? null,
    event,
  });
}

/** The `webhook-id` of a run and event. The moment of creation tells a job apart from a purged one of the same key's id. */
export function callbackId(job: Job, run: Run, event: CallbackEvent): string {
  return `msg_${job.jobId}_${job.createdAt.toString(36)}_${run.run}_${event}`;
}
