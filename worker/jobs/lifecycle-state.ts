import type { PodEnd } from "../../protocol/up.ts";
import type { DeleteOutcome } from "./calls.ts";
import type { Definition } from "./definition.ts";

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

/** Something to be done, tried until it is done. `nextAttemptAt` epoch ms; while an attempt is under way: when to try again. */
export type Retry = { attempts: number; nextAttemptAt: number };

/**
 * The run's Job is to be taken back or removed. `why`: its caller deleted it; its start deadline passed; its job was
 * deleted after the end; it turned up for a run that was over. `ask` null: the cluster's object has taken it over.
 */
export type Removal = {
  n: number;
  why: "delete" | "deadline" | "finished" | "repair";
  sinceAt: number;
  ask: Retry | null;
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

/** How a run ended. `reason` is a code, empty on success; `pods` at most 100. */
export type End = { finishedAt: number; reason: string; message: string; pods: PodEnd[]; podCount: number };

export type RunState =
  /** `book` null: the cluster's object has it. `deadlineLook` null: no start deadline, or it was looked at. */
  | { state: "due"; book: (Retry & { problem: string }) | null; deadlineLook: Retry | null }
  | { state: "sent"; firedAt: number | null; sentAt: number | null }
  | ({ state: "created" } & Seen)
  | ({ state: "running"; startedAt: number } & Seen)
  | ({ state: "ending"; startedAt: number | null; result: "succeeded" | "failed"; end: End; logsBy: number } & Seen)
  | { state: FinalState; times: Times; uid: string | null; end: End };

/**
 * One log: a container of a pod, and which start of it. `open`: pieces may still come. `purged`: its body made room for
 * newer ones. `problem`: why it is not whole, empty where nothing is known to be missing.
 */
export type LogEntry = {
  id: number;
  podName: string;
  podUid: string;
  container: string;
  restart: number;
  severalContainers: boolean;
  createdAt: number;
  state: "open" | "done" | "purged";
  /** The run's end waits for it. */
  awaited: boolean;
  nextSeq: number;
  /** Size of piece 0: a relay that begins anew may cut its pieces elsewhere. */
  firstBytes: number;
  bytes: number;
  /** Stored chunks, and how full the last one is. */
  chunks: number;
  tailBytes: number;
  problem: string;
};

/** One execution of the job. Its manifest is a pure function of the job's definition and these fields. */
export type Run = {
  run: number;
  slotAt: number | null;
  kubeJob: string;
  /** null: no cluster fits yet. */
  cluster: string | null;
  dueAt: number;
  startDeadlineAt: number | null;
  /** Rises with every decision about this run; the cluster's object answers an older one and does not apply it. */
  n: number;
  removal: Removal | null;
  logs: LogEntry[];
} & RunState;

export type Deletion =
  | { state: "asked"; askedAt: number }
  /** The cluster refused; the job keeps its status and may be deleted again. */
  | { state: "refused"; message: string }
  | { state: "done"; at: number; outcome: DeleteOutcome };

/**
 * The index row still to be written: where `written` is below `version`. `net` says who comes back to it if this attempt is
 * lost in a crash: the sweep (it finds the old row overdue, or the claim without a row), the relay (its fact is not
 * acknowledged before the attempt), or our own alarm, which costs a written row.
 */
export type IndexState = {
  version: number;
  written: number;
  attempts: number;
  nextAttemptAt: number;
  net: "sweep" | "relay" | "alarm";
};

/** All that a job is, kept as one packed value; log bodies have keys of their own. */
export type Job = {
  format: 1;
  jobId: string;
  id: number;
  installation: string;
  definition: Definition;
  createdAt: number;
  updatedAt: number;
  /** The open runs and the newest one. */
  runs: Run[];
  times: number;
  successTimes: number;
  /** Jobs that turned up for a run that was over, and were removed. */
  repairs: number;
  nextLogId: number;
  logBytes: number;
  deletion: Deletion | null;
  /** What a cluster said when it refused to remove a finished run's Job; empty: nothing. */
  leftover: string;
  /** `releasing` null: the name is held, or given up for good (`nameHeld` false). */
  nameHeld: boolean;
  releasing: Retry | null;
  index: IndexState;
  /** Set once the job is over: when all of it is forgotten. */
  purge: Retry | null;
};
