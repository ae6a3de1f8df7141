import type { RunKey } from "../../protocol/words.ts";
import type { BookAnswer, Booking, Cancel, CancelAnswer } from "./calls.ts";
import { finalRow, type OpenRun } from "./open-run.ts";

/** What a booking does: the answer, and the row to write together with the booking's manifest (null: nothing changes). */
export type BookDecision = BookAnswer & { row: OpenRun | null };

/** What a cancel does: the answer, the row to write (null: nothing changes), and whether the Job is to be removed now. */
export type CancelDecision = CancelAnswer & { row: OpenRun | null };

function bookedRow(booking: Booking): OpenRun {
  return {
    jobId: booking.jobId,
    run: booking.run,
    n: booking.n,
    state: "booked",
    dueAt: booking.dueAt,
    startDeadlineAt: booking.startDeadlineAt,
    namespace: booking.namespace,
    name: booking.name,
    firedAt: null,
    sentAt: null,
    sentTo: null,
    sentOn: null,
    sentBefore: [],
    uid: null,
    cancelled: false,
    existed: false,
    waiting: null,
    againAt: null,
    lateAskedAt: null,
    forgetAt: null,
  };
}

/** A final row that is only a tombstone: the run was taken back before it was ever sent. */
export function isTombstone(row: OpenRun): boolean {
  return row.state === "final" && row.cancelled && row.sentAt === null && row.uid === null;
}

/** Books a run: an older or repeated decision changes nothing, and what was sent is never booked again. */
export function bookRun(row: OpenRun | null, booking: Booking): BookDecision {
  if (row === null) return { answer: "booked", row: bookedRow(booking) };
  if (booking.n < row.n) return { answer: "stale", row: null };
  switch (row.state) {
    case "booked":
      // A repeated call keeps the row, and with it what is known about lateness.
      return { answer: "booked", row: booking.n === row.n ? null : bookedRow(booking) };
    case "sent":
    case "created":
    case "removing":
      return { answer: "taken", row: null };
    case "final":
      if (!isTombstone(row)) return { answer: "taken", row: null };
      // The tombstone's own n is that of the decision which took the run back: a booking that is not newer came late.
      return booking.n === row.n ? { answer: "stale", row: null } : { answer: "booked", row: bookedRow(booking) };
  }
}

/**
 * Takes a run back. Only a row that was never sent gives the definite answer `unbooked`; of an absent row nothing is
 * known (it may have been sent and forgotten), so its Job is looked for and removed.
 */
export function cancelRun(row: OpenRun | null, run: RunKey, cancel: Cancel, now: number): CancelDecision {
  const { n, namespace, name, unlessSent } = cancel;
  if (row === null) {
    const unknown = bookedRow({ ...run, namespace, name, n, dueAt: now, startDeadlineAt: null, manifest: {} });
    // A run that its job has heard no fact of was never sent from here: its row would be there. Its booking may still come.
    if (unlessSent) return { answer: "unbooked", row: finalRow({ ...unknown, cancelled: true }, now) };
    return { answer: "removing", row: { ...unknown, state: "removing", cancelled: true } };
  }
  if (n < row.n) return { answer: "stale", row: null };
  if (unlessSent && row.state !== "booked" && !isTombstone(row)) return { answer: "taken", row: null };
  const cancelled: OpenRun = { ...row, n, cancelled: true, againAt: null };
  switch (row.state) {
    case "booked":
      return { answer: "unbooked", row: finalRow(cancelled, now) };
    case "sent":
    case "created":
    case "removing":
      return { answer: "removing", row: { ...cancelled, state: "removing" } };
    case "final":
      if (isTombstone(row)) return { answer: "unbooked", row: n === row.n ? null : finalRow(cancelled, now) };
      return { answer: "removing", row: { ...cancelled, state: "removing", forgetAt: null } };
  }
}
