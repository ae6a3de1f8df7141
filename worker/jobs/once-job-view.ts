import type { JobRow } from "../db/rows.ts";
import type { DescribedOnceJob, OnceJob, RunAnswer } from "./answers.ts";
import type { JobSnapshot, RunView } from "./calls.ts";

/** A row of the index as the API shows it. */
export function onceJobOfRow(row: JobRow): OnceJob {
  return {
    id: row.id,
    job_id: row.jobId,
    job_name: row.jobName,
    job_exec_time: row.jobExecTime,
    namespace: row.namespace,
    metadata: row.metadata,
    image: row.image,
    command: row.command,
    timeout: row.timeout,
    job_status: row.jobStatus,
    job_exec_information: row.information,
    job_times: row.times,
    job_success_times: row.successTimes,
    create_time: row.createTime,
    update_time: row.updateTime,
  };
}

/** A job's own picture as the API shows it: the seed's fields, and what `describe` adds (contract, part 5). */
export function onceJobOfSnapshot(snapshot: JobSnapshot): DescribedOnceJob {
  const { definition } = snapshot;
  const job: OnceJob = {
    id: snapshot.id,
    job_id: snapshot.jobId,
    job_name: definition.jobName,
    job_exec_time: unixSeconds(definition.execAt),
    namespace: definition.namespace,
    metadata: JSON.stringify(definition.metadata),
    image: definition.image,
    command: definition.command,
    timeout: definition.timeout,
    job_status: snapshot.jobStatus,
    job_exec_information: snapshot.information,
    job_times: snapshot.times,
    job_success_times: snapshot.successTimes,
    create_time: unixSeconds(snapshot.createdAt),
    update_time: unixSeconds(snapshot.updatedAt),
  };
  return {
    ...job,
    cluster: snapshot.cluster,
    status: snapshot.status,
    explain: snapshot.explain,
    runs: snapshot.runs.map(runOfView),
  };
}

/** One run as `describe` and `job_runs` show it; `…_at` epoch ms, null: not (yet) happened. */
export function runOfView(view: RunView): RunAnswer {
  return {
    run: view.run,
    slot_at: view.slotAt,
    count: view.count,
    status: view.status,
    cluster: view.cluster,
    kube_job: view.kubeJob,
    due_at: view.dueAt,
    fired_at: view.firedAt,
    sent_at: view.sentAt,
    created_at: view.createdAt,
    started_at: view.startedAt,
    finished_at: view.finishedAt,
    lateness_ms: view.latenessMs,
    reason: view.reason,
    message: view.message,
    pods: view.pods.map((pod) => ({ pod_name: pod.podName, exit_code: pod.exitCode, reason: pod.reason })),
    pod_count: view.podCount,
  };
}

/** Epoch ms as the seed's fields have it. */
export function unixSeconds(at: number): number {
  return Math.floor(at / 1_000);
}
