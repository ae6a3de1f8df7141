import type { Run } from "./lifecycle-run.ts";
import { isGrowing } from "./lifecycle-runs.ts";
import { rulesOf, slotStateOf } from "./lifecycle-slot-clock.ts";
import type { Job } from "./lifecycle-state.ts";
import { endWithoutPods, NOT_YET } from "./lifecycle-timeline.ts";
import { nextItem } from "./schedule.ts";

/** Why a slot did not run (contract, part 5). */
export type SkipReason = "misfire" | "concurrency" | "deadline" | "dst_gap" | "suspended" | "queue_full";

const SENTENCES: Record<SkipReason, string> = {
  misfire: "no relay of its cluster was linked at its time, or the control plane was away",
  concurrency: "another run of the job was open at its time, or a newer slot took its place",
  deadline: "its start deadline passed before it could start",
  dst_gap: "its local time does not exist on that day",
  suspended: "the job was suspended",
  queue_full: "as many runs of the job as may be were open or waiting",
};

function messageOf(reason: SkipReason, count: number): string {
  return count === 1 ? SENTENCES[reason] : `${count} slots did not run: ${SENTENCES[reason]}`;
}

/** The record that those slots belong to: the newest one of their reason, where nothing lies between. */
function neighbour(job: Job, reason: SkipReason, firstAt: number, followsAt: number | null): Run | undefined {
  const newest = job.runs.findLast((run) => isGrowing(job, run) && run.end.reason === reason);
  if (newest === undefined || newest.slotAt === null) return undefined;
  if (newest.slotAt === followsAt || newest.slotAt === firstAt) return newest;
  if (followsAt !== null || newest.slotAt > firstAt) return undefined;
  return nextItem(rulesOf(job), newest.slotAt)?.at === firstAt ? newest : undefined;
}

function grown(record: Run, reason: SkipReason, ats: readonly number[], now: number): Run {
  if (record.state !== "skipped") return record;
  const count = (record.count ?? 1) + ats.length;
  const slotAt = Math.max(record.slotAt ?? 0, ats.at(-1) ?? 0);
  const end = endWithoutPods(now, reason, messageOf(reason, count));
  return { ...record, count, slotAt, dueAt: slotAt, end };
}

function newRecord(job: Job, run: number, reason: SkipReason, ats: readonly number[], now: number): Run {
  const slotAt = ats.at(-1) ?? now;
  return {
    run,
    slotAt,
    count: ats.length,
    definition: null,
    namespace: job.definition.namespace,
    kubeJob: "",
    cluster: slotStateOf(job).cluster,
    dueAt: slotAt,
    startDeadlineAt: null,
    n: 0,
    removal: null,
    refusal: "",
    afterLost: 0,
    logs: [],
    state: "skipped",
    times: NOT_YET,
    uid: null,
    end: endWithoutPods(now, reason, messageOf(reason, ats.length)),
  };
}

/**
 * The job with a record of slots that did not run, oldest first, with no other slot between them; those next to one of the same
 * reason join its record. `followsAt`: the slot before the first of them, null where that is not at hand.
 */
export function recordSlots(
  job: Job,
  slots: { reason: SkipReason; ats: readonly number[]; followsAt: number | null },
  now: number,
): Job {
  const { reason, ats, followsAt } = slots;
  const [firstAt] = ats;
  if (firstAt === undefined) return job;
  const record = neighbour(job, reason, firstAt, followsAt);
  if (record === undefined) {
    const runs = [...job.runs, newRecord(job, job.nextRun, reason, ats, now)];
    return { ...job, runs, nextRun: job.nextRun + 1 };
  }
  const runs = job.runs.map((run) => (run === record ? grown(run, reason, ats, now) : run));
  return { ...job, runs };
}

/**
 * A slot's run that was not sent will not be: its slot goes into a record. It is itself the record where a new one begins; where
 * its cluster's object has a row of it, it stays for that row, as a ghost.
 */
export function recordRun(job: Job, run: Run, reason: SkipReason, now: number): Job {
  const { slotAt } = run;
  if (slotAt === null) return job;
  if (run.state === "due" && run.slot?.row) {
    const ghost: Run = { ...run, book: null, slot: { ...run.slot, hold: "ghost" } };
    const runs = job.runs.map((old) => (old.run === run.run ? ghost : old));
    return recordSlots({ ...job, runs }, { reason, ats: [slotAt], followsAt: null }, now);
  }
  const record = neighbour(job, reason, slotAt, null);
  if (record === undefined) {
    const begun: Run = { ...newRecord(job, run.run, reason, [slotAt], now), n: run.n };
    return { ...job, runs: job.runs.map((old) => (old.run === run.run ? begun : old)) };
  }
  const others = job.runs.filter((old) => old.run !== run.run);
  const runs = others.map((old) => (old === record ? grown(old, reason, [slotAt], now) : old));
  return { ...job, runs };
}
