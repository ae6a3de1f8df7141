import type { BookAnswer, CancelAnswer, RowView } from "../clusters/calls.ts";
import type { CreateInput, TakenFact, UpdateInput } from "./calls.ts";
import type { CallbackEvent } from "./lifecycle-callback.ts";
import type { Run } from "./lifecycle-run.ts";
import type { HeldName, Job } from "./lifecycle-state.ts";

/** Everything that can happen to a job: requests, facts, the clock, and how the effects came out. */
export type Event =
  | { type: "create"; input: CreateInput }
  | { type: "update"; input: UpdateInput }
  | { type: "rerun" }
  | { type: "suspend"; suspend: boolean }
  | { type: "trigger" }
  | { type: "cancel"; run: number }
  | { type: "delete"; force: boolean }
  | { type: "fact"; cluster: string; taken: TakenFact }
  /** `linked`: a relay of the cluster has come. */
  | { type: "late"; cluster: string; run: number; linked: boolean }
  | { type: "poke" }
  | { type: "tick" }
  | { type: "chosen"; run: number; cluster: string | null }
  | { type: "choose_failed"; run: number; problem: string }
  | { type: "booked"; run: number; n: number; answer: BookAnswer["answer"] }
  | { type: "book_failed"; run: number; n: number; problem: string }
  /** `linkedSince`: since when a relay of the cluster is linked, epoch ms; null: none is. */
  | { type: "looked"; run: number; row: RowView["row"]; linkedSince: number | null }
  | { type: "look_failed"; run: number }
  | { type: "cancel_answered"; run: number; n: number; answer: CancelAnswer["answer"] }
  | { type: "cancel_failed"; run: number; n: number }
  | { type: "index_written"; version: number }
  | { type: "index_failed" }
  | { type: "name_released"; name: HeldName }
  | { type: "release_failed"; name: HeldName }
  /** Finished runs that were read for a deletion; `below` null: there are no more. */
  | { type: "recalled"; runs: Run[]; below: number | null }
  | { type: "purge_failed" }
  /** An attempt at a callback, begun at `at`; `http` 0: no answer; `error` empty: taken; `jitter` from 0 to 1. */
  | {
      type: "called";
      run: number;
      event: CallbackEvent;
      n: number;
      at: number;
      http: number;
      error: string;
      jitter: number;
    }
  | { type: "redeliver"; wanted: { run?: number; event?: CallbackEvent } };

/** Why an event changes nothing; the caller needs no answer of its own for it. */
export type IgnoreReason =
  | "no_job"
  | "unknown_run"
  | "other_cluster"
  | "older_decision"
  | "already_known"
  | "run_is_over"
  | "being_removed"
  | "not_open"
  | "nothing_due"
  | "kept_by_cluster"
  | "deleted";

/** Why a request or a piece of a log is not taken. */
export type RefusalCode =
  | "unknown"
  | "exists"
  | "claim_first"
  | "claim_too_old"
  | "submitted"
  | "deleted"
  | "not_finished"
  | "too_many_runs"
  | "too_many_open"
  | "behind"
  | "unknown_run"
  | "unknown_callback"
  | "log";

/** A change of a log's body, done in the same turn as the commit of its job. */
export type BodyChange =
  /** Onto the end of that chunk, which exists unless `fresh`. */
  | { op: "append"; logId: number; chunk: number; fresh: boolean; bytes: Uint8Array }
  | { op: "drop"; logId: number; chunks: number };

/** What one event does. */
export type Step =
  | { kind: "moved"; job: Job; bodies: BodyChange[] }
  | { kind: "ignored"; reason: IgnoreReason }
  | { kind: "refused"; code: RefusalCode; reason: string };

/** The event moves the job on. */
export function moved(job: Job, bodies: BodyChange[] = []): Step {
  return { kind: "moved", job, bodies };
}

/** The event does not fit, and that is as good. */
export function ignored(reason: IgnoreReason): Step {
  return { kind: "ignored", reason };
}

/** The event does not fit, and its sender must hear why. */
export function refused(code: RefusalCode, reason: string = code): Step {
  return { kind: "refused", code, reason };
}
