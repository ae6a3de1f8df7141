import type { Tally } from "../clusters/calls.ts";
import type { Run } from "./lifecycle-run.ts";
import { findRun, isOver } from "./lifecycle-runs.ts";
import type { Job } from "./lifecycle-state.ts";
import { timesOf } from "./lifecycle-timeline.ts";

/** The run as it was before the turn; null: the turn made it; undefined: it was not at hand, so nothing is known. */
function runBefore(before: Job, { run }: Run): Run | null | undefined {
  return findRun(before, run) ?? (run >= before.nextRun ? null : undefined);
}

/** How many ended with this run in the turn: a record of slots that did not run may have grown. */
function endedBy(run: Run, old: Run | null): number {
  if (!isOver(run)) return 0;
  const count = run.count ?? 1;
  return old !== null && isOver(old) ? count - (old.count ?? 1) : count;
}

/** What came of the attempts at callbacks that the turn took: `delivered`, `retried` (one more follows), `failed` (none does). */
function callbackResults(before: Job, job: Job): Record<string, number> {
  const results: Record<string, number> = {};
  for (const { run, event, attempts } of job.callbacks ?? []) {
    const newest = attempts.at(-1);
    const old = before.callbacks?.find((one) => one.run === run && one.event === event)?.attempts;
    if (newest === undefined || (old?.at(-1)?.at === newest.at && old.length === attempts.length)) continue;
    const result = newest.error === "" ? "delivered" : newest.nextAt === null ? "failed" : "retried";
    results[result] = (results[result] ?? 0) + 1;
  }
  return results;
}

/** What a turn has to be counted for in `/metrics`; null: nothing. Both jobs with the runs at hand that the turn touched. */
export function tallyOf(before: Job | null, job: Job | null): Tally | null {
  if (before === null || job === null || before === job) return null;
  const tally: Tally = { ended: {}, latenessMs: [], callbacks: callbackResults(before, job), repairs: {} };
  for (const run of job.runs) {
    const old = runBefore(before, run);
    if (old === undefined || old === run) continue;
    const ended = endedBy(run, old);
    if (ended > 0) tally.ended[run.state] = (tally.ended[run.state] ?? 0) + ended;
    const { createdAt } = timesOf(run);
    if (createdAt !== null && (old === null || timesOf(old).createdAt === null))
      tally.latenessMs.push(createdAt - run.dueAt);
  }
  const repairs = job.repairs - before.repairs;
  if (repairs > 0) tally.repairs.job_after_end = repairs;
  const isEmpty = tally.latenessMs.length === 0 && [tally.ended, tally.callbacks, tally.repairs].every(isNothing);
  return isEmpty ? null : tally;
}

function isNothing(counts: Record<string, number>): boolean {
  return Object.keys(counts).length === 0;
}
