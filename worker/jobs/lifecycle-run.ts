import type { PodEnd } from "../../protocol/up.ts";
import type { DeleteOutcome } from "./calls.ts";
import type { Definition } from "./definition.ts";
import type { LogEntry, Retry } from "./lifecycle-state.ts";

/**
 * States of a run as its job keeps them. `ending` is shown as `running`: the Job is over and its logs are still coming in
 * (design, "Logs"). The last five are final and never change again.
 */
export const RUN_STATES = [
  "due",
  "sent",
  "created",
  "running",
  "ending",
  "succeeded",
  "failed",
  "cancelled",
  "lost",
  "skipped",
] as const;

export type FinalState = "succeeded" | "failed" | "cancelled" | "lost" | "skipped";

/**
 * The run's Job is to be taken back or removed. `why`: its caller deleted the job, updated it, or cancelled the run; its
 * start deadline passed before a Job or, `not_started`, a container of it was there; its job was deleted or updated after the
 * end; it turned up for a run that was over. Of a cron job's: a newer slot replaces it; `take_back`: only if it was not sent, and
 * then its slot is judged anew. `ask` null: the cluster's object has taken it over. `failedWith`: a failure that
 * came meanwhile, which is the removal's doing unless that is refused.
 */
export type Removal = {
  n: number;
  why: "delete" | "update" | "cancel" | "replace" | "take_back" | "deadline" | "not_started" | "finished" | "repair";
  sinceAt: number;
  ask: Retry | null;
  failedWith: End | null;
  /** What a run that did not start in time waited for; null: nobody said. */
  waitedFor?: string | null;
};

/** A run whose Kubernetes Job was seen; epoch ms, each at least the one before. */
export type Seen = { firedAt: number; sentAt: number; createdAt: number; uid: string };

/** When each step happened, epoch ms; null: it did not. */
export type Times = {
  firedAt: number | null;
  sentAt: number | null;
  createdAt: number | null;
  startedAt: number | null;
};

/**
 * How a run ended. `reason` is a code, empty on success; `pods` at most 100. `outcome`: what the caller who ended it met; null:
 * it ended by itself.
 */
export type End = {
  finishedAt: number;
  reason: string;
  message: string;
  pods: PodEnd[];
  podCount: number;
  outcome: DeleteOutcome | null;
};

/**
 * How a slot's run that was not sent stands. `hold`: `turn`: it waits for its turn among the job's runs; `missed`: its cluster
 * was away at its time, and the misfire policy decides when a relay comes; `ghost`: its slot is settled otherwise, and it only
 * stands for the row that makes its cluster's object ask when a relay comes. `row`: of a run on hold, that object has a row.
 * `isMissed`: it was missed once. `isJudged`: it had its turn to wait for, so that an absent cluster is no miss.
 */
export type SlotStanding = {
  hold: "none" | "turn" | "missed" | "ghost";
  row: boolean;
  isMissed: boolean;
  isJudged: boolean;
};

export type RunState =
  /**
   * `book` null: the cluster's object has it. `deadlineLook` null: no start deadline, or it was looked at. `takesOver`: it may
   * not be booked before every earlier run of the job is over. `slot`: how a cron job's run stands with its slot.
   */
  | {
      state: "due";
      book: (Retry & { problem: string }) | null;
      deadlineLook: Retry | null;
      takesOver: boolean;
      slot?: SlotStanding;
    }
  | { state: "sent"; firedAt: number | null; sentAt: number | null }
  /** `deadlineLook` null: it may start for ever. */
  | ({ state: "created"; deadlineLook: Retry | null } & Seen)
  | ({ state: "running"; startedAt: number } & Seen)
  | ({ state: "ending"; startedAt: number | null; result: "succeeded" | "failed"; end: End; logsBy: number } & Seen)
  | { state: FinalState; times: Times; uid: string | null; end: End };

/** One execution of the job. Its manifest is a pure function of its definition and these fields. */
export type Run = {
  run: number;
  slotAt: number | null;
  /** Its own: an update gives the job another one. null: the run is over and has a key of its own, where nobody needs it. */
  definition: Definition | null;
  namespace: string;
  kubeJob: string;
  /** null: no cluster fits yet. */
  cluster: string | null;
  dueAt: number;
  startDeadlineAt: number | null;
  /** Rises with every decision about this run; the cluster's object answers an older one and does not apply it. */
  n: number;
  removal: Removal | null;
  /** What its cluster said when it refused the last removal; empty: nothing. */
  refusal: string;
  /** How many lost runs it runs again, one after another (`on_lost`). */
  afterLost: number;
  /** Its being late was told to its receiver. */
  lateTold?: true;
  /** Of a record: how many slots did not run, the newest of them at `slotAt`; absent: 1. */
  count?: number;
  logs: LogEntry[];
} & RunState;
