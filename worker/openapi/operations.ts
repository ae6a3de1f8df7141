import { z } from "zod";
import { JobId } from "../../protocol/words.ts";
import { ClusterId } from "../clusters/registering.ts";
import type { ErrorKind } from "../errors.ts";
import {
  CallbackAttempt,
  CancelledRun,
  Created,
  CronJobPage,
  Deleted,
  DescribedCronJob,
  DescribedOnceJob,
  LogRow,
  OnceJobPage,
  Preview,
  Redelivered,
  Rerun,
  RunPage,
} from "../jobs/answers.ts";
import { BatchFields, MAX_BATCH } from "../jobs/create-once-job-batch.ts";
import { CronJobFields } from "../jobs/cron-job-fields.ts";
import { ListFields } from "../jobs/list-fields.ts";
import { OnceJobFields } from "../jobs/once-job-fields.ts";
import { PreviewFields } from "../jobs/preview-slots.ts";
import { CancelFields, FollowFields, LogFields, RedeliverFields, SuspendFields } from "../jobs/run-fields.ts";
import { RunPageFields } from "../jobs/run-page-fields.ts";

/** What a path of the API is, whatever its verbs; app.ts has the verbs. */
export type Operation = {
  tag: "Once jobs" | "Cron jobs" | "Runs" | "Logs" | "Callbacks" | "Clusters" | "System";
  summary: string;
  description?: string;
  /** The JSON body of a POST, the query of a GET or DELETE, without the id; null: it takes none. */
  fields: z.ZodObject | null;
  /** A body is not needed where every field has a default, or the id is in the path. */
  isBodyNeeded: boolean;
  takesIdempotencyKey?: true;
  /** `data` on success; `media`: what is answered in place of the envelope; `events`: an example of server-sent events. */
  answer: { data: z.ZodType } | { media: string } | { events: string } | { status: 101 };
  takesLastEventId?: true;
  refusals: readonly ErrorKind[];
  /** A body (or query) and the `data` it is answered with. */
  example?: { fields?: unknown; data: unknown };
};

const JOB_ID = "9qj2thsx612kbtjnwrmwrgejeb";

const MESSAGE = `msg_${JOB_ID}_mi2v9g3k_1_finished`;

const CREATE = {
  job_name: "hello",
  namespace: "default",
  image: "busybox",
  command: "echo,k8s jobs !!!",
  job_exec_time: "PT2S",
  metadata: { log_collect: true },
};

const ONCE_JOB = {
  id: 3677229727744000,
  job_id: JOB_ID,
  job_name: "hello",
  job_exec_time: 1795542539,
  namespace: "default",
  metadata: '{"parallelism":"1","completions":"1"}',
  image: "busybox",
  command: "echo,k8s jobs !!!",
  timeout: 0,
  job_status: 2,
  job_exec_information: "succeeded after 12 ms",
  job_times: 1,
  job_success_times: 1,
  create_time: 1795542537,
  update_time: 1795542539,
};

const RUN = {
  run: 1,
  slot_at: null,
  count: 1,
  status: "succeeded",
  cluster: "local",
  kube_job: "hello",
  due_at: 1795542539000,
  fired_at: 1795542539003,
  sent_at: 1795542539004,
  created_at: 1795542539032,
  started_at: 1795542539120,
  finished_at: 1795542539132,
  lateness_ms: 32,
  reason: "",
  message: "",
  pods: [{ pod_name: "hello-8z2gz", exit_code: 0, reason: "Completed" }],
  pod_count: 1,
};

const CREATE_CRON = {
  job_name: "nightly",
  namespace: "default",
  image: "busybox",
  command: "echo,k8s jobs !!!",
  schedule: "0 3 * * *",
  time_zone: "Europe/Berlin",
};

const CRON_JOB = {
  ...ONCE_JOB,
  job_name: "nightly",
  schedule: "0 3 * * *",
  time_zone: "Europe/Berlin",
  dst_gap: "first_valid",
  dst_overlap: "first",
  concurrency_policy: "Forbid",
  misfire_policy: "latest",
  misfire_limit: 10,
  starting_deadline_seconds: null,
  suspend: false,
  job_end_time: 0,
  next_exec_time: 1795572000,
  last_exec_time: 1795485600,
  last_success_time: 1795485607,
};

const CREATE_REFUSALS = ["invalidParameter", "verifyJob", "alreadyExists", "unknownRoute", "publish"] as const;
const JOB_REFUSALS = ["jobIdMissing", "jobUnknown"] as const;
/** Of paths whose answer holds values as the job's object has them. */
const TOLD_REFUSALS = [...JOB_REFUSALS, "encode"] as const;

const JoinToken = z.strictObject({ cluster: z.string(), join_token: z.string() });
const ClusterFields = z.strictObject({ cluster: ClusterId });
const BatchAnswer = z.strictObject({
  code: z.int(),
  cause: z.string(),
  error_msg: z.string(),
  data: Created.nullable(),
});

function forceOf(description: string) {
  const json = { anyOf: [{ type: "boolean" }, { enum: ["true", "false"] }, { type: "null" }] };
  return z.boolean().optional().meta({ description, json });
}

/** Every path of worker/app.ts, as it is written there. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "/api/once_job/create": {
    tag: "Once jobs",
    summary: "Create a once job",
    description:
      "Durable when it is answered. With an Idempotency-Key, a create whose answer was lost may be sent again.",
    fields: OnceJobFields,
    isBodyNeeded: true,
    takesIdempotencyKey: true,
    answer: { data: Created },
    refusals: CREATE_REFUSALS,
    example: { fields: CREATE, data: { job_id: JOB_ID } },
  },
  "/api/once_job/create_batch": {
    tag: "Once jobs",
    summary: "Create up to 100 once jobs",
    description: "An envelope for each, in order; one bad job spoils no other. A key holds for each job by its place.",
    fields: BatchFields.extend({
      jobs: z
        .array(z.record(z.string(), z.unknown()))
        .min(1)
        .max(MAX_BATCH)
        .meta({
          description: "Each as the body of /api/once_job/create, checked by itself.",
          json: { type: "array", items: {}, minItems: 1, maxItems: MAX_BATCH },
        }),
    }),
    isBodyNeeded: true,
    takesIdempotencyKey: true,
    answer: { data: z.array(BatchAnswer).min(1).max(MAX_BATCH) },
    refusals: ["invalidParameter", "verifyJob"],
    example: {
      fields: { jobs: [CREATE] },
      data: [{ code: 0, cause: "", error_msg: "", data: { job_id: JOB_ID } }],
    },
  },
  "/api/once_job/lists": {
    tag: "Once jobs",
    summary: "List once jobs, newest first",
    description: "A call reads at most 20,000 rows, answers what it found, and goes on by next_cursor.",
    fields: ListFields,
    isBodyNeeded: false,
    answer: { data: OnceJobPage },
    refusals: ["invalidParameter"],
    example: {
      fields: { page_num: 1, page_size: 20 },
      data: { total: "1", page_num: 1, page_size: 20, next_cursor: null, data: [ONCE_JOB] },
    },
  },
  "/api/once_job/describe/:job_id?": {
    tag: "Once jobs",
    summary: "Describe a once job",
    fields: z.object({}),
    isBodyNeeded: false,
    answer: { data: DescribedOnceJob },
    refusals: TOLD_REFUSALS,
    example: {
      data: {
        ...ONCE_JOB,
        cluster: "local",
        status: "succeeded",
        explain: "succeeded after 12 ms, at 2026-11-24T17:48:59Z",
        runs: [],
      },
    },
  },
  "/api/once_job/delete/:job_id?": {
    tag: "Once jobs",
    summary: "Delete a once job",
    description: "Waits up to 15 s for the cluster's confirmation; the job can still be described, with job_status 3.",
    fields: z.object({ force: forceOf("Cancels a job that is submitted and not yet created.") }),
    isBodyNeeded: false,
    answer: { data: Deleted },
    refusals: [...TOLD_REFUSALS, "invalidParameter", "verifyJob", "deleteTimeout", "jobSubmitted", "deleteRefused"],
    example: { fields: { force: true }, data: { job_id: JOB_ID, outcome: "cancelled_before_dispatch" } },
  },
  "/api/once_job/update": {
    tag: "Once jobs",
    summary: "Give a once job another definition",
    description:
      "The whole definition: what is absent gets its default. The old Kubernetes Job is deleted; once it is gone the job is submitted anew. Waits up to 15 s for that; 253: accepted, and submitted as soon as the old Job is gone.",
    fields: OnceJobFields.extend({
      job_id: JobId,
      force: forceOf("Replaces a job that is submitted and not yet created."),
    }),
    isBodyNeeded: true,
    answer: {
      data: z.string().regex(/^(cancelled_before_dispatch|removed_from_cluster|already_finished): /),
    },
    refusals: [...JOB_REFUSALS, ...CREATE_REFUSALS, "deleteTimeout", "jobSubmitted", "deleteRefused"],
    example: {
      fields: { job_id: JOB_ID, ...CREATE },
      data: `removed_from_cluster: job ${JOB_ID} is submitted anew as run 2, due at 2026-11-24T15:48:59.000Z.`,
    },
  },
  "/api/once_job/rerun/:job_id?": {
    tag: "Once jobs",
    summary: "Run a finished once job anew, now",
    description: "Its Kubernetes Job is named <job_name>-r<run>.",
    fields: z.object({}),
    isBodyNeeded: false,
    answer: { data: Rerun },
    refusals: [...TOLD_REFUSALS, "jobSubmitted", "genJob"],
    example: { data: { job_id: JOB_ID, run: 2 } },
  },
  "/api/cron_job/create": {
    tag: "Cron jobs",
    summary: "Create a cron job",
    description: "Runs at each slot of its schedule. docs/schedules.md explains each policy.",
    fields: CronJobFields,
    isBodyNeeded: true,
    takesIdempotencyKey: true,
    answer: { data: Created },
    refusals: CREATE_REFUSALS,
    example: { fields: CREATE_CRON, data: { job_id: JOB_ID } },
  },
  "/api/cron_job/lists": {
    tag: "Cron jobs",
    summary: "List cron jobs, newest first",
    description: "A call reads at most 20,000 rows, answers what it found, and goes on by next_cursor.",
    fields: ListFields,
    isBodyNeeded: false,
    answer: { data: CronJobPage },
    refusals: ["invalidParameter"],
    example: {
      fields: { page_num: 1, page_size: 20 },
      data: { total: "1", page_num: 1, page_size: 20, next_cursor: null, data: [CRON_JOB] },
    },
  },
  "/api/cron_job/describe/:job_id?": {
    tag: "Cron jobs",
    summary: "Describe a cron job",
    fields: z.object({}),
    isBodyNeeded: false,
    answer: { data: DescribedCronJob },
    refusals: TOLD_REFUSALS,
    example: {
      data: {
        ...CRON_JOB,
        cluster: "local",
        status: "succeeded",
        explain: "next slot at 2026-11-25T02:00:00Z; run 1: succeeded after 12 ms, at 2026-11-24T02:00:07Z",
        runs: [],
      },
    },
  },
  "/api/cron_job/update": {
    tag: "Cron jobs",
    summary: "Give a cron job another definition",
    description:
      "The whole definition: what is absent gets its default. A slot that was not sent is the new definition's to run, if it still has it; runs that were sent end under their own definition.",
    fields: CronJobFields.extend({ job_id: JobId, force: forceOf("Says nothing: a cron job can always be updated.") }),
    isBodyNeeded: true,
    answer: {
      data: z.string().regex(/^(cancelled_before_dispatch|removed_from_cluster|already_finished): /),
    },
    refusals: [...JOB_REFUSALS, ...CREATE_REFUSALS, "limitedFlow", "overtime", "deleteTimeout"],
    example: {
      fields: { job_id: JOB_ID, ...CREATE_CRON },
      data: `cancelled_before_dispatch: job ${JOB_ID} has its new definition; its next slot is at 2026-11-25T02:00:00.000Z.`,
    },
  },
  "/api/cron_job/delete/:job_id?": {
    tag: "Cron jobs",
    summary: "Delete a cron job",
    description: "Ends its open runs. Waits up to 15 s for the cluster's confirmation, as for a once job.",
    fields: z.object({ force: forceOf("Says nothing: a cron job can always be deleted.") }),
    isBodyNeeded: false,
    answer: { data: Deleted },
    refusals: [...TOLD_REFUSALS, "invalidParameter", "verifyJob", "deleteTimeout", "deleteRefused"],
    example: { data: { job_id: JOB_ID, outcome: "cancelled_before_dispatch" } },
  },
  "/api/cron_job/trigger/:job_id?": {
    tag: "Cron jobs",
    summary: "Run a cron job now, outside its schedule",
    description: "It starts whatever runs. Its Kubernetes Job is named <job_name>-r<run>.",
    fields: z.object({}),
    isBodyNeeded: false,
    answer: { data: Rerun },
    refusals: [...TOLD_REFUSALS, "limitedFlow", "genJob"],
    example: { data: { job_id: JOB_ID, run: 2 } },
  },
  "/api/cron_job/suspend/:job_id?": {
    tag: "Cron jobs",
    summary: "Suspend a cron job, or let it go on",
    description: "Nothing else changes. While it is suspended its slots are recorded and do not run.",
    fields: SuspendFields,
    isBodyNeeded: true,
    answer: { data: z.string() },
    refusals: [...JOB_REFUSALS, "invalidParameter", "verifyJob", "overtime"],
    example: {
      fields: { suspend: true },
      data: `Job ${JOB_ID} is suspended: its slots are recorded and do not run.`,
    },
  },
  "/api/cron_job/preview": {
    tag: "Cron jobs",
    summary: "Preview a schedule's next slots",
    description: "No job is touched. `skipped`: local times that do not exist and that dst_gap drops.",
    fields: PreviewFields,
    isBodyNeeded: true,
    answer: { data: Preview },
    refusals: ["verifyJob"],
    example: {
      fields: { schedule: "30 2 * * *", time_zone: "Europe/Berlin", from: "2026-03-28T12:00:00Z", count: 1 },
      data: {
        slots: [{ at: 1774746000000, local: "2026-03-29T03:00:00", offset: "+02:00", note: "gap" }],
        skipped: [],
      },
    },
  },
  "/api/job_runs/cancel/:job_id?": {
    tag: "Runs",
    summary: "Cancel one run of a job",
    description: "Ends that run only. Waits up to 15 s for the cluster's confirmation.",
    fields: CancelFields,
    isBodyNeeded: true,
    answer: { data: CancelledRun },
    refusals: [...JOB_REFUSALS, "invalidParameter", "verifyJob", "deleteTimeout", "deleteRefused"],
    example: { fields: { run: 1 }, data: { run: 1, outcome: "removed_from_cluster" } },
  },
  "/api/job_runs/:job_id?": {
    tag: "Runs",
    summary: "List a job's runs, newest first",
    description: "A run shows from its due time on. The newest 1,000 finished runs are kept.",
    fields: RunPageFields,
    isBodyNeeded: false,
    answer: { data: RunPage },
    refusals: [...TOLD_REFUSALS, "invalidParameter"],
    example: {
      fields: { page_num: 1, page_size: 20 },
      data: { total: "1", page_num: 1, page_size: 20, data: [RUN] },
    },
  },
  "/api/job_logs/:job_id?": {
    tag: "Logs",
    summary: "Read a job's logs",
    description:
      "A row for each container of each pod of one run, or of the newest runs, as far as they fit into 64 MiB: where the newest alone does not, a row begins with [watchbell: N bytes cut]; an older run is there whole or not at all.",
    fields: LogFields,
    isBodyNeeded: false,
    answer: { data: z.array(LogRow) },
    refusals: [...JOB_REFUSALS, "invalidParameter", "verifyJob"],
    example: { data: [{ id: 1, pod_name: "hello-8z2gz", run_logs: "k8s jobs !!!\n", create_time: 1795542539 }] },
  },
  "/api/job_logs/:job_id/follow": {
    tag: "Logs",
    summary: "Follow the logs of a run as they are written",
    description:
      "Server-sent events of one run, before its start, while it runs and after its end: line with { pod_name, container, text }, the text without its newline, and at last end with { status }. The id of each line is a decimal number that rises, and Last-Event-ID goes on behind it, in what is stored too; an unknown one replays all. Of a line above 64 KiB the rest is cut, and says so. Comments keep the connection. Of a container whose logs are not collected nothing is replayed after the end.",
    fields: FollowFields,
    isBodyNeeded: false,
    takesLastEventId: true,
    answer: {
      events:
        'id: 1.111234567110042\nevent: line\ndata: {"pod_name":"hello-8z2gz","container":"main","text":"k8s jobs !!!"}\n\nevent: end\ndata: {"status":"succeeded"}\n\n',
    },
    refusals: [...JOB_REFUSALS, "invalidParameter"],
  },
  "/api/job_callbacks/:job_id?": {
    tag: "Callbacks",
    summary: "List the attempts at a job's callbacks, oldest first",
    description: "Kept: the newest 20 callbacks that are settled, and of each the newest 40 attempts.",
    fields: z.object({}),
    isBodyNeeded: false,
    answer: { data: z.array(CallbackAttempt) },
    refusals: TOLD_REFUSALS,
    example: {
      data: [
        { at: 1795542539140, http: 204, error: "", next_at: null, run: 1, event: "finished", webhook_id: MESSAGE },
      ],
    },
  },
  "/api/job_callbacks/:job_id/redeliver": {
    tag: "Callbacks",
    summary: "Send a callback again, now",
    description:
      "The newest that fits run and event, with the same webhook-id and the same bytes; retried for 24 h more.",
    fields: RedeliverFields,
    isBodyNeeded: false,
    answer: { data: Redelivered },
    refusals: [...TOLD_REFUSALS, "invalidParameter", "verifyJob"],
    example: { fields: { run: 1 }, data: { job_id: JOB_ID, run: 1, event: "finished", webhook_id: MESSAGE } },
  },
  "/api/cluster/create": {
    tag: "Clusters",
    summary: "Register a cluster",
    description: "The join token is shown this once.",
    fields: ClusterFields,
    isBodyNeeded: true,
    answer: { data: JoinToken },
    refusals: ["verifyJob", "alreadyExists"],
    example: { fields: { cluster: "local" }, data: { cluster: "local", join_token: "wbj_5e0c…" } },
  },
  "/api/cluster/rotate/:cluster": {
    tag: "Clusters",
    summary: "Give a cluster a new join token",
    description: "The one before stays valid until the next rotation.",
    fields: null,
    isBodyNeeded: false,
    answer: { data: JoinToken },
    refusals: ["notFound"],
    example: { data: { cluster: "local", join_token: "wbj_5e0c…" } },
  },
  "/relay/:cluster": {
    tag: "System",
    summary: "The relays' link, a WebSocket",
    description: "For relays: the token is the cluster's join token.",
    fields: null,
    isBodyNeeded: false,
    answer: { status: 101 },
    refusals: ["unauthorized", "notFound", "upgradeRequired"],
  },
  "/metrics": {
    tag: "System",
    summary: "The control plane's figures, for Prometheus",
    description:
      "In the text format 0.0.4. Asks every cluster's object; sums over clusters are left out where one does not answer.",
    fields: null,
    isBodyNeeded: false,
    answer: { media: "text/plain" },
    refusals: [],
  },
  "/healthz": {
    tag: "System",
    summary: "Whether the API answers",
    fields: null,
    isBodyNeeded: false,
    answer: { data: z.literal("ok") },
    refusals: [],
    example: { data: "ok" },
  },
  "/openapi.json": {
    tag: "System",
    summary: "This document",
    fields: null,
    isBodyNeeded: false,
    answer: { media: "application/json" },
    refusals: [],
  },
  "/docs": {
    tag: "System",
    summary: "This document as a page",
    fields: null,
    isBodyNeeded: false,
    answer: { media: "text/html" },
    refusals: [],
  },
};
