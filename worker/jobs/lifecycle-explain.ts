import { isBeingRemoved } from "./lifecycle-removal.ts";
import type { End, Removal, Run } from "./lifecycle-run.ts";
import { type FinalRun, isOver, newestRun, speaker, waitsFor } from "./lifecycle-runs.ts";
import { isOpenRun, nextSlotOf, rulesOf, slotStateOf } from "./lifecycle-slot-clock.ts";
import { waiting } from "./lifecycle-slot-runs.ts";
import type { Job } from "./lifecycle-state.ts";
import type { Look } from "./lifecycle-views.ts";

function at(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** How long something took, for people: `32 ms` below a second, else `3.2 s`. */
export function durationText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Why the cluster can't be asked at the moment; empty: a relay is linked, or nobody knows. */
function awayText(run: Run, look: Look): string {
  if (look === null || look.link.up || run.cluster === null) return "";
  if (look.link.since === null) return `; no relay of cluster ${run.cluster} has ever been linked`;
  return `; cluster ${run.cluster} can't be asked since ${at(look.link.since)}`;
}

function waitingText(look: Look): string {
  const waiting = look?.row?.waiting;
  if (!waiting) return "";
  return `; waiting: ${[waiting.reason, waiting.message].filter((part) => part !== "").join(": ")}`;
}

function explainDue(run: Run & { state: "due" }, look: Look, now: number): string {
  const when = run.dueAt > now ? `scheduled for ${at(run.dueAt)}` : `due since ${at(run.dueAt)}`;
  if (run.cluster === null) {
    const problem = run.book?.problem ? ` (${run.book.problem})` : "";
    return `${when}; no cluster fits it yet${problem}, so it waits`;
  }
  if (look?.row?.state === "booked" || run.book === null) {
    // A relay may have handed it back: then its last word says what it waits for.
    return `${when}; booked in cluster ${run.cluster}${waitingText(look)}${awayText(run, look)}`;
  }
  if (run.book.attempts === 0) {
    return `${when}; it will be booked in cluster ${run.cluster} at ${at(run.book.nextAttemptAt)}`;
  }
  const again = `tried ${run.book.attempts === 1 ? "once" : `${run.book.attempts} times`}, next at ${at(run.book.nextAttemptAt)}`;
  return `${when}; not booked in cluster ${run.cluster} yet: ${run.book.problem} (${again})`;
}

const REMOVED_SINCE: Record<Removal["why"], string> = {
  delete: "it is being deleted",
  update: "it is being replaced",
  cancel: "it is being cancelled",
  deadline: "its start deadline passed and it is being taken back",
  not_started: "no container had started by its start deadline, and its Job is being removed",
  finished: "its Job is being removed",
  repair: "its Job is being removed",
  replace: "a newer slot replaces it",
  take_back: "its slot is being taken back",
};

function explainRemoval(run: Run, look: Look): string {
  if (!run.removal) return "";
  const whom = isBeingRemoved(run) ? "waits for" : "is to tell";
  const since = `${REMOVED_SINCE[run.removal.why]} since ${at(run.removal.sinceAt)}`;
  return `${since}: it ${whom} cluster ${run.cluster}${waitingText(look)}${awayText(run, look)}`;
}

/** An updated job whose old Job is not gone yet. */
function explainTakingOver(run: Run, earlier: Run, look: Look, now: number): string {
  const when = run.dueAt > now ? `scheduled for ${at(run.dueAt)}` : `due since ${at(run.dueAt)}`;
  return `${when}; it goes out once run ${earlier.run} is gone: ${explainRemoval(earlier, look)}`;
}

/** What became of the callback about a run's end, where its receiver has not taken it. */
function callbackText(job: Job, run: Run): string {
  const callback = job.callbacks?.findLast((one) => one.run === run.run);
  const last = callback?.attempts.at(-1);
  if (callback === undefined || last === undefined || last.error === "") return "";
  const then = callback.call === null ? "no further attempt is made" : `next at ${at(callback.call.nextAttemptAt)}`;
  return `; its callback was not taken at ${at(last.at)} (${last.error}), ${then}`;
}

/** How long a run took that succeeded, from its start on as far as that is known. */
export function successText({ times, end }: FinalRun): string {
  const since = times.startedAt ?? times.createdAt ?? end.finishedAt;
  return `succeeded after ${durationText(end.finishedAt - since)}`;
}

/** Code and sentence of a run's end. */
export function reasonText({ reason, message }: End): string {
  return [reason, message].filter((part) => part !== "").join(": ");
}

function explainEnd(run: Run): string {
  if (!isOver(run)) return "";
  if (run.state !== "succeeded") return `${run.state}: ${reasonText(run.end)}`;
  return `${successText(run)}, at ${at(run.end.finishedAt)}`;
}

function explainRun(run: Run, look: Look, now: number): string {
  switch (run.state) {
    case "due":
      // What the cluster's object has sent is no longer merely due; its fact is on the way.
      if (look?.row && look.row.state !== "booked") return explainSent(run, look.row.sentAt, look);
      return explainDue(run, look, now);
    case "sent":
      return explainSent(run, look?.row?.sentAt ?? run.sentAt, look);
    case "created": {
      const text = `created in cluster ${run.cluster} at ${at(run.createdAt)}; no container has started yet`;
      const until =
        run.deadlineLook && run.startDeadlineAt !== null ? `; it may start until ${at(run.startDeadlineAt)}` : "";
      return `${text}${until}${waitingText(look)}${awayText(run, look)}`;
    }
    case "running":
      return `running in cluster ${run.cluster} since ${at(run.startedAt)}${waitingText(look)}${awayText(run, look)}`;
    case "ending":
      return `${run.result} at ${at(run.end.finishedAt)}; its logs are being collected`;
    case "succeeded":
    case "failed":
    case "cancelled":
    case "lost":
    case "skipped":
      return explainEnd(run);
  }
}

function explainSent(run: Run, sentAt: number | null, look: Look): string {
  const when = sentAt === null ? "" : ` at ${at(sentAt)}`;
  return `sent to cluster ${run.cluster}${when}; its Job is not created yet${waitingText(look)}${awayText(run, look)}`;
}

/** Slots that wait, and why. */
function explainWaiting(job: Job): string {
  const turns = waiting(job, "turn").length;
  const missed = waiting(job, "missed").length;
  const slots = (count: number) => (count === 1 ? "1 slot waits" : `${count} slots wait`);
  const texts = [
    turns === 0 ? "" : `; ${slots(turns)} for the end of what runs`,
    missed === 0 ? "" : `; ${slots(missed)} for cluster ${slotStateOf(job).cluster}, which was away`,
  ];
  return texts.join("");
}

/** What a cron job waits for: its newest open run, its slots, and when the next one is. */
function explainSlots(job: Job, look: Look, now: number): string {
  const run = job.runs.findLast(isOpenRun) ?? speaker(job, now);
  const refused = job.deletion?.state === "refused" ? `; it could not be deleted: ${job.deletion.message}` : "";
  const nextAt = nextSlotOf(rulesOf(job), now);
  const next = rulesOf(job).suspend
    ? "suspended"
    : nextAt === null
      ? "no slot is to come"
      : `next slot at ${at(nextAt)}`;
  if (run === null) return `${next}${explainWaiting(job)}${refused}`;
  const text = run.removal && !isOver(run) ? explainRemoval(run, look) : explainRun(run, look, now);
  const kept = run.refusal === "" || isOver(run) ? "" : `; its Job could not be removed: ${run.refusal}`;
  return `${next}${explainWaiting(job)}; run ${run.run}: ${text}${callbackText(job, run)}${kept}${refused}`;
}

/** One sentence for people: what the job waits for, or how it ended (design, "On time, or told why"). */
export function explain(job: Job, look: Look, now: number): string {
  if (job.deletion?.state === "done") {
    const leaving = job.runs.findLast(({ removal }) => removal !== null);
    const gone = leaving ? `; its Job is removed when cluster ${leaving.cluster} is there` : "";
    const leftover = job.leftover === "" ? "" : `; its Job could not be removed: ${job.leftover}`;
    return `deleted at ${at(job.deletion.at)} (${job.deletion.outcome})${gone}${leftover}`;
  }
  if (job.cron !== undefined) return explainSlots(job, look, now);
  const run = newestRun(job);
  const earlier = waitsFor(job, run);
  if (earlier !== null) return explainTakingOver(run, earlier, look, now);
  if (run.removal && !isOver(run)) return explainRemoval(run, look);
  const text = `${explainRun(run, look, now)}${callbackText(job, run)}`;
  if (job.deletion?.state === "refused") return `${text}; it could not be deleted: ${job.deletion.message}`;
  return run.refusal === "" || isOver(run) ? text : `${text}; its Job could not be removed: ${run.refusal}`;
}
