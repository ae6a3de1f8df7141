import type { BookAnswer } from "../clusters/calls.ts";
import { retryAfter, retryNow } from "./lifecycle-clock.ts";
import { type Event, ignored, moved, type Step } from "./lifecycle-events.ts";
import { FACTS_MS } from "./lifecycle-limits.ts";
import { removeNow } from "./lifecycle-removal.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, inState, isSubmitted, withRun } from "./lifecycle-runs.ts";
import { isOnHold } from "./lifecycle-slot-clock.ts";
import type { Job } from "./lifecycle-state.ts";

/** How placing and booking a run came out. */
export type BookingOutcome = Extract<
  Event,
  { type: "chosen" | "choose_failed" | "booked" | "book_failed" | "looked" | "look_failed" }
>;

/** What the outcome does to the job; one that events have overtaken does nothing. */
export function takeBookingOutcome(job: Job, event: BookingOutcome, now: number): Step {
  switch (event.type) {
    case "chosen":
      return clusterChosen(job, event.run, event.cluster, now);
    case "choose_failed":
      return chooseFailed(job, event.run, event.problem, now);
    case "booked":
      return runBooked(job, event.run, event.n, event.answer);
    case "book_failed":
      return bookFailed(job, event.run, event.n, event.problem, now);
    case "looked":
      return rowLookedAt(job, event, now);
    case "look_failed":
      return lookFailed(job, event.run, now);
  }
}

type DueRun = Run & { state: "due" };
type CreatedRun = Run & { state: "created" };

/** The run if it still waits to be booked under that decision; null: events have overtaken the effect. */
function stillDue(job: Job, number: number, n: number | null): DueRun | null {
  const run = findRun(job, number);
  if (run?.state !== "due" || run.removal !== null || (n !== null && run.n !== n)) return null;
  return run;
}

/** The run if its Job is there, none of its containers has started, and it is looked at because of its deadline. */
function stillWithoutStart(job: Job, number: number): CreatedRun | null {
  const run = findRun(job, number);
  return run?.state === "created" && run.removal === null && run.deadlineLook ? run : null;
}

/** A cluster was looked for: it may take the run, or none fits and the search goes on later. */
function clusterChosen(job: Job, number: number, cluster: string | null, now: number): Step {
  const run = stillDue(job, number, null);
  if (run === null || run.cluster !== null) return ignored("not_open");
  if (cluster === null) return chooseFailed(job, number, "", now);
  const chosen = withRun(job, { ...run, cluster, book: { ...retryNow(now), problem: "" } });
  // A cron job's later runs go where this one goes.
  return moved(chosen.cron ? { ...chosen, cron: { ...chosen.cron, cluster } } : chosen);
}

/** The search for a cluster came to nothing; it goes on after a pause. */
function chooseFailed(job: Job, number: number, problem: string, now: number): Step {
  const run = stillDue(job, number, null);
  if (run === null || run.cluster !== null) return ignored("not_open");
  const book = { ...retryAfter(run.book?.attempts ?? 0, job.jobId, now), problem };
  return moved(withRun(job, { ...run, book }));
}

/** The cluster's object answered a booking. `stale`: a later decision of ours is there already. */
function runBooked(job: Job, number: number, n: number, answer: BookAnswer["answer"]): Step {
  const run = stillDue(job, number, n);
  if (run === null) return ignored("older_decision");
  if (run.cluster === null) return ignored("not_open");
  if (run.book === null && answer !== "taken") return ignored("already_known");
  switch (answer) {
    case "booked":
    case "stale":
      return moved(withRun(job, { ...run, book: null }));
    case "taken":
      // It was sent already, and its facts are on their way.
      return moved(withRun(job, inState(run, { state: "sent", firedAt: null, sentAt: null })));
  }
}

/** The cluster's object could not be asked; a booking is tried for ever. */
function bookFailed(job: Job, number: number, n: number, problem: string, now: number): Step {
  const run = stillDue(job, number, n);
  if (!run?.book || run.cluster === null) return ignored("older_decision");
  return moved(withRun(job, { ...run, book: { ...retryAfter(run.book.attempts, job.jobId, now), problem } }));
}

/**
 * After the start deadline: what the cluster's object still holds back, or never had, is taken back and skipped. What it
 * has sent is left to the relay, which obeys the deadline itself and says what came of it. A Job of which no container has
 * started is removed.
 */
function rowLookedAt(job: Job, event: Extract<Event, { type: "looked" }>, now: number): Step {
  const created = stillWithoutStart(job, event.run);
  if (created !== null) return moved(withRun(job, judgeNotStarted(job, created, event, now)));
  const run = stillDue(job, event.run, null);
  const { row } = event;
  // A slot that was missed meanwhile is the misfire policy's to decide about.
  if (!run?.deadlineLook || run.cluster === null || isOnHold(run)) return ignored("not_open");
  if (row === null || row.state === "booked") return moved(withRun(job, removeNow(run, "deadline", now)));
  return moved(withRun(job, { ...run, deadlineLook: null }));
}

/**
 * A run of which no container had started by its start deadline, as its cluster's object sees it: its Job is to be removed. Only
 * while a relay is linked, and has been long enough to have told of a start: with the cluster away nobody knows.
 */
function judgeNotStarted(job: Job, run: CreatedRun, look: Extract<Event, { type: "looked" }>, now: number): Run {
  if (look.linkedSince === null || now < look.linkedSince + FACTS_MS) {
    return { ...run, deadlineLook: retryAfter(run.deadlineLook?.attempts ?? 0, job.jobId, now) };
  }
  const removing = removeNow(run, "not_started", now);
  const words = look.row?.waiting ?? null;
  const waitedFor = words && [words.reason, words.message].filter((part) => part !== "").join(": ");
  return removing.removal ? { ...removing, removal: { ...removing.removal, waitedFor } } : removing;
}

/** The cluster's object could not be asked about the start deadline. */
function lookFailed(job: Job, number: number, now: number): Step {
  const run = stillWithoutStart(job, number) ?? stillDue(job, number, null);
  if (!run?.deadlineLook) return ignored("not_open");
  return moved(withRun(job, { ...run, deadlineLook: retryAfter(run.deadlineLook.attempts, job.jobId, now) }));
}

/** Whether the run is one that the cluster's object should be asked about before it is described. */
export function isWorthALook(run: Run): boolean {
  return run.cluster !== null && (isSubmitted(run) || run.state === "created" || run.state === "running");
}
