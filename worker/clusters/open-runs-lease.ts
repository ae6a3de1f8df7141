import { LOSS_MS } from "../../protocol/words.ts";
import type { OpenRun } from "./open-run.ts";

/** What tells how long a process may create: when its link said hello, and its last answered ping (null: none yet). */
export type Life = { helloAt: number; lastPingAt: number | null };

/** Until when each lost process may still create, epoch ms; a process that is not named can't create any more. */
export type LostProcesses = Readonly<Record<string, number>>;

/** The last sign of life of a link: its last answered ping, or its hello while there was none. */
export function lastSignAt(life: Life): number {
  return Math.max(life.helloAt, life.lastPingAt ?? 0);
}

/**
 * The one number for loss: from this moment the process counts as lost and can't create any more. The lease is 10 s from
 * the sending of an answered ping and a create is given up after 8 s, so 20 s from the ping's receipt leaves 2 s.
 */
export function lossAt(life: Life): number {
  return lastSignAt(life) + LOSS_MS;
}

/** Until when this process may create a Job, given the active link (if any) and what is recorded of the lost ones. */
export function mayCreateUntil(
  process: string,
  active: (Life & { process: string }) | null,
  lost: LostProcesses,
): number {
  return active?.process === process ? lossAt(active) : (lost[process] ?? 0);
}

/**
 * Until when some process other than `from` may still create this row's Job; at most `now`: none may. What `from` says
 * about the absence of a Job is evidence only after this moment. Processes are named, not their moments, since one that
 * comes back within its lease may go on with what it was sent.
 */
export function fenceAgainst(row: OpenRun, from: string, until: (process: string) => number): number {
  const others = [...row.sentBefore, row.sentTo].filter((process) => process !== from);
  return others.reduce<number>((latest, process) => Math.max(latest, process === null ? 0 : until(process)), 0);
}

/** Who else was sent the row once its create goes to `process`; those that can't create any more are forgotten. */
export function sentBeforeWhenSentTo(
  row: OpenRun,
  process: string,
  until: (process: string) => number,
  now: number,
): readonly string[] {
  if (row.sentTo === null || row.sentTo === process) return row.sentBefore;
  const still = row.sentBefore.filter(
    (earlier) => earlier !== process && earlier !== row.sentTo && until(earlier) > now,
  );
  return [...still, row.sentTo];
}

/** What was lost and may still matter: entries whose moment has passed go. */
export function stillFencing(lost: LostProcesses, now: number): Record<string, number> {
  return Object.fromEntries(Object.entries(lost).filter(([, until]) => until > now));
}
