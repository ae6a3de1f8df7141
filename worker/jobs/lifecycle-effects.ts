import { type CallEffect, takeDueCalls } from "./lifecycle-callbacks.ts";
import { ATTEMPT_MS, CLEARED_AT_ONCE } from "./lifecycle-limits.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver, waitsFor } from "./lifecycle-runs.ts";
import { isOnHold } from "./lifecycle-slot-clock.ts";
import type { HeldName, Job, Retry } from "./lifecycle-state.ts";

/** Something to be done outside the job, after its state is committed. Each comes back as an event. */
export type Effect =
  | { type: "choose"; run: number }
  | { type: "book"; run: number; n: number }
  | { type: "look"; run: number }
  /** `unlessSent`: what was sent is left alone. */
  | { type: "cancel"; run: number; n: number; unlessSent: boolean }
  | { type: "write_index" }
  | { type: "release_name"; name: HeldName }
  | { type: "recall"; below: number }
  | { type: "purge" }
  | CallEffect;

function isDue(retry: Retry | null, now: number): retry is Retry {
  return retry !== null && retry.nextAttemptAt <= now;
}

/** Under way from now on: unless its outcome comes first it is tried again after this. */
function underWay<Kind extends Retry>(retry: Kind, now: number): Kind {
  return { ...retry, nextAttemptAt: now + ATTEMPT_MS };
}

/** Whether a deletion waits for the Jobs of finished runs to go before it reads more of them. */
export function isClearingHeldUp(job: Job): boolean {
  return job.runs.filter((run) => isOver(run) && run.removal !== null).length >= CLEARED_AT_ONCE;
}

function takeFromRun(job: Job, run: Run, now: number, effects: Effect[]): Run {
  if (run.removal) {
    if (!isDue(run.removal.ask, now)) return run;
    effects.push({ type: "cancel", run: run.run, n: run.removal.n, unlessSent: run.removal.why === "take_back" });
    return { ...run, removal: { ...run.removal, ask: underWay(run.removal.ask, now) } };
  }
  if (run.state === "created") {
    if (!isDue(run.deadlineLook, now)) return run;
    effects.push({ type: "look", run: run.run });
    return { ...run, deadlineLook: underWay(run.deadlineLook, now) };
  }
  if (run.state !== "due" || waitsFor(job, run) !== null || isOnHold(run)) return run;
  let taken = run;
  if (run.book && isDue(run.book, now)) {
    effects.push(run.cluster === null ? { type: "choose", run: run.run } : { type: "book", run: run.run, n: run.n });
    taken = { ...taken, book: underWay(run.book, now) };
  }
  if (run.cluster !== null && isDue(run.deadlineLook, now)) {
    effects.push({ type: "look", run: run.run });
    taken = { ...taken, deadlineLook: underWay(run.deadlineLook, now) };
  }
  return taken;
}

/**
 * Takes the effects whose time has come and notes them as under way. The note need not be stored: after a crash the stored
 * state has them due still, and each may be repeated.
 */
export function takeDueEffects(before: Job, now: number): { job: Job; effects: Effect[] } {
  const effects: Effect[] = [];
  const runs = before.runs.map((run) => takeFromRun(before, run, now, effects));
  let job = effects.length > 0 ? { ...before, runs } : before;
  if (isDue(job.purge, now)) {
    effects.push({ type: "purge" });
    return { job: { ...job, purge: underWay(job.purge, now) }, effects };
  }
  if (job.index.written < job.index.version && isDue(job.index, now)) {
    effects.push({ type: "write_index" });
    job = { ...job, index: underWay(job.index, now) };
  }
  const names = job.names.map((held): HeldName => {
    if (!isDue(held.releasing, now)) return held;
    effects.push({ type: "release_name", name: held });
    return { ...held, releasing: underWay(held.releasing, now) };
  });
  if (effects.some(({ type }) => type === "release_name")) job = { ...job, names };
  if (isDue(job.clearing, now) && !isClearingHeldUp(job)) {
    effects.push({ type: "recall", below: job.clearing.below });
    job = { ...job, clearing: underWay(job.clearing, now) };
  }
  const called = takeDueCalls(job, now);
  return { job: called.job, effects: [...effects, ...called.effects] };
}
