import type { Retry } from "./lifecycle-state.ts";

/** What is told: a run's end, slots that did not run, or a run that is not created 60 s after its time (contract, part 4). */
export const CALLBACK_EVENTS = ["finished", "skipped", "late"] as const;
export type CallbackEvent = (typeof CALLBACK_EVENTS)[number];

/** One attempt that has come back. `http` 0: no answer; `error` empty: it was taken; `nextAt` null: none follows. */
export type CallAttempt = { at: number; http: number; error: string; nextAt: number | null };

/**
 * A call that is still to be made. `n` rises with each decision to call, so that an outcome belongs to one. `since`: when it
 * was first to be made, from which its 24 h count. `pauseMs` 0: before the first retry.
 */
export type Call = Retry & { n: number; since: number; pauseMs: number; isUnderWay: boolean };

/**
 * What the receiver of a run's callback is told. `body` is kept as text, since every attempt and redelivery sends the same
 * bytes. `call` null: it was taken, it was given up after 24 h, or its job was deleted. `n`: the newest call's.
 */
export type Callback = {
  run: number;
  event: CallbackEvent;
  /** The `webhook-id`: one per run and event. */
  id: string;
  url: string;
  body: string;
  n: number;
  call: Call | null;
  /** The newest, oldest first. */
  attempts: CallAttempt[];
};
