import { z } from "zod";

/** Version of the link's protocol; `hello` and `welcome` carry it. */
export const PROTOCOL_VERSION = 1;

/** A job's id: up to 40 lower-case letters and digits, so that it is a valid Kubernetes label value. */
export const JobId = z.string().regex(/^[a-z0-9]{1,40}$/);

/** Which execution of which job: `run` counts from 1 within the job. */
export const RunKey = z.object({ jobId: JobId, run: z.int().min(1) });
export type RunKey = z.infer<typeof RunKey>;

/** The states of a run, in the order of its life; the last five are final. */
export const RUN_STATUSES = [
  "due",
  "sent",
  "created",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "lost",
  "skipped",
] as const;
export const RunStatus = z.enum(RUN_STATUSES);
export type RunStatus = z.infer<typeof RunStatus>;

/** Labels on every Job and Pod of ours (contract, part 3). */
export const LABELS = {
  from: "job_from",
  cluster: "watchbell_cluster",
  jobId: "job_id",
  jobName: "job_name",
  jobType: "job_type",
} as const;

/** Value of the label `job_from` on everything of ours. */
export const JOB_FROM = "watchbell";

/**
 * Annotations on a Job of ours. The relay keeps nothing on disk: after a crash these tell it what a Job is, what to do
 * with its logs, and whether its end was reported.
 */
export const ANNOTATIONS = {
  /** The run's number, decimal. */
  run: "watchbell.dev/run",
  /** `true`: logs of every pod are collected; otherwise those of failed pods only. */
  logCollect: "watchbell.dev/log-collect",
  /** How many bytes of each container's log are kept, decimal. */
  logLimitBytes: "watchbell.dev/log-limit-bytes",
  /** Seconds the finished Job is kept once its end was acknowledged, decimal. */
  ttlSeconds: "watchbell.dev/ttl-seconds",
  /** Set together with the Job's TTL, once its end and its logs are acknowledged: RFC 3339. */
  reportedAt: "watchbell.dev/reported-at",
} as const;

/** The reason codes a relay may give for a create that will never succeed. */
export const REFUSAL_REASONS = [
  "name_taken",
  "namespace_not_allowed",
  "namespace_missing",
  "namespace_terminating",
  "forbidden",
  "invalid",
] as const;
export const RefusalReason = z.enum(REFUSAL_REASONS);
export type RefusalReason = z.infer<typeof RefusalReason>;

/** How often a relay pings, how long one answered ping entitles it to create, and when its process counts as lost. */
export const PING_INTERVAL_MS = 5_000;
export const LEASE_MS = 10_000;
export const LOSS_MS = 20_000;
/** The API server gives a create up after this long (`?timeout=8s`), and the relay with it. */
export const CREATE_TIMEOUT_MS = 8_000;
/** The hibernation auto-response pair: answered in order, without waking the ClusterObject. */
export const PING = "ping";
export const PONG = "pong";
/** A log chunk's text is at most this many UTF-8 bytes; well below the 1 MiB a stored chunk may have. */
export const LOG_CHUNK_BYTES = 256 * 1024;
/** An answer to `follow` has about this many UTF-8 bytes of text at most; one line may go above it. */
export const FOLLOW_BATCH_BYTES = 256 * 1024;
/** How long a relay holds a question for lines that are yet to come; the next one is the sign that somebody still looks. */
export const FOLLOW_WAIT_MS = 10_000;
/** Frames stay below this size; larger ones are refused before they are parsed. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
