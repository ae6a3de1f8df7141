import { releaseAt } from "./due-order.ts";
import { byDueTime, type OpenRun, ROWS_PER_TURN } from "./open-run.ts";
import { isToBeAsked, type Presence } from "./open-runs-late.ts";
import { sentBeforeWhenSentTo } from "./open-runs-lease.ts";

/** The link that may be given creates: the active one, its inventory complete; `window`: creates under way at once. */
export type OpenLink = { process: string; helloAt: number; window: number };

/** What is handed over now, in due order; `asking`: late rows whose job must be asked first. */
export type HandOver = { creates: OpenRun[]; asking: OpenRun[] };

/** A due time is told to the relay when it is this near (design, "The link"). */
export const TELL_DUE_WITHIN_MS = 10 * 60_000;

/** True: this link has the create and has not confirmed it. */
export function isUnderWay(row: OpenRun, link: OpenLink): boolean {
  return row.state === "sent" && row.sentTo === link.process && row.sentOn === link.helloAt;
}

/** When the row's create may go onto this link, epoch ms; null: it is waiting for a fact. */
export function sendableAt(row: OpenRun, link: OpenLink): number | null {
  switch (row.state) {
    case "booked":
      return releaseAt(row);
    case "sent":
      // Sent to an earlier link: again at once, with the same name and manifest. On this link only when a fence ended.
      return isUnderWay(row, link) ? row.againAt : row.sentTo === null ? (row.againAt ?? 0) : 0;
    case "created":
    case "removing":
    case "final":
      return null;
  }
}

/**
 * Picks what goes onto the active link now: what is due, never early, in due order, as far as the relay's window has room.
 * `booked` comes in due order and is read only as far as needed. A late row whose job must be asked first holds back what
 * is due after it, so that creates stay in due order; `isAsking` names the rows whose job is being asked.
 */
export function handOver(
  rows: { booked: Iterable<OpenRun>; sent: Iterable<OpenRun> },
  link: OpenLink,
  presence: Presence,
  isAsking: (row: OpenRun) => boolean,
  now: number,
): HandOver {
  let underWay = 0;
  const creates: OpenRun[] = [];
  for (const row of rows.sent) {
    const at = sendableAt(row, link);
    if (at !== null && at <= now) creates.push(row);
    else if (isUnderWay(row, link)) underWay += 1;
  }
  const room = Math.min(ROWS_PER_TURN, Math.max(0, link.window - underWay));
  const asking: OpenRun[] = [];
  let isHeld = false;
  let due = 0;
  for (const row of rows.booked) {
    if (releaseAt(row) > now || asking.length === ROWS_PER_TURN) break;
    const isWaiting = isAsking(row);
    if (!isWaiting && isToBeAsked(row, presence, now)) asking.push(row);
    else if (!isWaiting && (isHeld || due >= room)) break;
    isHeld ||= isWaiting || asking.length > 0;
    if (isHeld) continue;
    creates.push(row);
    due += 1;
  }
  return { creates: creates.sort(byDueTime).slice(0, room), asking };
}

/** The row as it is written before its create goes onto the link; a repeated create keeps when it was first sent. */
export function rowWhenSent(
  row: OpenRun,
  link: OpenLink,
  mayCreateUntil: (process: string) => number,
  now: number,
): OpenRun {
  return {
    ...row,
    state: "sent",
    firedAt: row.firedAt ?? now,
    sentAt: row.sentAt ?? now,
    sentTo: link.process,
    sentOn: link.helloAt,
    sentBefore: sentBeforeWhenSentTo(row, link.process, mayCreateUntil, now),
    againAt: null,
  };
}

/** The due time that the relay is told, epoch ms: the next one if it is near enough to matter. */
export function dueAtToTell(nextDue: number | null, now: number): number | null {
  return nextDue !== null && nextDue - now <= TELL_DUE_WITHIN_MS ? nextDue : null;
}
