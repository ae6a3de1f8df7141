import type { Fact } from "../../protocol/up.ts";
import type { FactAnswer } from "../jobs/calls.ts";
import { DROPPED_PAUSE_MS, finalRow, type OpenRun } from "./open-run.ts";

/** Who reported a fact, and until when another process may still create the run's Job (at most `now`: none may). */
export type FactSource = { process: string; fencedUntil: number };

/**
 * What a fact does before its job hears of it. `row`: to be written first (null: unchanged). `pass`: the fact as the job
 * gets it; null: it is answered `ok` here. `repair`: a Job of a cancelled run turned up and is to be removed.
 */
export type FactDecision = { row: OpenRun | null; pass: Fact | null; repair: boolean };

type FactOf<Type extends Fact["type"]> = Extract<Fact, { type: Type }>;

const answered = (row: OpenRun | null = null): FactDecision => ({ row, pass: null, repair: false });
const passed = (fact: Fact, row: OpenRun | null = null): FactDecision => ({ row, pass: fact, repair: false });

/** A Job of the run was seen: from here on a create is never sent again. */
function seen(row: OpenRun, uid: string | null): OpenRun | null {
  switch (row.state) {
    case "booked":
    case "sent":
      return { ...row, state: "created", uid: uid ?? row.uid, againAt: null, waiting: null };
    case "created":
    case "removing":
      return uid === null || uid === row.uid ? null : { ...row, uid };
    case "final":
      return null;
  }
}

function judgeCreated(row: OpenRun, fact: FactOf<"created">): FactDecision {
  // A create that was under way when the run was taken back: its Job is removed, and counted as a repair.
  if (row.state === "final" && row.cancelled) {
    return { row: { ...row, state: "removing", uid: fact.uid, forgetAt: null }, pass: fact, repair: true };
  }
  // A relay that has just found the Job says anew what it waits for, if anything.
  const changed = seen(row, fact.uid);
  return passed(fact, changed ?? (row.waiting !== null && row.state === "created" ? { ...row, waiting: null } : null));
}

/** Without a reason it waits for nothing (any more). */
function waitingRow(row: OpenRun, { reason, message }: FactOf<"waiting">): OpenRun | null {
  if (reason !== "") return { ...row, waiting: { reason, message } };
  return row.waiting === null ? null : { ...row, waiting: null };
}

function judgeSeen(row: OpenRun, fact: FactOf<"started" | "ended" | "log">): FactDecision {
  const changed = seen(row, fact.type === "ended" ? fact.uid : null);
  if (changed !== null) return passed(fact, changed);
  return passed(fact, row.waiting !== null && row.state === "created" ? { ...row, waiting: null } : null);
}

/** Grows with the lateness, so that a run that can't be created for hours (a quota) costs few rows. */
function pauseAfterDrop(row: OpenRun, now: number): number {
  return Math.round(Math.min(DROPPED_PAUSE_MS.most, Math.max(DROPPED_PAUSE_MS.least, (now - row.dueAt) / 4)));
}

/** The process gave the create up: an untouched run is the control plane's own again, another one stays to be sent. */
function judgeDropped(row: OpenRun, from: FactSource, now: number): FactDecision {
  if (row.state !== "sent" || row.sentTo !== from.process) return answered();
  const again = { ...row, sentTo: null, sentOn: null, againAt: now + pauseAfterDrop(row, now) };
  if (row.sentBefore.length > 0) return answered(again);
  return answered({ ...again, state: "booked", firedAt: null, sentAt: null });
}

/** `create_refused` and `expired` end a run only as the word of the process that has it, and once no other may create it. */
function judgeNotCreated(
  row: OpenRun,
  fact: FactOf<"create_refused" | "expired">,
  from: FactSource,
  now: number,
): FactDecision {
  switch (row.state) {
    case "booked":
    case "created":
    case "removing":
      return answered();
    case "sent":
      if (row.sentTo !== from.process) return answered();
      return from.fencedUntil > now ? answered({ ...row, againAt: from.fencedUntil }) : passed(fact);
    case "final":
      return passed(fact);
  }
}

function judgeLost(row: OpenRun, fact: FactOf<"lost">, from: FactSource, now: number): FactDecision {
  // While another process may still create the Job, its absence proves nothing: it is looked for again after that.
  if (row.state === "created" && from.fencedUntil > now) return answered({ ...row, againAt: from.fencedUntil });
  return passed(fact);
}

function judgeRemoved(row: OpenRun, fact: FactOf<"removed">, from: FactSource, now: number): FactDecision {
  if (row.state !== "removing") return passed(fact);
  const existed = row.existed || row.uid !== null || fact.existed;
  const changed = existed === row.existed ? null : { ...row, existed };
  if (fact.n < row.n) return answered(changed);
  if (from.fencedUntil > now) return answered({ ...row, existed, againAt: from.fencedUntil });
  return passed({ ...fact, existed }, changed);
}

/** Decides what a fact does to the run's row, and whether the job hears of it (design, "Evidence, not time-outs"). */
export function judgeFact(row: OpenRun | null, fact: Fact, from: FactSource, now: number): FactDecision {
  if (row === null) return fact.type === "waiting" || fact.type === "dropped" ? answered() : passed(fact);
  switch (fact.type) {
    case "created":
      return judgeCreated(row, fact);
    case "started":
    case "ended":
    case "log":
      return judgeSeen(row, fact);
    case "create_refused":
    case "expired":
      return judgeNotCreated(row, fact, from, now);
    case "dropped":
      return judgeDropped(row, from, now);
    case "waiting":
      return answered(row.state === "final" ? null : waitingRow(row, fact));
    case "lost":
      return judgeLost(row, fact, from, now);
    case "removed":
      return judgeRemoved(row, fact, from, now);
    case "remove_failed":
      return row.state === "removing" && fact.n < row.n ? answered() : passed(fact);
  }
}

/**
 * What the job's answer does to the row, as it is now (it may have moved on meanwhile); null: unchanged. A row that is
 * being removed ends only with the answer to its own removal.
 */
export function rowAfterAnswer(row: OpenRun | null, fact: Fact, answer: FactAnswer, now: number): OpenRun | null {
  if (row === null || row.state === "final" || answer.answer === "refused") return null;
  const isOver = answer.answer === "gone" || answer.final;
  if (row.state !== "removing") return isOver ? finalRow(row, now) : null;
  if (fact.type === "removed" && fact.n === row.n) return finalRow(row, now);
  if (fact.type === "remove_failed" && fact.n === row.n) {
    return isOver ? finalRow(row, now) : { ...row, state: "created", cancelled: false, againAt: null };
  }
  return null;
}
