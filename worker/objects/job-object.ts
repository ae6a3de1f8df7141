import { DurableObject } from "cloudflare:workers";
import type { RunKey } from "../../protocol/words.ts";
import type { RowView } from "../clusters/calls.ts";
import { logError } from "../errors.ts";
import type {
  CreateAnswer,
  CreateInput,
  Creation,
  DeleteAnswer,
  FactAnswer,
  JobCalls,
  JobSnapshot,
  LateAnswer,
  LogQuery,
  TakenFact,
} from "../jobs/calls.ts";
import { type Advanced, advanceAll, answerFact, answerLate } from "../jobs/lifecycle.ts";
import { isWorthALook } from "../jobs/lifecycle-booking.ts";
import type { Effect } from "../jobs/lifecycle-effects.ts";
import { type Event, ignored } from "../jobs/lifecycle-events.ts";
import { newestRun } from "../jobs/lifecycle-runs.ts";
import type { Job } from "../jobs/lifecycle-state.ts";
import { snapshotOf } from "../jobs/lifecycle-views.ts";
import { clusterCalls, tryEffect, within } from "./job-object-effects.ts";
import { logStream } from "./job-object-logs.ts";
import { JobStore } from "./job-object-store.ts";

/** How long a description waits for the cluster's object. */
const LOOK_MS = 2_000;
/** After a failure of our own inside the alarm: it rings again this much later. */
const ALARM_AGAIN_MS = 60_000;

/** What a delete can answer yet; null: the cluster, or D1, has not confirmed. */
function deletionAnswer(job: Job | null): DeleteAnswer | null {
  if (job === null) return { answer: "unknown" };
  const { deletion } = job;
  if (deletion?.state === "refused") return { answer: "refused", message: deletion.message };
  // After code 0 the index says 3 and the name is free.
  if (deletion?.state !== "done" || job.nameHeld || job.index.written < job.index.version) return null;
  return { answer: "deleted", outcome: deletion.outcome };
}

function creationOf(job: Job | null): Creation | null {
  return job && { bodyHash: job.bodyHash ?? null, isDeleted: job.deletion?.state === "done" };
}

/**
 * The truth about one job, and its clock: a thin shell that loads, advances and commits in one synchronous turn, and only
 * then tries the effects (design, "Life of a job"). Every rule is in worker/jobs/lifecycle*.
 */
export class JobObject extends DurableObject<Env> implements JobCalls {
  readonly #store: JobStore;
  /** Called after each commit: deletes that wait for their answer. */
  readonly #watchers = new Set<() => void>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new JobStore(ctx.storage);
  }

  async create(input: CreateInput): Promise<CreateAnswer> {
    const { advanced } = this.#apply([{ type: "create", input }]);
    const [taken] = advanced.steps;
    if (taken?.kind !== "refused") return { answer: "created" };
    const creation = creationOf(advanced.job);
    return creation === null ? { answer: "claim_too_old" } : { answer: "exists", creation };
  }

  async creation(): Promise<Creation | null> {
    return creationOf(this.#store.job);
  }

  async describe(): Promise<JobSnapshot | null> {
    const asked = this.#store.job;
    if (asked === null) return null;
    const look = await this.#look(asked);
    const job = this.#store.job;
    return job === null ? null : snapshotOf(job, look, Date.now());
  }

  async delete(options: { force: boolean; waitMs: number }): Promise<DeleteAnswer> {
    const { advanced } = this.#apply([{ type: "delete", force: options.force }]);
    const [taken] = advanced.steps;
    if (taken?.kind === "refused") return { answer: taken.code === "submitted" ? "submitted" : "unknown" };
    return await this.#deletionWithin(options.waitMs);
  }

  async logs(query: LogQuery): Promise<ReadableStream<Uint8Array> | null> {
    const { job } = this.#store;
    return job === null ? null : logStream(job, query, (logId, chunk) => this.#store.readChunk(logId, chunk));
  }

  async takeFacts(cluster: string, facts: TakenFact[]): Promise<FactAnswer[]> {
    const events = facts.map((taken): Event => ({ type: "fact", cluster, taken }));
    const { advanced, effects } = this.#apply(events);
    // An end is acknowledged only after its index row was tried: until then the relay comes back with it.
    const { job } = advanced;
    if (job !== null && job.index.net === "relay" && job.index.written < job.index.version) await effects;
    return facts.map(({ fact }, index) =>
      answerFact(this.#store.job, fact.run, advanced.steps[index] ?? ignored("nothing_due")),
    );
  }

  async late(cluster: string, run: RunKey): Promise<LateAnswer> {
    const { advanced } = this.#apply([{ type: "late", cluster, run: run.run }]);
    return answerLate(advanced.job, cluster, run.run);
  }

  async poke(): Promise<boolean> {
    const { advanced, effects } = this.#apply([{ type: "poke" }]);
    await effects;
    return advanced.job !== null;
  }

  async holdsName(namespace: string, jobName: string): Promise<boolean> {
    const { job } = this.#store;
    if (job === null || !job.nameHeld) return false;
    return job.definition.namespace === namespace && job.definition.jobName === jobName;
  }

  /** The job's one clock. Never throws: the platform drops an alarm for good after a few failures. */
  override async alarm(): Promise<void> {
    this.#store.alarmRang();
    try {
      const { effects } = this.#apply([{ type: "tick" }]);
      await effects;
    } catch (error) {
      this.#store.armAt(Date.now() + ALARM_AGAIN_MS);
      logError("a job's alarm failed and will ring again in a minute", error);
    }
  }

  /** One turn: advance, commit, and start the effects. `effects` settles when they and what follows from them are done. */
  #apply(events: readonly Event[]): { advanced: Advanced; effects: Promise<void> } {
    const now = Date.now();
    const before = this.#store.job;
    const advanced = advanceAll(before, events, now);
    const { job } = advanced;
    if (job === null) return { advanced, effects: Promise.resolve() };
    // Also where nothing changed: an alarm that rang must be set again.
    this.#store.commit(job, advanced.bodies, advanced.durable, now);
    for (const watcher of this.#watchers) watcher();
    const effects = this.#tryAll(advanced.effects);
    this.ctx.waitUntil(effects);
    return { advanced, effects };
  }

  async #tryAll(effects: readonly Effect[]): Promise<void> {
    await Promise.all(effects.map((effect) => this.#try(effect)));
  }

  async #try(effect: Effect): Promise<void> {
    const { job } = this.#store;
    if (job === null) return;
    const outcome = await tryEffect(this.env, job, effect);
    // Purged meanwhile: nothing is written to an object that is no more.
    if (this.#store.job === null) return;
    if (outcome !== null) await this.#apply([outcome]).effects;
    else if (effect.type === "purge") await this.#store.forget();
  }

  async #look(job: Job): Promise<RowView | null> {
    const run = newestRun(job);
    if (run.cluster === null || !isWorthALook(run)) return null;
    try {
      return await within(LOOK_MS, clusterCalls(this.env, run.cluster).look({ jobId: job.jobId, run: run.run }));
    } catch (error) {
      // The description goes on without the cluster's word.
      logError(`job ${job.jobId}: cluster ${run.cluster} did not answer a look`, error);
      return null;
    }
  }

  async #deletionWithin(waitMs: number): Promise<DeleteAnswer> {
    const { promise, resolve } = Promise.withResolvers<DeleteAnswer>();
    const check = () => {
      const answer = deletionAnswer(this.#store.job);
      if (answer !== null) resolve(answer);
    };
    const timer = setTimeout(() => resolve({ answer: "timeout" }), waitMs);
    this.#watchers.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(check);
    }
  }
}
