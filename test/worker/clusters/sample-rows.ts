import type { Booking } from "../../../worker/clusters/calls.ts";
import {
  FORGET_AFTER_MS,
  OPEN_RUN_STATES,
  type OpenRun,
  type OpenRunState,
} from "../../../worker/clusters/open-run.ts";

/** A moment all these tests call now, epoch ms. */
export const NOW = Date.UTC(2026, 10, 24, 12);

/** A booking that is due now. */
export function aBooking(change: Partial<Booking> = {}): Booking {
  const run = { jobId: "job1", run: 1, namespace: "default", name: "hello" };
  return { ...run, n: 5, dueAt: NOW, startDeadlineAt: null, manifest: { kind: "Job" }, ...change };
}

/** A row as it looks in that state after an ordinary life. */
export function aRow(state: OpenRunState, change: Partial<OpenRun> = {}): OpenRun {
  const { manifest: _, ...run } = aBooking();
  const booked: OpenRun = {
    ...run,
    state,
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
  const sent = { ...booked, firedAt: NOW, sentAt: NOW, sentTo: "p1", sentOn: NOW - 60_000 };
  const created = { ...sent, uid: "uid1" };
  const rows: Record<OpenRunState, OpenRun> = {
    booked,
    sent,
    created,
    removing: { ...created, cancelled: true },
    final: { ...created, forgetAt: NOW + FORGET_AFTER_MS },
  };
  return { ...rows[state], ...change };
}

/** The row that a run leaves which was taken back before it was ever sent. */
export function aTombstone(change: Partial<OpenRun> = {}): OpenRun {
  return { ...aRow("booked"), state: "final", cancelled: true, forgetAt: NOW + FORGET_AFTER_MS, ...change };
}

/** Every state with an ordinary row of it. */
export const ROWS_BY_STATE = OPEN_RUN_STATES.map((state) => [state, aRow(state)] as const);
