import { LATE_AFTER_MS, type OpenRun } from "./open-run.ts";

/**
 * Whether a relay is linked, and since when (null: none ever was), with the outage before: `to` is null while it lasts.
 * An outage `from` 0 began at an unknown time.
 */
export type Presence = { up: boolean; since: number | null; outage: { from: number; to: number | null } | null };

/** Before any relay was ever linked. */
export const NEVER_LINKED: Presence = { up: false, since: null, outage: { from: 0, to: null } };

/** The presence once a relay is linked. */
export function linked(presence: Presence, now: number): Presence {
  if (presence.up) return presence;
  return { up: true, since: now, outage: { from: presence.outage?.from ?? 0, to: now } };
}

/** The presence once no relay is linked; `from` 0: the links ended with an earlier life of the object, at an unknown time. */
export function unlinked(presence: Presence, from: number, now: number): Presence {
  if (!presence.up) return presence;
  return { up: false, since: now, outage: { from, to: null } };
}

/** True: no relay was linked from the run's time until 5 s after it, so the job decides what becomes of the run. */
export function isLate(row: OpenRun, presence: Presence, now: number): boolean {
  const { outage } = presence;
  if (row.state !== "booked" || outage === null) return false;
  return outage.from <= row.dueAt && row.dueAt + LATE_AFTER_MS <= (outage.to ?? now);
}

/** True: the job is to be asked now, once while no relay is linked and once more since one came. */
export function isToBeAsked(row: OpenRun, presence: Presence, now: number): boolean {
  if (row.lateAskedAt === null) return isLate(row, presence, now);
  // Whatever outage has followed: what was asked while none was linked has its last word still to hear.
  return row.state === "booked" && presence.up && row.lateAskedAt < (presence.since ?? 0);
}

/**
 * When the next row turns late if no relay comes before, epoch ms; null: none does. `booked` gives those in due order whose
 * 5 s are not over; the earlier ones have been asked for.
 */
export function nextLateAt(booked: Iterable<OpenRun>, presence: Presence): number | null {
  if (presence.up) return null;
  for (const row of booked) {
    // One that was due before the outage had a relay at its time: it waits, and is not late.
    if (row.lateAskedAt === null && (presence.outage?.from ?? 0) <= row.dueAt) return row.dueAt + LATE_AFTER_MS;
  }
  return null;
}
