import type { Fact } from "../../protocol/up.ts";
import type { TakenFact } from "./calls.ts";
import { runAgainIfWanted } from "./lifecycle-anew.ts";
import { ignored, moved, type Step } from "./lifecycle-events.ts";
import { LOG_WAIT_MS } from "./lifecycle-limits.ts";
import { awaitLogs, giveUpLogs, isAwaitingLogs, takeLogPiece } from "./lifecycle-logs.ts";
import {
  endedWhileRemoved,
  isBeingRemoved,
  removalConfirmed,
  removalRefused,
  repair,
  skipRun,
} from "./lifecycle-removal.ts";
import type { End, Run } from "./lifecycle-run.ts";
import { findRun, inState, isOver, isSubmitted, withRun } from "./lifecycle-runs.ts";
import { createdLook } from "./lifecycle-start-deadline.ts";
import type { Job } from "./lifecycle-state.ts";
import { endRun, endWithoutPods, seenAt, sentAs } from "./lifecycle-timeline.ts";

type FactOf<Type extends Fact["type"]> = Extract<Fact, { type: Type }>;

/** A Job of the run exists: it counts, and the run is `created` unless it is further already. */
function seen(job: Job, run: Run, taken: TakenFact, uid: string, now: number): { job: Job; run: Run } {
  if (!isSubmitted(run)) return { job, run };
  const times = { createdAt: taken.at, firedAt: taken.firedAt, sentAt: taken.sentAt };
  const deadlineLook = createdLook(run.startDeadlineAt, now);
  const created = inState(run, { state: "created", deadlineLook, ...seenAt(run, times, uid) });
  return { job: withRun({ ...job, times: job.times + 1 }, created), run: created };
}

function takeCreated(job: Job, run: Run, fact: FactOf<"created">, taken: TakenFact, now: number): Step {
  if (isSubmitted(run)) return moved(seen(job, run, taken, fact.uid, now).job);
  if (!isOver(run)) return ignored("already_known");
  // Its create was still under way somewhere when the run ended; an empty uid is one that nobody told.
  const isAnother = run.uid !== "" && run.uid !== fact.uid;
  return isAnother && run.removal === null ? moved(repair(job, run, now)) : ignored("run_is_over");
}

function takeStarted(before: Job, seenBefore: Run, taken: TakenFact, now: number): Step {
  const { job, run } = seen(before, seenBefore, taken, "", now);
  if (run.state !== "created") return ignored(isOver(run) ? "run_is_over" : "already_known");
  const { firedAt, sentAt, createdAt, uid } = run;
  const startedAt = Math.max(taken.at, createdAt);
  return moved(withRun(job, inState(run, { state: "running", startedAt, firedAt, sentAt, createdAt, uid })));
}

/** The run's end, once its logs are in. */
export function finishEnding(job: Job, run: Run & { state: "ending" }): Job {
  return endRun(job, run, run.result, run.end);
}

function takeEnded(before: Job, run: Run, fact: FactOf<"ended">, taken: TakenFact, now: number): Step {
  if (isOver(run)) return ignored("run_is_over");
  if (run.state === "ending") return ignored("already_known");
  const known = seen(before, run, taken, fact.uid, now);
  if (known.run.state !== "created" && known.run.state !== "running") return ignored("already_known");
  const { firedAt, sentAt, createdAt } = known.run;
  const startedAt = known.run.state === "running" ? known.run.startedAt : null;
  const end: End = {
    finishedAt: Math.max(taken.at, startedAt ?? createdAt),
    reason: fact.reason,
    message: fact.message,
    pods: fact.pods,
    podCount: fact.podCount,
    outcome: null,
  };
  if (run.removal !== null && isBeingRemoved(run) && fact.result === "failed") {
    // A failure while the Job is being removed is the removal's doing.
    return moved(withRun(known.job, { ...known.run, removal: { ...run.removal, failedWith: end } }));
  }
  if (run.removal !== null)
    return moved(endedWhileRemoved(endRun(known.job, known.run, fact.result, end), run.run, now));
  const waiting = awaitLogs(known.job, known.run, fact.logs, now);
  const seenTimes = { firedAt, sentAt, createdAt, startedAt, uid: fact.uid };
  const logsBy = now + LOG_WAIT_MS;
  const ending = inState(waiting.run, { state: "ending", ...seenTimes, result: fact.result, end, logsBy });
  return moved(settleLogs(withRun(waiting.job, ending), ending.run));
}

/** Ends the run if it only waited for logs and the last of them is in. */
function settleLogs(job: Job, number: number): Job {
  const run = findRun(job, number);
  if (run?.state !== "ending" || isAwaitingLogs(run)) return job;
  return finishEnding(job, run);
}

function takeLog(job: Job, run: Run, fact: FactOf<"log">, now: number): Step {
  const step = takeLogPiece(job, run, fact, now);
  return step.kind === "moved" ? { ...step, job: settleLogs(step.job, run.run) } : step;
}

function takeNotCreated(job: Job, run: Run, fact: FactOf<"create_refused" | "expired">, taken: TakenFact): Step {
  if (!isSubmitted(run)) return ignored(isOver(run) ? "run_is_over" : "already_known");
  // The same create may be on its way a second time: only the removal's own confirmation is the last word.
  if (run.removal !== null) return ignored("being_removed");
  const sent = sentAs(run, taken);
  if (fact.type === "expired") return moved(skipRun(job, sent, taken.at));
  return moved(endRun(job, sent, "failed", endWithoutPods(taken.at, fact.reason, fact.message)));
}

function takeLost(before: Job, run: Run, fact: FactOf<"lost">, taken: TakenFact, now: number): Step {
  if (isOver(run)) return ignored("run_is_over");
  if (run.removal !== null) return ignored("being_removed");
  if (run.state === "ending") {
    const given = giveUpLogs(run, "its Job vanished");
    return moved(given.state === "ending" ? finishEnding(withRun(before, given), given) : before);
  }
  const known = seen(before, run, taken, fact.uid, now);
  const message = "its Job vanished from the cluster before it ended";
  const over = endRun(known.job, known.run, "lost", endWithoutPods(taken.at, "lost", message));
  return moved(runAgainIfWanted(over, known.run, now));
}

function takeRemoved(job: Job, run: Run, fact: FactOf<"removed">, taken: TakenFact): Step {
  if (run.removal === null) return ignored("not_open");
  if (run.removal.n !== fact.n) return ignored("older_decision");
  return moved(removalConfirmed(job, sentAs(run, taken), fact.existed, taken.at));
}

function takeRemoveFailed(job: Job, run: Run, fact: FactOf<"remove_failed">, at: number): Step {
  if (run.removal === null) return ignored("not_open");
  if (run.removal.n !== fact.n) return ignored("older_decision");
  return moved(removalRefused(job, run, fact.message, at));
}

/** Ages are measured in fractions of a millisecond; what callers see is whole. */
function inWholeMs(taken: TakenFact): TakenFact {
  const { at, firedAt, sentAt } = taken;
  const whole = (time: number | null) => (time === null ? null : Math.round(time));
  return { ...taken, at: Math.round(at), firedAt: whole(firedAt), sentAt: whole(sentAt) };
}

/** A fact is proof that the run was sent, so it is not taken back: its cluster leaves it alone. */
function leftAlone(run: Run): Run {
  return run.removal?.why === "take_back" ? { ...run, removal: null } : run;
}

/** What one fact does to the job (design, "Life of a job" and "Evidence, not time-outs"). */
export function takeFact(job: Job, cluster: string, told: TakenFact, now: number): Step {
  const taken = inWholeMs(told);
  const { fact } = taken;
  const known = findRun(job, fact.run);
  if (known === undefined) return ignored("unknown_run");
  if (known.cluster !== cluster) return ignored("other_cluster");
  const run = leftAlone(known);
  const isForgotten = job.deletion?.state === "done" && run.removal === null;
  if (isForgotten && fact.type !== "created") return ignored("deleted");
  switch (fact.type) {
    case "created":
      return takeCreated(job, run, fact, taken, now);
    case "started":
      return takeStarted(job, run, taken, now);
    case "ended":
      return takeEnded(job, run, fact, taken, now);
    case "log":
      return takeLog(job, run, fact, now);
    case "create_refused":
    case "expired":
      return takeNotCreated(job, run, fact, taken);
    case "lost":
      return takeLost(job, run, fact, taken, now);
    case "removed":
      return takeRemoved(job, run, fact, taken);
    case "remove_failed":
      return takeRemoveFailed(job, run, fact, taken.at);
    case "waiting":
    case "dropped":
      return ignored("kept_by_cluster");
  }
}
