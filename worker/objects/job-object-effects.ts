import type { Cancel, ClusterCalls, RowView } from "../clusters/calls.ts";
import { chooseCluster } from "../clusters/choosing.ts";
import { listClusterIds } from "../db/clusters.ts";
import { deleteJobRow, writeJobRow } from "../db/job-rows.ts";
import { releaseName } from "../db/name-claims.ts";
import { logError, logWarning } from "../errors.ts";
import { isWorthALook } from "../jobs/lifecycle-booking.ts";
import type { Effect } from "../jobs/lifecycle-effects.ts";
import type { Event } from "../jobs/lifecycle-events.ts";
import { ATTEMPT_MS } from "../jobs/lifecycle-limits.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import { findRun, jobTypeOf } from "../jobs/lifecycle-runs.ts";
import type { Job } from "../jobs/lifecycle-state.ts";
import { jobRowOf, runToLookAt } from "../jobs/lifecycle-views.ts";
import { buildManifest } from "../jobs/manifest.ts";

/** How long a description waits for the cluster's object. */
const LOOK_MS = 2_000;

/** What is done outside the object; the object itself reads runs of its own keys, and calls back. */
type TriedEffect = Exclude<Effect, { type: "recall" | "call" }>;

/** A cluster's object, by a new stub: one that threw may stay broken (platform notes, "Durable Objects"). */
export function clusterCalls(env: Env, cluster: string): ClusterCalls {
  return env.CLUSTERS.get(env.CLUSTERS.idFromName(cluster));
}

/** Settles with the promise, or rejects after `ms`; the call itself may still come through, and each may be repeated. */
export async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

/** What its cluster's object knows of the run to look at; null: there is nothing to ask, or it did not answer in time. */
export async function lookAt(env: Env, job: Job): Promise<RowView | null> {
  const run = runToLookAt(job);
  if (run === null || run.cluster === null || !isWorthALook(run)) return null;
  try {
    return await within(LOOK_MS, clusterCalls(env, run.cluster).look({ jobId: job.jobId, run: run.run }));
  } catch (error) {
    // The description goes on without the cluster's word.
    logError(`job ${job.jobId}: cluster ${run.cluster} did not answer a look`, error);
    return null;
  }
}

/** The innermost cause alone: what wraps it may carry the query's values, and with them a job's secrets. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : sentence(error.cause);
}

async function book(env: Env, job: Job, run: Run, n: number): Promise<Event> {
  const cluster = run.cluster ?? "";
  // An open run has its own: the job's may be a later one.
  const definition = run.definition ?? job.definition;
  const { answer } = await clusterCalls(env, cluster).book({
    jobId: job.jobId,
    run: run.run,
    n,
    dueAt: run.dueAt,
    startDeadlineAt: run.startDeadlineAt,
    namespace: run.namespace,
    name: run.kubeJob,
    manifest: buildManifest(definition, {
      jobId: job.jobId,
      jobType: jobTypeOf(job),
      run: run.run,
      clusterLabel: `${job.installation}.${cluster}`,
      kubeJob: run.kubeJob,
      slotAt: run.slotAt,
    }),
  });
  return { type: "booked", run: run.run, n, answer };
}

async function cancel(env: Env, job: Job, run: Run, how: Pick<Cancel, "n" | "unlessSent">): Promise<Event> {
  const key = { jobId: job.jobId, run: run.run };
  const cancel: Cancel = { ...how, namespace: run.namespace, name: run.kubeJob };
  const { answer } = await clusterCalls(env, run.cluster ?? "").cancel(key, cancel);
  return { type: "cancel_answered", run: run.run, n: how.n, answer };
}

/** A cluster for a run that none fitted when its job was created; null: still none. */
async function choose(env: Env, route: string): Promise<string | null> {
  const choice = chooseCluster(await listClusterIds(env.DB), route);
  return "cluster" in choice ? choice.cluster : null;
}

async function attempt(env: Env, job: Job, effect: TriedEffect): Promise<Event | null> {
  const run = "run" in effect ? findRun(job, effect.run) : undefined;
  switch (effect.type) {
    case "choose":
      return run ? { type: "chosen", run: run.run, cluster: await choose(env, job.definition.route) } : null;
    case "book":
      return run ? await book(env, job, run, effect.n) : null;
    case "look": {
      if (!run) return null;
      const view = await clusterCalls(env, run.cluster ?? "").look({ jobId: job.jobId, run: run.run });
      return { type: "looked", run: run.run, row: view.row, linkedSince: view.link.up ? view.link.since : null };
    }
    case "cancel":
      return run ? await cancel(env, job, run, { n: effect.n, unlessSent: effect.unlessSent }) : null;
    case "write_index":
      await writeJobRow(env.DB, jobRowOf(job, Date.now()));
      return { type: "index_written", version: job.index.version };
    case "release_name":
      await releaseName(env.DB, { ...effect.name, jobId: job.jobId }, effect.name.releasing?.upTo);
      return { type: "name_released", name: effect.name };
    case "purge":
      await deleteJobRow(env.DB, { jobType: jobTypeOf(job), id: job.id, jobId: job.jobId });
      await releaseName(env.DB, { ...job.definition, jobId: job.jobId });
      for (const name of job.names) await releaseName(env.DB, { ...name, jobId: job.jobId });
      return null;
  }
}

function failureOf(effect: TriedEffect, problem: string): Event {
  switch (effect.type) {
    case "choose":
      return { type: "choose_failed", run: effect.run, problem };
    case "book":
      return { type: "book_failed", run: effect.run, n: effect.n, problem };
    case "look":
      return { type: "look_failed", run: effect.run };
    case "cancel":
      return { type: "cancel_failed", run: effect.run, n: effect.n };
    case "write_index":
      return { type: "index_failed" };
    case "release_name":
      return { type: "release_failed", name: effect.name };
    case "purge":
      return { type: "purge_failed" };
  }
}

/** Tries one effect once and says how it came out; never throws. null: nothing is left to say (a purge is done). */
export async function tryEffect(env: Env, job: Job, effect: TriedEffect): Promise<Event | null> {
  try {
    return await within(ATTEMPT_MS, attempt(env, job, effect));
  } catch (error) {
    const problem = sentence(error);
    logWarning(`job ${job.jobId}: ${effect.type} failed and is tried again: ${problem}`);
    return failureOf(effect, problem);
  }
}
