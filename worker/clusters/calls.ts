import type { Follow } from "../../protocol/down.ts";
import type { RunKey } from "../../protocol/words.ts";
import type { Counters } from "./counters.ts";

/** A run handed to its cluster's object, to be sent when due. `n` rises with every decision of the job about it. */
export type Booking = RunKey & {
  n: number;
  dueAt: number;
  /** After this moment the Job may no longer be created, epoch ms; null: no limit. */
  startDeadlineAt: number | null;
  namespace: string;
  name: string;
  manifest: Record<string, unknown>;
};

/** `stale`: a decision with a higher n is already applied. `taken`: the run was already sent; nothing changed. */
export type BookAnswer = { answer: "booked" } | { answer: "stale" } | { answer: "taken" };

/** Takes a run back. `unlessSent`: one that was sent by now is left alone. */
export type Cancel = { n: number; namespace: string; name: string; unlessSent: boolean };

/**
 * `unbooked`: it had not been sent and never will be. `removing`: it was sent (or may have been): its Job is being removed,
 * and the fact `removed` or `remove_failed` with this `n` follows. `stale`: a decision with a higher n is already applied.
 * `taken`: it was sent, and only one that was not sent was to be taken back; nothing changed.
 */
export type CancelAnswer = { answer: "unbooked" } | { answer: "removing" } | { answer: "stale" } | { answer: "taken" };

/** What the cluster's object knows about an open run, and about its link; times epoch ms. */
export type RowView = {
  row: {
    state: "booked" | "sent" | "created" | "removing" | "final";
    n: number;
    firedAt: number | null;
    sentAt: number | null;
    /** The last word of a relay on why it waits. */
    waiting: { reason: string; message: string } | null;
  } | null;
  link: { up: boolean /** Since when it is up or away; null: no relay was ever linked. */; since: number | null };
};

/** A question for lines of a run, as the relay gets it (protocol/down.ts). */
export type FollowAsk = Pick<Follow, "ask" | "after" | "ended" | "waitMs">;

/**
 * What became of a job's runs and callbacks in one turn, to be counted once. `ended`: by final state, slots that did not run one
 * by one; `latenessMs`: created − due of each run whose Job was seen; `callbacks`: attempts, by what came of them.
 */
export type Tally = {
  ended: Record<string, number>;
  latenessMs: number[];
  callbacks: Record<string, number>;
  repairs: Record<string, number>;
};

/** What `/metrics` shows of a cluster. */
export type ClusterFigures = {
  linkUp: boolean;
  /** Commands that are due and not confirmed: creates and removals. */
  outboxCommands: number;
  /** Jobs with a run whose Kubernetes Job exists. */
  createdJobs: number;
  counters: Counters;
};

/** What a ClusterObject answers to. Every call may be repeated, but `count`, which is then counted twice. */
export type ClusterCalls = {
  book(booking: Booking): Promise<BookAnswer>;
  cancel(run: RunKey, cancel: Cancel): Promise<CancelAnswer>;
  look(run: RunKey): Promise<RowView>;
  /** Counts what no fact told. */
  count(tally: Tally): Promise<void>;
  figures(): Promise<ClusterFigures>;
  /**
   * Hands a question to the active relay, whose answer comes by the job's `takeLines`; null: nobody looks at the run any more.
   * Nothing is kept of it: who gets no answer asks again. `sent`: a relay is linked.
   */
  follow(run: RunKey, ask: FollowAsk | null): Promise<{ sent: boolean }>;
};
