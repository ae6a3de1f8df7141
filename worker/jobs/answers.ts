import { z } from "zod";
import { JobId, RunStatus } from "../../protocol/words.ts";
import { CALLBACK_EVENTS } from "./lifecycle-callback.ts";
import { MAX_PAGE_SIZE } from "./list-fields.ts";

/** Slots of one preview (contract, part 5). */
export const MAX_PREVIEW = 1_000;

/** Epoch ms, or null where it has not happened (yet). */
const At = z.int().nullable();
const UnixSeconds = z.int();

/** What a create answers. */
export const Created = z.strictObject({ job_id: JobId });

/** The seed's OnceJob: its fields, names and types; times unix seconds, `metadata` a JSON text. */
export const OnceJob = z
  .strictObject({
    id: z.int().meta({ description: "Newer jobs have larger ones." }),
    job_id: JobId,
    job_name: z.string(),
    job_exec_time: UnixSeconds,
    namespace: z.string(),
    metadata: z.string().meta({ description: "JSON: the metadata keys that were given, and the defaults of others." }),
    image: z.string(),
    command: z.string(),
    timeout: z.int().min(0),
    job_status: z
      .literal([-1, 0, 1, 2, 3])
      .meta({ description: "-1 submitted, 0 created in the cluster, 1 failed, 2 succeeded, 3 deleted." }),
    job_exec_information: z.string().meta({ description: "Why it failed, or how it ended." }),
    job_times: z.int().min(0).meta({ description: "Kubernetes Jobs created for it." }),
    job_success_times: z.int().min(0).meta({ description: "Those that succeeded." }),
    create_time: UnixSeconds,
    update_time: UnixSeconds,
  })
  .meta({ id: "OnceJob" });
export type OnceJob = z.infer<typeof OnceJob>;

/** One run as `describe` and `job_runs` show it; `…_at` epoch ms, null: not (yet) happened. */
export const RunAnswer = z
  .strictObject({
    run: z.int().min(1),
    slot_at: At,
    count: z.int().min(1).meta({ description: "Slots of a skipped record; 1 for all else." }),
    status: RunStatus,
    cluster: z.string().nullable(),
    kube_job: z.string().meta({ description: "The name of its Kubernetes Job." }),
    due_at: z.int(),
    fired_at: At,
    sent_at: At,
    created_at: At,
    started_at: At,
    finished_at: At,
    lateness_ms: z.int().nullable().meta({ description: "created_at less due_at." }),
    reason: z.string().meta({ description: "A code; empty on success." }),
    message: z.string(),
    pods: z.array(z.strictObject({ pod_name: z.string(), exit_code: z.int().nullable(), reason: z.string() })).max(100),
    pod_count: z.int().min(0),
  })
  .meta({ id: "Run" });
export type RunAnswer = z.infer<typeof RunAnswer>;

/** What `describe` answers: the job, where it stands and why, and its last runs. */
export const DescribedOnceJob = OnceJob.extend({
  cluster: z.string().nullable(),
  status: z.enum([...RunStatus.options, "deleted"]),
  explain: z.string().meta({ description: "One sentence: what it waits for, or how it ended." }),
  runs: z.array(RunAnswer).max(20).meta({ description: "The last 20, newest first." }),
}).meta({ id: "DescribedOnceJob" });
export type DescribedOnceJob = z.infer<typeof DescribedOnceJob>;

/** A cron job: the seed's fields of a once job, and its schedule; times unix seconds, 0: none. */
const CRON_FIELDS = {
  schedule: z.string(),
  time_zone: z.string(),
  dst_gap: z.enum(["skip", "first_valid", "shift"]),
  dst_overlap: z.enum(["first", "second", "both"]),
  concurrency_policy: z.enum(["Allow", "Forbid", "Replace", "Queue"]),
  misfire_policy: z.enum(["skip", "latest", "all"]),
  misfire_limit: z.int().min(1).max(100),
  starting_deadline_seconds: z.int().min(1).nullable(),
  suspend: z.boolean(),
  job_end_time: UnixSeconds.meta({ description: "0: no end." }),
  next_exec_time: UnixSeconds.meta({ description: "Its next slot; 0: none is to come, or it is suspended." }),
  last_exec_time: UnixSeconds.meta({ description: "Due time of the newest created run; 0: none yet." }),
  last_success_time: UnixSeconds.meta({ description: "End of the newest run that succeeded; 0: none yet." }),
};
export const CronJob = OnceJob.extend(CRON_FIELDS).meta({ id: "CronJob" });
export type CronJob = z.infer<typeof CronJob>;

/** What `describe` answers of a cron job. */
export const DescribedCronJob = DescribedOnceJob.extend(CRON_FIELDS).meta({ id: "DescribedCronJob" });
export type DescribedCronJob = z.infer<typeof DescribedCronJob>;

/** A page of once jobs, the newest first; `total` is text, as in the seed. */
export const OnceJobPage = z
  .strictObject({
    total: z
      .string()
      .regex(/^\d{1,5}$/)
      .meta({ description: "Exact up to 10,000." }),
    total_is_min: z.literal(true).optional().meta({ description: "Only where total is a lower bound." }),
    page_num: z.int().min(1),
    page_size: z.int().min(1).max(MAX_PAGE_SIZE),
    next_cursor: z.string().nullable().meta({ description: "Goes on behind this page; null: there is nothing more." }),
    data: z.array(OnceJob).max(MAX_PAGE_SIZE),
  })
  .meta({ id: "OnceJobPage" });
export type OnceJobPage = z.infer<typeof OnceJobPage>;

/** A page of cron jobs, as one of once jobs. */
export const CronJobPage = OnceJobPage.extend({ data: z.array(CronJob).max(MAX_PAGE_SIZE) }).meta({
  id: "CronJobPage",
});
export type CronJobPage = z.infer<typeof CronJobPage>;

/** A page of a job's runs, the newest first; `total` is text, as in lists. */
export const RunPage = z
  .strictObject({
    total: z.string().regex(/^\d{1,5}$/),
    page_num: z.int().min(1),
    page_size: z.int().min(1).max(MAX_PAGE_SIZE),
    data: z.array(RunAnswer).max(MAX_PAGE_SIZE),
  })
  .meta({ id: "RunPage" });
export type RunPage = z.infer<typeof RunPage>;

/** One row of `job_logs`: one container of one pod. */
export const LogRow = z
  .strictObject({
    id: z.int().min(1),
    pod_name: z.string(),
    run_logs: z.string(),
    create_time: UnixSeconds,
    container: z.string().optional().meta({ description: "Only where the pod has several." }),
  })
  .meta({ id: "LogRow" });

/** What somebody met who ended a job or a run of it. */
const Outcome = z.enum(["cancelled_before_dispatch", "removed_from_cluster", "already_finished"]);

/** What a delete answers. */
export const Deleted = z.strictObject({ job_id: JobId, outcome: Outcome });
export type Deleted = z.infer<typeof Deleted>;

/** What a rerun answers. */
export const Rerun = z.strictObject({ job_id: JobId, run: z.int().min(1) });
export type Rerun = z.infer<typeof Rerun>;

/** What a trigger answers. */
export const Triggered = Rerun;

/** What a preview answers: the next slots, and the local times that the rules drop. */
export const Preview = z
  .strictObject({
    slots: z
      .array(
        z.strictObject({
          at: z.int().meta({ description: "Epoch ms." }),
          local: z.string(),
          offset: z.string().regex(/^[+-]\d\d:\d\d$/),
          note: z.enum(["", "gap", "overlap-first", "overlap-second"]),
        }),
      )
      .max(MAX_PREVIEW),
    skipped: z.array(z.strictObject({ local: z.string(), reason: z.literal("dst_gap") })).max(MAX_PREVIEW),
  })
  .meta({ id: "Preview" });
export type Preview = z.infer<typeof Preview>;

/** What the cancel of a run answers. */
export const CancelledRun = z.strictObject({ run: z.int().min(1), outcome: Outcome });
export type CancelledRun = z.infer<typeof CancelledRun>;

/** One attempt at a callback, as `job_callbacks` shows it. */
export const CallbackAttempt = z
  .strictObject({
    at: z.int(),
    http: z.int().min(0).max(999).meta({ description: "The answer's status; 0: no answer." }),
    error: z.string().meta({ description: "Empty: it was taken." }),
    next_at: At.meta({ description: "When the next attempt follows; null: none does." }),
    run: z.int().min(1),
    event: z.enum(CALLBACK_EVENTS),
    webhook_id: z.string(),
  })
  .meta({ id: "CallbackAttempt" });
export type CallbackAttempt = z.infer<typeof CallbackAttempt>;

/** Which callback is sent again. */
export const Redelivered = CallbackAttempt.pick({ run: true, event: true, webhook_id: true }).extend({ job_id: JobId });
export type Redelivered = z.infer<typeof Redelivered>;
