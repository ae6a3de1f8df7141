import type { RunKey } from "../../protocol/words.ts";

/**
 * Where an open run stands with its cluster. `booked`: the control plane's own, sent when due. `sent`: a relay process
 * has the create and has not confirmed it. `created`: its Job was seen; a create is never sent again. `removing`: its Job
 * is being deleted. `final`: over, kept for a while so that a late call meets it.
 */
export const OPEN_RUN_STATES = ["booked", "sent", "created", "removing", "final"] as const;
export type OpenRunState = (typeof OPEN_RUN_STATES)[number];

/**
 * One row per open run: the outbox, the list that is compared at each connect, and the count that capacity looks at. The
 * manifest is kept beside it, since only the hand-over reads it. Times are epoch ms.
 */
export type OpenRun = RunKey & {
  /** The newest decision of the job about this run that was applied here. */
  n: number;
  state: OpenRunState;
  dueAt: number;
  /** After this moment the Job may no longer be created; null: no limit. */
  startDeadlineAt: number | null;
  namespace: string;
  name: string;
  /** When this clock released the run, and when it first went onto a link. */
  firedAt: number | null;
  sentAt: number | null;
  /** The process that was sent the create last, and the link it went onto (the link's `helloAt`). */
  sentTo: string | null;
  sentOn: number | null;
  /** Other processes that were sent the create before `sentTo`, those that may still create it and the last one. */
  sentBefore: readonly string[];
  uid: string | null;
  /** The job took the run back: no Job of it may stay. */
  cancelled: boolean;
  /** A relay found a Job to delete. */
  existed: boolean;
  /** The last word of a relay on why it waits. */
  waiting: { reason: string; message: string } | null;
  /** When the row's command is to be sent again: a fence that ends, or a relay that dropped it; null: not by time. */
  againAt: number | null;
  /** When the job was last asked what to do with this run, which is late. */
  lateAskedAt: number | null;
  /** When a final row is forgotten. */
  forgetAt: number | null;
};

/** How long a final row stays, so that a late call or a late Job meets it (design, "Who owns what"). */
export const FORGET_AFTER_MS = 15 * 60_000;
/** A run is late when no relay was linked for this long after its time (design, "Late runs"). */
export const LATE_AFTER_MS = 5_000;
/** How long a create that a linked relay dropped waits before it is offered again: a quarter of its lateness, within these. */
export const DROPPED_PAUSE_MS = { least: 1_000, most: 30_000 };
/** A long list is worked off in turns of at most this many rows (design, "Bounded"). */
export const ROWS_PER_TURN = 1_000;

/** Identifies a run among all jobs'; also the order of rows that are due at the same moment. */
export function keyOf(run: RunKey): string {
  return `${run.jobId}/${run.run}`;
}

/** Makes the row final at that moment (epoch ms). */
export function finalRow(row: OpenRun, now: number): OpenRun {
  return { ...row, state: "final", againAt: null, waiting: null, forgetAt: now + FORGET_AFTER_MS };
}

/** Orders rows by due time, then by key, so that every pass takes them in the same order. */
export function byDueTime(a: OpenRun, b: OpenRun): number {
  if (a.dueAt !== b.dueAt) return a.dueAt - b.dueAt;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
