import type { FactAnswer, LateAnswer } from "./calls.ts";
import { isJobOver, mayPassDeadline } from "./lifecycle-alarm.ts";
import { rerunJob, updateJob } from "./lifecycle-anew.ts";
import { takeBookingOutcome } from "./lifecycle-booking.ts";
import { callbackCalled, noteCallbacks, redeliver } from "./lifecycle-callbacks.ts";
import { retryNow } from "./lifecycle-clock.ts";
import { suspendJob, triggerJob, updateCronJob } from "./lifecycle-cron-verbs.ts";
import { type Effect, takeDueEffects } from "./lifecycle-effects.ts";
import { type BodyChange, type Event, ignored, refused, type Step } from "./lifecycle-events.ts";
import { finishEnding, takeFact } from "./lifecycle-facts.ts";
import { RETENTION_MS } from "./lifecycle-limits.ts";
import { expireLogs } from "./lifecycle-log-room.ts";
import { giveUpLogs, NOTHING_CAME } from "./lifecycle-logs.ts";
import { giveUpNames } from "./lifecycle-names.ts";
import { takeOutcome } from "./lifecycle-outcomes.ts";
import { skipRun } from "./lifecycle-removal.ts";
import { createJob, judgeLate, pokeJob } from "./lifecycle-requests.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, isOver, waitsFor, withRun } from "./lifecycle-runs.ts";
import { isOnHold } from "./lifecycle-slot-clock.ts";
import { runSlots } from "./lifecycle-slots.ts";
import { isRowKept } from "./lifecycle-slots-late.ts";
import type { IndexState, Job } from "./lifecycle-state.ts";
import { timesOf } from "./lifecycle-timeline.ts";
import { cancelRun, deleteJob } from "./lifecycle-verbs.ts";
import { changingRowOf } from "./lifecycle-views.ts";

/**
 * What a turn of events does. `job` null: there is none. `steps` one for each event. `durable` false: whatever changed can
 * be learnt again from the cluster's object or D1, so that storing it may wait for the next change.
 */
export type Advanced = {
  job: Job | null;
  steps: Step[];
  bodies: BodyChange[];
  effects: Effect[];
  durable: boolean;
};

const REQUESTS: ReadonlySet<Event["type"]> = new Set<Event["type"]>([
  "update",
  "rerun",
  "suspend",
  "trigger",
  "cancel",
  "delete",
  "redeliver",
]);

/** Whether a caller waits for an answer of its own. */
function isRequest({ type }: Event): boolean {
  return REQUESTS.has(type);
}

/** What one event does by itself, before the clock and the index are seen to. */
export function step(job: Job | null, event: Event, now: number): Step {
  if (event.type === "create") return createJob(job, event.input, now);
  if (job === null) return isRequest(event) ? refused("unknown") : ignored("no_job");
  switch (event.type) {
    case "update":
      if ((event.input.definition.cron === undefined) !== (job.cron === undefined)) return refused("unknown");
      return job.cron ? updateCronJob(job, event.input, now) : updateJob(job, event.input, now);
    case "rerun":
      return job.cron ? refused("unknown") : rerunJob(job, now);
    case "suspend":
      return job.cron ? suspendJob(job, event.suspend, now) : refused("unknown");
    case "trigger":
      return job.cron ? triggerJob(job, now) : refused("unknown");
    case "cancel":
      return cancelRun(job, event.run, now);
    case "delete":
      return deleteJob(job, event.force, now);
    case "fact":
      return takeFact(job, event.cluster, event.taken, now);
    case "late":
      return judgeLate(job, event, now);
    case "called":
      return callbackCalled(job, event, now);
    case "redeliver":
      return redeliver(job, event.wanted, now);
    case "poke":
      return pokeJob(job, now);
    case "tick":
      return ignored("nothing_due");
    case "chosen":
    case "choose_failed":
    case "booked":
    case "book_failed":
    case "looked":
    case "look_failed":
      return takeBookingOutcome(job, event, now);
    case "cancel_answered":
    case "cancel_failed":
    case "index_written":
    case "index_failed":
    case "name_released":
    case "release_failed":
    case "recalled":
    case "purge_failed":
      return takeOutcome(job, event, now);
  }
}

/** Whether what the event told can be learnt again by asking again, which is what happens after a crash. */
function isLearntAgain(event: Event): boolean {
  return event.type === "booked" || event.type === "index_written" || event.type === "poke";
}

/** Whether no cluster's object needs to be asked what became of the run. */
function isOursAlone(job: Job, run: Run): boolean {
  return run.cluster === null || waitsFor(job, run) !== null || isOnHold(run);
}

/** What the clock alone ends: the wait for logs, and a run that no cluster was given before its start deadline. */
function passTime(before: Job, now: number): Job {
  let job = before;
  for (const run of before.runs) {
    if (run.state === "ending" && run.logsBy <= now) {
      const given = giveUpLogs(run, NOTHING_CAME);
      if (given.state === "ending") job = finishEnding(withRun(job, given), given);
    }
    if (run.state !== "due" || !run.deadlineLook || run.deadlineLook.nextAttemptAt > now) continue;
    if (run.removal === null && mayPassDeadline(run) && isOursAlone(job, run)) job = skipRun(job, run, now);
  }
  return job;
}

/** Notes what lists show of a cron job's runs. */
function noteSlotTimes(job: Job): Job {
  const { cron } = job;
  if (cron === undefined) return job;
  let { lastExecAt, lastSuccessAt } = cron;
  for (const run of job.runs) {
    if (timesOf(run).createdAt !== null) lastExecAt = Math.max(lastExecAt ?? 0, run.dueAt);
    if (run.state === "succeeded") lastSuccessAt = Math.max(lastSuccessAt ?? 0, run.end.finishedAt);
  }
  if (lastExecAt === cron.lastExecAt && lastSuccessAt === cron.lastSuccessAt) return job;
  return { ...job, cron: { ...cron, lastExecAt, lastSuccessAt } };
}

/** Only what callers see in lists costs a write to D1; when it is written and which attempt it is does not. */
function isSeenAlike(before: Job, after: Job, now: number): boolean {
  const seen = (job: Job) => {
    const { overdueAt, ...row } = changingRowOf(job, now);
    // When the sweep is to look at a cron job goes along with what else is written: a write for each slot would be for nobody.
    return JSON.stringify(job.cron ? row : { ...row, overdueAt });
  };
  return before.definition === after.definition && seen(before) === seen(after);
}

/** Whether the sweep comes to the job by what D1 has of it: a claim without a row, or a row that its own event makes overdue. */
function isSwept(before: Job | null, job: Job, now: number): boolean {
  if (before === null) return true;
  return changingRowOf(before, now).overdueAt !== null && before.definition === job.definition;
}

/** Who comes back to an index row whose first attempt is lost in a crash; each saves a written row for an alarm. */
function netOf(before: Job | null, job: Job, byFact: boolean, now: number): IndexState["net"] {
  if (job.deletion !== null) return "alarm";
  if (!job.runs.every(isOver)) return isSwept(before, job, now) ? "sweep" : "alarm";
  return byFact ? "relay" : "alarm";
}

function noteIndex(before: Job | null, job: Job, byFact: boolean, now: number): Job {
  if (before === null || !isSeenAlike(before, job, now)) {
    const version = job.index.version + 1;
    const index: IndexState = {
      ...job.index,
      version,
      attempts: 0,
      nextAttemptAt: now,
      net: netOf(before, job, byFact, now),
    };
    return { ...job, updatedAt: now, index };
  }
  // The fact that ended the run came again: it is acknowledged now, so nobody else will come back to the row.
  if (job.index.net !== "relay" || job.index.written >= job.index.version || !byFact) return job;
  return { ...job, index: { ...job.index, net: "alarm" } };
}

/** A job that is over is forgotten 30 days later; a later deletion counts anew, a refused one does not. */
function notePurge(before: Job | null, job: Job, now: number): Job {
  if (!isJobOver(job)) return job.purge === null ? job : { ...job, purge: null };
  const justDeleted = job.deletion?.state === "done" && before?.deletion?.state !== "done";
  return job.purge !== null && !justDeleted ? job : { ...job, purge: retryNow(now + RETENTION_MS) };
}

/** Takes a turn of events in order, then sees to the clock, the index and the effects that are due. Pure. */
export function advanceAll(start: Job | null, events: readonly Event[], now: number): Advanced {
  let job = start;
  let durable = false;
  const steps: Step[] = [];
  const bodies: BodyChange[] = [];
  for (const event of events) {
    const taken = step(job, event, now);
    steps.push(taken);
    if (taken.kind !== "moved") continue;
    job = taken.job;
    bodies.push(...taken.bodies);
    durable ||= !isLearntAgain(event);
  }
  if (job === null) return { job, steps, bodies, effects: [], durable };
  const byFact = events.some((event) => event.type === "fact");
  const expired = expireLogs(noteSlotTimes(runSlots(passTime(job, now), now)), now);
  const timed = noteCallbacks(start, expired.job, now);
  bodies.push(...expired.bodies);
  const noted = giveUpNames(notePurge(start, noteIndex(start, timed, byFact, now), now), now);
  const { job: after, effects } = takeDueEffects(noted, now);
  return { job: after, steps, bodies, effects, durable: durable || noted !== job };
}

/** One event: what it does to the job, or why it does nothing, or why it is refused (design, "Life of a job"). */
export function advance(job: Job | null, event: Event, now: number): Advanced & { step: Step } {
  const advanced = advanceAll(job, [event], now);
  return { ...advanced, step: advanced.steps[0] ?? ignored("nothing_due") };
}

/** The acknowledgement of a fact, once its step is committed; `job` as it is after it. */
export function answerFact(job: Job | null, number: number, taken: Step): FactAnswer {
  if (taken.kind === "refused") return { answer: "refused", reason: taken.reason };
  const run = job === null ? undefined : findRun(job, number);
  if (job === null || run === undefined) return { answer: "gone" };
  if (taken.kind === "ignored") {
    if (taken.reason === "other_cluster") return { answer: "gone" };
    if (job.deletion?.state === "done" && run.removal === null) return { answer: "gone" };
  }
  return { answer: "ok", final: isOver(run) && run.removal === null };
}

/** What the cluster's object is to do with a run that is late: a once job's waits unless it is over (contract, part 5). */
export function answerLate(job: Job | null, cluster: string, number: number): LateAnswer {
  const run = job === null ? undefined : findRun(job, number);
  return run === undefined || isOver(run) || run.cluster !== cluster || !isRowKept(run) ? "drop" : "keep";
}
