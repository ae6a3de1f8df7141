import { wholeSeconds } from "../api/deleting.ts";
import type { Condition, Job, JobStatus, Pod } from "../client/objects.ts";
import { formatIndexes, parseIndexes } from "./indexes.ts";
import { backoffLeftMs, ending, type Tally } from "./job-rules.ts";
import { indexOf, isPodDeleting, isPodOver, isPodReady, isPodTracked } from "./pod-facts.ts";

/** What a Job needs now. Carried out in this order: remove, create, write the status, release. */
export type JobPlan = {
  remove: Pod[];
  /** Completion index of each pod to make; undefined where the Job is not Indexed. */
  create: (number | undefined)[];
  status: JobStatus;
  /** Pods whose end is in `status` and that nothing holds any more. */
  release: Pod[];
  /** When to look again without an event, ms. */
  againInMs: number | undefined;
};

/** Pods that one round may make: bounds a burst, as the real controller's 500. */
const mostCreatesPerRound = 500;

/** Decides everything about a Job from what is there now: level-triggered, so a missed event costs nothing (pkg/controller/job). */
export function planJob(job: Job, pods: Pod[], nowMs: number): JobPlan {
  const over = pods.filter(isPodOver);
  const release = over.filter(isPodTracked);
  if (isFinished(job.status.conditions)) {
    return { remove: [], create: [], status: job.status, release: pods.filter(isPodTracked), againInMs: undefined };
  }
  const active = pods.filter((pod) => !isPodOver(pod) && !isPodDeleting(pod));
  const terminating = pods.filter((pod) => !isPodOver(pod) && isPodDeleting(pod));
  const tally = count(job, pods, over);
  const status: JobStatus = {
    ...job.status,
    uncountedTerminatedPods: tally.uncounted,
    conditions: [...job.status.conditions],
  };
  const plan: JobPlan = { remove: [], create: [], status, release, againInMs: undefined };
  if (job.metadata.deletionTimestamp === undefined) {
    startOrSuspend(job, status, nowMs);
    decideEnd({ job, status, tally, active, nowMs, plan });
    if (isEnding(status.conditions)) plan.remove = active;
    else scale({ job, tally, active, terminating, over, nowMs, plan });
  }
  // Pods that are removed in this very round are terminating by the time anybody reads the status.
  const removed = new Set(plan.remove.map((pod) => pod.metadata.uid));
  const kept = active.filter((pod) => !removed.has(pod.metadata.uid));
  status.active = kept.length + plan.create.length;
  status.ready = kept.filter(isPodReady).length;
  status.terminating = terminating.length + plan.remove.length;
  status.succeeded = tally.succeeded;
  status.failed = tally.failed;
  if (job.spec.completionMode === "Indexed") status.completedIndexes = formatIndexes(tally.indexes);
  if (status.active === 0 && status.terminating === 0) finish(status, tally, release.length, nowMs);
  return plan;
}

/** Moves ended pods through the books: first uncounted, then, once their finalizer is gone, into the counters. */
function count(job: Job, pods: Pod[], over: Pod[]): Tally {
  const byUid = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  const isReleased = (uid: string) => {
    const pod = byUid.get(uid);
    return pod === undefined || !isPodTracked(pod);
  };
  const before = job.status.uncountedTerminatedPods;
  const succeeded = before.succeeded.filter((uid) => !isReleased(uid));
  const failed = before.failed.filter((uid) => !isReleased(uid));
  const tally: Tally = {
    succeeded: (job.status.succeeded ?? 0) + before.succeeded.length - succeeded.length,
    failed: (job.status.failed ?? 0) + before.failed.length - failed.length,
    uncounted: { succeeded, failed },
    indexes: parseIndexes(job.status.completedIndexes ?? ""),
  };
  const isIndexed = job.spec.completionMode === "Indexed";
  for (const pod of over.filter(isPodTracked)) {
    const { uid } = pod.metadata;
    const index = indexOf(pod);
    if (pod.status.phase === "Succeeded" && isIndexed) {
      if (index !== undefined && index < (job.spec.completions ?? 0)) tally.indexes.add(index);
    } else if (pod.status.phase === "Succeeded") {
      if (!succeeded.includes(uid)) succeeded.push(uid);
    } else if (!failed.includes(uid) && !job.spec.suspend) failed.push(uid);
  }
  if (isIndexed) tally.succeeded = tally.indexes.size;
  return tally;
}

function startOrSuspend(job: Job, status: JobStatus, nowMs: number): void {
  const wasSuspended = has(status.conditions, "Suspended");
  if (job.spec.suspend) {
    if (!wasSuspended) setCondition(status, "Suspended", "True", "JobSuspended", "Job suspended", nowMs);
    return;
  }
  if (wasSuspended) setCondition(status, "Suspended", "False", "JobResumed", "Job resumed", nowMs);
  // The deadline counts anew after a resume.
  if (status.startTime === undefined || wasSuspended) status.startTime = wholeSeconds(nowMs);
}

type EndInput = { job: Job; status: JobStatus; tally: Tally; active: Pod[]; nowMs: number; plan: JobPlan };

function decideEnd(input: EndInput): void {
  const { job, status, tally, active, nowMs, plan } = input;
  if (isEnding(status.conditions)) return;
  const end = ending(job, status, tally, active, nowMs);
  switch (end.kind) {
    case "failure":
      setCondition(status, "FailureTarget", "True", end.reason, end.message, nowMs);
      return;
    case "success":
      setCondition(
        status,
        "SuccessCriteriaMet",
        "True",
        "CompletionsReached",
        "Reached expected number of succeeded pods",
        nowMs,
      );
      return;
    case "open":
      plan.againInMs = end.deadlineInMs;
      return;
  }
}

type ScaleInput = {
  job: Job;
  tally: Tally;
  active: Pod[];
  terminating: Pod[];
  over: Pod[];
  nowMs: number;
  plan: JobPlan;
};

/** Makes or removes pods until as many are active as the Job wants. */
function scale(input: ScaleInput): void {
  const { job, tally, active, terminating, over, nowMs, plan } = input;
  if (job.spec.suspend) {
    plan.remove = active;
    return;
  }
  const { completions, parallelism } = job.spec;
  const done = tally.succeeded + tally.uncounted.succeeded.length;
  const wanted =
    completions === undefined ? (done > 0 ? active.length : parallelism) : Math.min(completions - done, parallelism);
  if (active.length > wanted) {
    // The newest go first: what has run longest loses least.
    const byAge = [...active].sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1));
    plan.remove = byAge.slice(0, active.length - wanted);
    return;
  }
  const waitsForEnd = job.spec.podReplacementPolicy === "Failed";
  const missing = wanted - active.length - (waitsForEnd ? terminating.length : 0);
  if (missing <= 0) return;
  const waitMs = backoffLeftMs(over, nowMs);
  if (waitMs > 0) {
    plan.againInMs = Math.min(plan.againInMs ?? waitMs, waitMs);
    return;
  }
  const number = Math.min(missing, mostCreatesPerRound);
  const taken = waitsForEnd ? [...active, ...terminating] : active;
  plan.create =
    job.spec.completionMode === "Indexed" ? freeIndexes(job, tally, taken, number) : Array(number).fill(undefined);
}

function freeIndexes(job: Job, tally: Tally, taken: Pod[], number: number): number[] {
  const used = new Set([...tally.indexes, ...taken.map(indexOf)]);
  const free: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && free.length < number; index++) {
    if (!used.has(index)) free.push(index);
  }
  return free;
}

/** The final condition comes last: when no pod is left and every one has been counted. */
function finish(status: JobStatus, tally: Tally, unreleased: number, nowMs: number): void {
  const { uncounted } = tally;
  if (unreleased > 0 || uncounted.failed.length > 0 || uncounted.succeeded.length > 0) return;
  const failure = status.conditions.find((one) => one.type === "FailureTarget" && one.status === "True");
  const success = status.conditions.find((one) => one.type === "SuccessCriteriaMet" && one.status === "True");
  if (failure !== undefined) {
    setCondition(status, "Failed", "True", failure.reason ?? "", failure.message ?? "", nowMs);
  } else if (success !== undefined) {
    setCondition(status, "Complete", "True", success.reason ?? "", success.message ?? "", nowMs);
    status.completionTime = wholeSeconds(nowMs);
  }
}

/** Says whether a Job has ended for good. */
export function isFinished(conditions: Condition[]): boolean {
  return has(conditions, "Complete") || has(conditions, "Failed");
}

function isEnding(conditions: Condition[]): boolean {
  return has(conditions, "SuccessCriteriaMet") || has(conditions, "FailureTarget");
}

function has(conditions: Condition[], type: string): boolean {
  return conditions.some((one) => one.type === type && one.status === "True");
}

function setCondition(
  status: JobStatus,
  type: string,
  value: string,
  reason: string,
  message: string,
  nowMs: number,
): void {
  const now = wholeSeconds(nowMs);
  const condition: Condition = { type, status: value, reason, message, lastProbeTime: now, lastTransitionTime: now };
  const index = status.conditions.findIndex((one) => one.type === type);
  if (index >= 0) status.conditions[index] = condition;
  else status.conditions.push(condition);
}
