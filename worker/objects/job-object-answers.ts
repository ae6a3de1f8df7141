import type { Tally } from "../clusters/calls.ts";
import type {
  CancelRunAnswer,
  Creation,
  DeleteAnswer,
  DeleteOutcome,
  FactAnswer,
  SuspendAnswer,
  TriggerAnswer,
  UpdateAnswer,
  UpdateCronAnswer,
} from "../jobs/calls.ts";
import type { RefusalCode } from "../jobs/lifecycle-events.ts";
import { outcomeOf, strongest } from "../jobs/lifecycle-removal.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import { isOver, jobTypeOf } from "../jobs/lifecycle-runs.ts";
import type { Job } from "../jobs/lifecycle-state.ts";

/** What became of runs that a caller ended; `timeout`: not all are over yet. */
export type EndsAnswer =
  | { answer: "over"; outcome: DeleteOutcome }
  | { answer: "timeout" }
  | { answer: "refused"; message: string };

/** How the job was created; null: there is none here. */
export function creationOf(job: Job | null): Creation | null {
  return job && { jobType: jobTypeOf(job), bodyHash: job.bodyHash ?? null, isDeleted: job.deletion?.state === "done" };
}

/** What a delete can answer yet; null: the cluster, or D1, has not confirmed. */
export function deletionAnswer(job: Job | null): DeleteAnswer | null {
  if (job === null) return { answer: "unknown" };
  const { deletion } = job;
  if (deletion?.state === "refused") return { answer: "refused", message: deletion.message };
  // After code 0 the index says 3 and the name is free.
  if (deletion?.state !== "done" || job.names.length > 0 || job.index.written < job.index.version) return null;
  return { answer: "deleted", outcome: deletion.outcome };
}

/** What became of these runs; null: one is not over, and its cluster has not refused to remove it. */
export function endsOf(
  job: Job | null,
  numbers: readonly number[],
  read: (job: Job, run: number) => Run | undefined,
): EndsAnswer | null {
  // A job that was purged, or a run beyond those that are kept, was over long before.
  const runs = job === null ? [] : numbers.map((number) => read(job, number)).filter((run) => run !== undefined);
  const refused = runs.find((run) => !isOver(run) && run.removal === null && run.refusal !== "");
  if (refused) return { answer: "refused", message: refused.refusal };
  // One that ends by itself, and only waits for its logs, ran to its end.
  if (runs.some((run) => !isOver(run) && (run.state !== "ending" || run.removal !== null))) return null;
  return { answer: "over", outcome: strongest(runs.map(outcomeOf)) };
}

/** The answer to the cancel of one run. */
export function cancelAnswer(ends: EndsAnswer): CancelRunAnswer {
  return ends.answer === "over" ? { answer: "cancelled", outcome: ends.outcome } : ends;
}

/** The answer to an update that was not taken. */
export function updateAnswer(code: RefusalCode, job: Job | null): UpdateAnswer {
  if (code === "claim_first" && job !== null) return { answer: "claim_first", id: job.id };
  if (code === "submitted" || code === "deleted" || code === "claim_too_old") return { answer: code };
  return { answer: "unknown" };
}

/** The answer to a cron job's update that was not taken. */
export function updateCronAnswer(code: RefusalCode, job: Job | null): UpdateCronAnswer {
  if (code === "claim_first" && job !== null) return { answer: "claim_first", id: job.id };
  const isKnown = code === "behind" || code === "deleted" || code === "claim_too_old" || code === "too_many_open";
  return { answer: isKnown ? code : "unknown" };
}

/** What an update met of the slots that the job had: one was still to come or waited, or none was. */
export function slotsMet(job: Job | null): DeleteOutcome {
  const isWaiting = job?.runs.some((run) => run.state === "due") ?? false;
  return isWaiting || job?.cron?.next ? "cancelled_before_dispatch" : "already_finished";
}

/** The answer to a suspension that was not taken. */
export function suspendAnswer(code: RefusalCode): SuspendAnswer {
  return { answer: code === "behind" || code === "deleted" ? code : "unknown" };
}

/** The answers to facts, the first that was taken with what they did; null: none was taken. */
export function withTally(answers: readonly FactAnswer[], tally: Tally): FactAnswer[] | null {
  const first = answers.findIndex(({ answer }) => answer === "ok");
  if (first < 0) return null;
  return answers.map((answer, index) => (index === first && answer.answer === "ok" ? { ...answer, tally } : answer));
}

/** The answer to a trigger that was not taken. */
export function triggerAnswer(code: RefusalCode): TriggerAnswer {
  const isKnown = code === "deleted" || code === "too_many_runs" || code === "too_many_open";
  return { answer: isKnown ? code : "unknown" };
}
