import type { Fact, Lines, PodEnd } from "../../protocol/up.ts";
import type { RunStatus } from "../../protocol/words.ts";
import type { Tally } from "../clusters/calls.ts";
import type { Definition } from "./definition.ts";
import type { Callback, CallbackEvent } from "./lifecycle-callback.ts";

/** The seed's `job_status`: -1 submitted, 0 created in the cluster, 1 failed, 2 succeeded, 3 deleted. */
export type JobStatus = -1 | 0 | 1 | 2 | 3;

/** A job's kind; the routes of one kind know only its own ids (contract, part 2). */
export type JobType = "once" | "cron";

/** What a delete or cancel met (contract, part 2). */
export type DeleteOutcome = "cancelled_before_dispatch" | "removed_from_cluster" | "already_finished";

/** One run as `job_runs` and `describe` give it; `…At` epoch ms, null: not (yet) happened. */
export type RunView = {
  run: number;
  slotAt: number | null;
  count: number;
  status: RunStatus;
  cluster: string | null;
  kubeJob: string;
  dueAt: number;
  firedAt: number | null;
  sentAt: number | null;
  createdAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  /** created − due, ms. */
  latenessMs: number | null;
  /** A code; empty on success. */
  reason: string;
  message: string;
  /** At most 100. */
  pods: PodEnd[];
  podCount: number;
};

/** Everything `describe` shows of a job. */
export type JobSnapshot = {
  jobId: string;
  /** The seed's integer id; newer jobs have larger ones. */
  id: number;
  jobType: JobType;
  definition: Definition;
  jobStatus: JobStatus;
  /** The newest run's status as a word, or `deleted`. */
  status: RunStatus | "deleted";
  /** The seed's `job_exec_information`: why it failed, or how it ended. */
  information: string;
  /** Kubernetes Jobs created for it. */
  times: number;
  /** Those that succeeded. */
  successTimes: number;
  cluster: string | null;
  /** One sentence: what it waits for, or how it ended. */
  explain: string;
  createdAt: number;
  updatedAt: number;
  /** The last 20, newest first. */
  runs: RunView[];
  /** Of a cron job, epoch ms; null: none. */
  slots?: SlotTimes;
};

/** `nextAt`: its next slot; `lastExecAt`: due time of the newest created run; `lastSuccessAt`: end of the newest succeeded one. */
export type SlotTimes = { nextAt: number | null; lastExecAt: number | null; lastSuccessAt: number | null };

/** Part of a job's runs, newest first, and how many are shown in all. */
export type RunsPart = { runs: RunView[]; total: number };

/** A create, its name already claimed in D1. `claimedAt`: an object refuses a claim older than 30 s. */
export type CreateInput = {
  jobId: string;
  id: number;
  installation: string;
  /** The cluster chosen for its run; null: none fits yet. */
  cluster: string | null;
  definition: Definition;
  claimedAt: number;
  /** When the create came first, epoch ms: a retry that meets its own claim finds it there. */
  createdAt: number;
  /** SHA-256 of the create's JSON; null: it had no Idempotency-Key. */
  bodyHash: string | null;
};
export type CreateAnswer =
  | { answer: "created" }
  | { answer: "claim_too_old" }
  | { answer: "exists"; creation: Creation };

/** What a retry of a create is compared with. */
export type Creation = { jobType: JobType; bodyHash: string | null; isDeleted: boolean };

/**
 * An update, checked, with the cluster chosen for its run (null: none fits yet). `claimedAt`: when its new name was claimed;
 * null: it was not.
 */
export type UpdateInput = {
  definition: Definition;
  cluster: string | null;
  force: boolean;
  claimedAt: number | null;
};
export type UpdateAnswer =
  | { answer: "updated"; outcome: DeleteOutcome; run: number; dueAt: number }
  | { answer: "unknown" }
  /** The job is deleted, or is being so. */
  | { answer: "deleted" }
  /** Rule 254. */
  | { answer: "submitted" }
  /** The name is not the job's: it must be claimed for it first; its integer id goes into the claim. */
  | { answer: "claim_first"; id: number }
  | { answer: "claim_too_old" }
  /** Rule 253: the new definition is taken, and goes out as soon as the old Job is gone. */
  | { answer: "timeout" }
  /** Rule 255: the cluster refused to remove the old Job, so the old definition stays; its words. */
  | { answer: "refused"; message: string };

/** How a cron job took its new definition; `nextAt`: its next slot, epoch ms. The others as for a once job. */
export type UpdateCronAnswer =
  | { answer: "updated"; outcome: DeleteOutcome; nextAt: number | null }
  /** Its slots of a long absence are still being counted: to be asked again. */
  | { answer: "behind" }
  /** Too many large definitions are kept for runs that are open. */
  | { answer: "too_many_open" }
  | Exclude<UpdateAnswer, { answer: "updated" | "submitted" | "refused" }>;

export type SuspendAnswer =
  | { answer: "suspended"; suspend: boolean; nextAt: number | null }
  | { answer: "unknown" }
  | { answer: "deleted" }
  | { answer: "behind" };

export type TriggerAnswer =
  | { answer: "triggered"; run: number }
  | { answer: "unknown" }
  | { answer: "deleted" }
  /** No number is left that its Jobs' names have room for. */
  | { answer: "too_many_runs" }
  /** 500 of its runs are open. */
  | { answer: "too_many_open" };

export type RerunAnswer =
  | { answer: "rerun"; run: number }
  | { answer: "unknown" }
  | { answer: "deleted" }
  | { answer: "not_finished" }
  | { answer: "too_many_runs" };

/** How the cancel of one run came out; 253 and 255 as for a delete. */
export type CancelRunAnswer =
  | { answer: "cancelled"; outcome: DeleteOutcome }
  | { answer: "unknown" }
  | { answer: "unknown_run" }
  | { answer: "timeout" }
  | { answer: "refused"; message: string };

export type DeleteAnswer =
  | { answer: "deleted"; outcome: DeleteOutcome }
  /** No such job here. */
  | { answer: "unknown" }
  /** Rule 254: submitted and not yet created, and no `force`. */
  | { answer: "submitted" }
  /** Rule 253: going on, not confirmed within the wait. */
  | { answer: "timeout" }
  /** Rule 255: the cluster refused; its words. */
  | { answer: "refused"; message: string };

/** Which callback is to be sent again; absent: whichever is the newest. */
export type CallbackQuery = { run?: number; event?: CallbackEvent };
export type RedeliverAnswer =
  | { answer: "redelivered"; run: number; event: CallbackEvent; id: string }
  | { answer: "unknown" }
  | { answer: "unknown_callback" };

/** Which log rows a caller wants; absent: the newest runs', whole. */
export type LogQuery = { run?: number; podName?: string; tailLines?: number };

/** A follow of a run (absent: of the newest, or the one that the id names), from behind the event of that id; empty: from its beginning. */
export type FollowQuery = { run?: number; lastEventId: string };
export type FollowAnswer =
  | { answer: "events"; events: ReadableStream<Uint8Array> }
  | { answer: "unknown" }
  | { answer: "unknown_run" }
  /** So many follow logs of this job already. */
  | { answer: "too_many" };

/** A fact with the moment it happened by the control plane's clock (receipt less its age), epoch ms. */
export type TakenFact = { fact: Fact; at: number; firedAt: number | null; sentAt: number | null };

/** What became of a fact. `final`: the run is over, its row may be forgotten after a while. */
export type FactAnswer =
  /** `tally`: what the call did, said once: with its first fact that is taken. */
  | { answer: "ok"; final: boolean; tally?: Tally }
  /** No object knows this job or run. */
  | { answer: "gone" }
  | { answer: "refused"; reason: string };

/** What to do with a booked run whose cluster was away at its time. */
export type LateAnswer = "keep" | "move" | "drop";

/** What a JobObject answers to; the Worker, the ClusterObject and the sweep call it. Every call may be repeated. */
export type JobCalls = {
  create(input: CreateInput): Promise<CreateAnswer>;
  /** How the job was created, for a retry with the same Idempotency-Key; null: no such job here. */
  creation(): Promise<Creation | null>;
  /** null: no such job here (it was never created, or was purged). */
  describe(): Promise<JobSnapshot | null>;
  /** Waits at most `waitMs` until the old Job is gone; the update itself goes on. */
  update(input: UpdateInput, waitMs: number): Promise<UpdateAnswer>;
  rerun(): Promise<RerunAnswer>;
  /** The same for a cron job; it waits for what was booked to be taken back, and leaves alone what was sent. */
  updateCron(input: UpdateInput, waitMs: number): Promise<UpdateCronAnswer>;
  suspend(suspend: boolean): Promise<SuspendAnswer>;
  trigger(): Promise<TriggerAnswer>;
  /** Waits at most `waitMs` for the cluster's confirmation; the cancellation itself goes on. */
  cancelRun(run: number, waitMs: number): Promise<CancelRunAnswer>;
  /** Waits at most `waitMs` for the cluster's confirmation; the deletion itself goes on. */
  delete(options: { jobType: JobType; force: boolean; waitMs: number }): Promise<DeleteAnswer>;
  /** The runs after the newest `skip` of them, at most `count`; null: no such job here. */
  runs(part: { skip: number; count: number }): Promise<RunsPart | null>;
  /** The rows as one JSON array, UTF-8; without `run` at most 64 MiB of `run_logs`; null: no such job here. */
  logs(query: LogQuery): Promise<ReadableStream<Uint8Array> | null>;
  /** The lines of one run's logs as server-sent events, UTF-8, from those that are stored to those that are yet to come. */
  follow(query: FollowQuery): Promise<FollowAnswer>;
  /** What a relay answers to a question of a follow; what nobody waits for any more is dropped. */
  takeLines(cluster: string, lines: Lines): Promise<void>;
  /** What receivers were told, or are to be; null: no such job here. */
  callbacks(): Promise<Pick<Callback, "run" | "event" | "id" | "attempts">[] | null>;
  redeliver(wanted: CallbackQuery): Promise<RedeliverAnswer>;
  takeFacts(cluster: string, facts: TakenFact[]): Promise<FactAnswer[]>;
  /** `linked`: whether a relay of the cluster has come. */
  late(cluster: string, run: number, linked: boolean): Promise<LateAnswer>;
  /** The sweep's call: do what is overdue, mend a missing index row. False: no such job here. */
  poke(): Promise<boolean>;
  /** Whether this object holds that name: the sweep removes claims nobody holds. */
  holdsName(namespace: string, jobName: string): Promise<boolean>;
};
