import type { LogCut } from "../../protocol/up.ts";
import type { DeleteOutcome } from "./calls.ts";
import type { Definition } from "./definition.ts";
import type { Callback } from "./lifecycle-callback.ts";
import type { Run } from "./lifecycle-run.ts";

/** Something to be done, tried until it is done. `nextAttemptAt` epoch ms; while an attempt is under way: when to try again. */
export type Retry = { attempts: number; nextAttemptAt: number };

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
  /** Size and sum of piece 0: a relay that reads the log anew may find another beginning (a rotation, a follow). */
  firstBytes: number;
  firstSum: number;
  bytes: number;
  /** Stored chunks, and how full the last one is. */
  chunks: number;
  tailBytes: number;
  problem: string;
  /** Where its middle was cut; absent: it was not, or its relay does not say where. */
  cut?: LogCut;
};

export type Deletion =
  /** `met`: the strongest of what its runs that are over by now said. */
  | { state: "asked"; askedAt: number; met: DeleteOutcome }
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

/**
 * A name that is claimed in D1 for this job. `releasing` null: it is held. A release is for claims up to that moment (epoch ms),
 * so that one which arrives late can't take a name away that was claimed anew.
 */
export type HeldName = {
  namespace: string;
  jobName: string;
  claimedAt: number;
  releasing: (Retry & { upTo: number }) | null;
};

/** A slot whose time has come and whose run was taken back, to be judged anew; the two as in `SlotStanding`. */
export type SlotBack = { at: number; isMissed: boolean; isJudged: boolean };

/** How far a cron job's clock has come, epoch ms. */
export type CronState = {
  /** Every slot up to here is a run or in a record, or was dropped by an edit. */
  cursor: number;
  /** Slots after the cursor that have had their run: cancelled before its time, or sent just before an edit. */
  ahead: number[];
  /** Slots up to the cursor that are to be judged anew, once nothing is being taken back any more. */
  back: SlotBack[];
  /** The last slot that was settled; null: none, or what is next does not follow it. */
  lastAt: number | null;
  /** What the schedule says next after the cursor; `isSlot` false: a local time that `dst_gap` drops; null: nothing more. */
  next: { at: number; isSlot: boolean } | null;
  /** Where its runs go; null: no cluster fits yet. */
  cluster: string | null;
  /** Due time of the newest created run, and end of the newest succeeded one; null: none yet. */
  lastExecAt: number | null;
  lastSuccessAt: number | null;
};

/** All that a job is, kept as one packed value; finished runs and log bodies have keys of their own. */
export type Job = {
  format: 2;
  jobId: string;
  id: number;
  installation: string;
  definition: Definition;
  /** SHA-256 of the create's JSON; absent where it had no Idempotency-Key. */
  bodyHash?: string;
  createdAt: number;
  updatedAt: number;
  /**
   * In order of their numbers: the current run, those that are open or whose Job is being removed, and, within a turn, those
   * that were read from their own keys for it.
   */
  runs: Run[];
  /** The run that speaks for a once job; 0: a cron job, for which `speaker` finds one. */
  current: number;
  nextRun: number;
  /** Finished runs that have keys of their own. */
  finishedRuns: number;
  /** A deletion that has yet to look for the Jobs of finished runs below that number. */
  clearing: (Retry & { below: number }) | null;
  times: number;
  successTimes: number;
  /** Jobs that turned up for a run that was over, and were removed. */
  repairs: number;
  nextLogId: number;
  logBytes: number;
  /** When the retention of an older run's logs is over, epoch ms; null, or absent as earlier versions had it: of none. */
  logsExpireAt?: number | null;
  deletion: Deletion | null;
  /** What a cluster said when it refused to remove a finished run's Job; empty: nothing. */
  leftover: string;
  /** What receivers of callbacks are told, in the order in which it happened; absent: nothing was ever to be told. */
  callbacks?: Callback[];
  /** That of the definition, and those that open runs still have; empty once a deletion has given them up. */
  names: HeldName[];
  index: IndexState;
  /** Set once the job is over: when all of it is forgotten. */
  purge: Retry | null;
  /** Absent: a once job. */
  cron?: CronState;
};
