import { callbackBody, callbackId } from "./callback-body.ts";
import { type CallbackKind, isCalledOn } from "./callback-on.ts";
import type { Call, CallAttempt, Callback, CallbackEvent } from "./lifecycle-callback.ts";
import { type Event, ignored, moved, refused, type Step } from "./lifecycle-events.ts";
import {
  CALL_ATTEMPTS,
  CALL_FOR_MS,
  CALL_PAUSE_FIRST_MS,
  CALL_PAUSE_MAX_MS,
  CALLBACKS_WAITING,
  LATE_MS,
  SETTLED_CALLBACKS,
} from "./lifecycle-limits.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, isGhost, isOver, isSubmitted } from "./lifecycle-runs.ts";
import type { Job } from "./lifecycle-state.ts";

/** What is told of a run that is over, and under which word of `callback_on`. */
function toldOfEnd(run: Run): { kind: CallbackKind; event: CallbackEvent } | null {
  if (!isOver(run)) return null;
  switch (run.state) {
    case "succeeded":
      return { kind: "success", event: "finished" };
    case "failed":
    case "lost":
      return { kind: "failure", event: "finished" };
    case "cancelled":
      // Without a caller who ended it, its start deadline did.
      return { kind: run.end.outcome === null ? "failure" : "cancelled", event: "finished" };
    case "skipped":
      return run.slotAt === null ? { kind: "failure", event: "finished" } : { kind: "skipped", event: "skipped" };
  }
}

function metadataOf(job: Job, run: Run): Record<string, string> {
  return (run.definition ?? job.definition).metadata;
}

/** Where the run's callback goes for that kind; null: nobody wants to hear of it. */
function urlFor(job: Job, run: Run, kind: CallbackKind): string | null {
  const { callback_url: url, callback_on: on } = metadataOf(job, run);
  return url !== undefined && isCalledOn(on, kind) ? url : null;
}

function newCallback(job: Job, run: Run, told: { event: CallbackEvent; url: string }, now: number): Callback {
  const { event, url } = told;
  const call = { n: 1, since: now, pauseMs: 0, isUnderWay: false, attempts: 0, nextAttemptAt: now };
  const id = callbackId(job, run, event);
  return { run: run.run, event, id, url, body: callbackBody(job, run, event), n: 1, call, attempts: [] };
}

function callbacksOf(job: Job): readonly Callback[] {
  return job.callbacks ?? [];
}

function findCallback(job: Job, run: number, event: CallbackEvent): Callback | undefined {
  return callbacksOf(job).find((callback) => callback.run === run && callback.event === event);
}

/** Whether the run ended in this turn: all that were open are at hand, so any other was read from its own key. */
function justEnded(before: Job, run: Run): boolean {
  const old = findRun(before, run.run);
  return isOver(run) && (old === undefined ? run.run >= before.nextRun : !isOver(old));
}

/**
 * A lost run that another one runs again from this turn on is no news yet (contract, part 2). A younger one that was there before
 * runs another slot's again.
 */
function isRunAgain(before: Job, job: Job, lost: Run): boolean {
  const isIt = (run: Run) =>
    run.run >= before.nextRun && run.afterLost === lost.afterLost + 1 && run.slotAt === lost.slotAt;
  return lost.state === "lost" && job.runs.some(isIt);
}

/** When a run's being late is told, epoch ms; null: nobody wants to hear it, or it was, or its Job was seen. */
function lateAt(job: Job, run: Run): number | null {
  // Of a ghost only its cluster knows: its slot is in a record.
  if (!isSubmitted(run) || isGhost(run) || run.removal !== null || urlFor(job, run, "late") === null) return null;
  return run.lateTold ? null : run.dueAt + LATE_MS;
}

/** Whether the job is deleted: then it calls nobody (contract, part 2) but who was asked for by a redelivery. */
function isDeleted(job: Job): boolean {
  return job.deletion?.state === "done";
}

/** What the turn has to tell: ends, and runs that are late by now. */
function newsOf(before: Job, job: Job, now: number): Callback[] {
  const news: Callback[] = [];
  for (const run of job.runs) {
    const told = justEnded(before, run) && !isRunAgain(before, job, run) ? toldOfEnd(run) : null;
    const url = told && urlFor(job, run, told.kind);
    if (told && url !== null) news.push(newCallback(job, run, { event: told.event, url }, now));
    const at = lateAt(job, run);
    const lateUrl = at !== null && at <= now ? urlFor(job, run, "late") : null;
    if (lateUrl !== null) news.push(newCallback(job, run, { event: "late", url: lateUrl }, now));
  }
  return news;
}

/** The callback without a further attempt; the last one says so. */
function ended(callback: Callback): Callback {
  const last = callback.attempts.at(-1);
  const attempts = last ? [...callback.attempts.slice(0, -1), { ...last, nextAt: null }] : callback.attempts;
  return { ...callback, call: null, attempts };
}

/** Keeps what is bounded within its bounds: the oldest go. */
function bounded(callbacks: readonly Callback[]): Callback[] {
  let waiting = callbacks.filter(({ call }) => call !== null).length - CALLBACKS_WAITING;
  const kept = callbacks.map((callback) => (callback.call !== null && waiting-- > 0 ? ended(callback) : callback));
  let settled = kept.filter(({ call }) => call === null).length - SETTLED_CALLBACKS;
  return kept.filter(({ call }) => call !== null || settled-- <= 0);
}

/** Whether a call is the job's own, which its deletion withdraws; a redelivery is its caller's wish. */
function isOwnCall({ n }: Pick<Call, "n">): boolean {
  return n === 1;
}

/**
 * The job with what the turn has to tell noted, to be called at once. While a deletion is under way nobody is called: the
 * cluster may still refuse it, and then what waited goes on. Once it is done, what was not taken is withdrawn.
 */
export function noteCallbacks(before: Job | null, job: Job, now: number): Job {
  if (isDeleted(job)) {
    const isWithdrawn = ({ call }: Callback) => call !== null && isOwnCall(call);
    if ((before !== null && isDeleted(before)) || !callbacksOf(job).some(isWithdrawn)) return job;
    return { ...job, callbacks: callbacksOf(job).map((one) => (isWithdrawn(one) ? ended(one) : one)) };
  }
  if (before === null) return job;
  const news = newsOf(before, job, now);
  if (news.length === 0) return job;
  const isLate = (run: Run) => news.some((callback) => callback.event === "late" && callback.run === run.run);
  const runs = job.runs.map((run): Run => (isLate(run) ? { ...run, lateTold: true } : run));
  return { ...job, runs, callbacks: bounded([...callbacksOf(job), ...news]) };
}

/** When the job's clock is needed for its callbacks, epoch ms; calls beyond those that may be under way need none. */
export function callbackTimes(job: Job): number[] {
  const late = isDeleted(job) ? [] : job.runs.map((run) => lateAt(job, run)).filter((at) => at !== null);
  return [...late, ...callsInTurn(job).map(({ nextAttemptAt }) => nextAttemptAt)];
}

/** The calls that may be made now or later without too many of them being under way: those that are, and the next ones. */
function callsInTurn(job: Job): { run: number; event: CallbackEvent; nextAttemptAt: number }[] {
  const isHeldBack = (call: Call) => job.deletion?.state === "asked" && isOwnCall(call);
  const calls = callbacksOf(job).flatMap(({ run, event, call }) => {
    return call && !isHeldBack(call) ? [{ ...call, run, event }] : [];
  });
  const underWay = calls.filter(({ isUnderWay }) => isUnderWay);
  const others = calls.filter(({ isUnderWay }) => !isUnderWay).sort((a, b) => a.nextAttemptAt - b.nextAttemptAt);
  return [...underWay, ...others.slice(0, Math.max(0, CALLS_AT_ONCE - underWay.length))];
}

/** Calls of one job under way at once: an object has six connections (platform notes, "Durable Objects"). */
const CALLS_AT_ONCE = 4;
/** A call gives up after 15 s by itself; one that says nothing after that was cut short, and is made again. */
const CALL_BACK_MS = 20_000;

/** A call to be made. */
export type CallEffect = { type: "call"; run: number; event: CallbackEvent; n: number };

/** Takes the calls whose time has come and notes them as under way. */
export function takeDueCalls(job: Job, now: number): { job: Job; effects: CallEffect[] } {
  const due = callsInTurn(job).filter(({ nextAttemptAt }) => nextAttemptAt <= now);
  if (due.length === 0) return { job, effects: [] };
  const effects: CallEffect[] = [];
  const callbacks = callbacksOf(job).map((callback): Callback => {
    const { run, event, n, call } = callback;
    if (call === null || !due.some((one) => one.run === run && one.event === event)) return callback;
    effects.push({ type: "call", run, event, n });
    return { ...callback, call: { ...call, isUnderWay: true, nextAttemptAt: now + CALL_BACK_MS } };
  });
  return { job: { ...job, callbacks }, effects };
}

/** The next pause, ms: 5 s ± 20 %, then twice the last ± 20 %, at most an hour; `jitter` from 0 to 1. */
export function nextPauseMs(lastMs: number, jitter: number): number {
  const pauseMs = lastMs === 0 ? CALL_PAUSE_FIRST_MS : 2 * lastMs;
  return Math.round(Math.min(CALL_PAUSE_MAX_MS, pauseMs * (0.8 + 0.4 * jitter)));
}

function withAttempt(callback: Callback, attempt: CallAttempt): Callback {
  return { ...callback, attempts: [...callback.attempts, attempt].slice(-CALL_ATTEMPTS) };
}

/** A call has come back: taken, to be made again after a pause, or given up 24 h after the first. */
function takeCalled(callback: Callback, event: Extract<Event, { type: "called" }>, now: number): Callback {
  const { at, http, error } = event;
  const { call } = callback;
  // Somebody asked for it anew meanwhile, or its job was deleted: what came of it is shown all the same.
  if (call === null || call.n !== event.n) {
    return withAttempt(callback, { at, http, error, nextAt: call?.nextAttemptAt ?? null });
  }
  const pauseMs = nextPauseMs(call.pauseMs, event.jitter);
  const nextAt = now + pauseMs;
  if (error === "" || nextAt > call.since + CALL_FOR_MS) {
    return withAttempt({ ...callback, call: null }, { at, http, error, nextAt: null });
  }
  const again = { ...call, pauseMs, isUnderWay: false, attempts: call.attempts + 1, nextAttemptAt: nextAt };
  return withAttempt({ ...callback, call: again }, { at, http, error, nextAt });
}

/** What became of a call. */
export function callbackCalled(job: Job, event: Extract<Event, { type: "called" }>, now: number): Step {
  const callback = findCallback(job, event.run, event.event);
  if (callback === undefined) return ignored("not_open");
  const called = takeCalled(callback, event, now);
  const callbacks = callbacksOf(job).map((old) => (old === callback ? called : old));
  return moved({ ...job, callbacks: bounded(callbacks) });
}

/** Which callback is sent again: the newest of those that fit; undefined: there is none. */
export function callbackToRedeliver(job: Job, wanted: { run?: number; event?: CallbackEvent }): Callback | undefined {
  const { run, event } = wanted;
  return callbacksOf(job).findLast(
    (callback) => (run === undefined || callback.run === run) && (event === undefined || callback.event === event),
  );
}

/** Sends a callback again, now, and retries it for 24 h more; its caller's own wish, so of a deleted job too. */
export function redeliver(job: Job, wanted: { run?: number; event?: CallbackEvent }, now: number): Step {
  const callback = callbackToRedeliver(job, wanted);
  if (callback === undefined) return refused("unknown_callback");
  const n = callback.n + 1;
  const call = { n, since: now, pauseMs: 0, isUnderWay: false, attempts: 0, nextAttemptAt: now };
  return moved({ ...job, callbacks: callbacksOf(job).map((old) => (old === callback ? { ...old, n, call } : old)) });
}
