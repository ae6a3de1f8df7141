import { DurableObject } from "cloudflare:workers";
import type { Lines } from "../../protocol/up.ts";
import type { Tally } from "../clusters/calls.ts";
import { settingsOf } from "../env.ts";
import { logError } from "../errors.ts";
import type {
  CallbackQuery,
  CancelRunAnswer,
  CreateAnswer,
  CreateInput,
  Creation,
  DeleteAnswer,
  FactAnswer,
  FollowAnswer,
  FollowQuery,
  JobCalls,
  JobSnapshot,
  JobType,
  LateAnswer,
  LogQuery,
  RedeliverAnswer,
  RerunAnswer,
  RunsPart,
  SuspendAnswer,
  TakenFact,
  TriggerAnswer,
  UpdateAnswer,
  UpdateCronAnswer,
  UpdateInput,
} from "../jobs/calls.ts";
import { type Advanced, advanceAll, answerFact, answerLate } from "../jobs/lifecycle.ts";
import type { Callback } from "../jobs/lifecycle-callback.ts";
import { type CallEffect, callbackToRedeliver } from "../jobs/lifecycle-callbacks.ts";
import type { Effect } from "../jobs/lifecycle-effects.ts";
import { type Event, ignored } from "../jobs/lifecycle-events.ts";
import { CLEARED_AT_ONCE } from "../jobs/lifecycle-limits.ts";
import { heldName } from "../jobs/lifecycle-names.ts";
import { mayHaveJob } from "../jobs/lifecycle-removal.ts";
import { findRun, isOver, jobTypeOf, joined } from "../jobs/lifecycle-runs.ts";
import { isBehind, isTakingBack, nextSlotOf, rulesOf, slotStateOf } from "../jobs/lifecycle-slot-clock.ts";
import type { Job } from "../jobs/lifecycle-state.ts";
import { tallyOf } from "../jobs/lifecycle-tally.ts";
import { clusterOf, RUNS_DESCRIBED, runViews, shownRuns, snapshotOf } from "../jobs/lifecycle-views.ts";
import {
  cancelAnswer,
  creationOf,
  deletionAnswer,
  type EndsAnswer,
  endsOf,
  slotsMet,
  suspendAnswer,
  triggerAnswer,
  updateAnswer,
  updateCronAnswer,
  withTally,
} from "./job-object-answers.ts";
import { Commits } from "./job-object-commits.ts";
import { clusterCalls, lookAt, tryEffect } from "./job-object-effects.ts";
import { Follows } from "./job-object-follows.ts";
import { bytesAbove, logStream } from "./job-object-logs.ts";
import { JobStore } from "./job-object-store.ts";
import { sendCallback } from "./send-callback.ts";

/** How long an update or a suspension waits for its job's slots to be settled. */
const SLOTS_WAIT_MS = 10_000;
/** After a failure of our own inside the alarm: it rings again this much later. */
const ALARM_AGAIN_MS = 60_000;

/** A name whose release is under way is claimed again only after that; D1 answers in far less. */
const RELEASE_WAIT_MS = 5_000;

/**
 * The truth about one job, and its clock: a thin shell that loads, advances and commits in one synchronous turn, and only
 * then tries the effects (design, "Life of a job"). Every rule is in worker/jobs/lifecycle*.
 */
export class JobObject extends DurableObject<Env> implements JobCalls {
  readonly #store: JobStore;
  readonly #commits = new Commits();
  readonly #follows: Follows;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new JobStore(ctx.storage);
    this.#follows = new Follows(env, this.#store, this.#commits);
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
    this.#lookAtSlots();
    const asked = this.#store.job;
    if (asked === null) return null;
    const look = await lookAt(this.env, asked);
    const job = this.#store.job;
    return job === null ? null : snapshotOf(this.#withNewestRuns(job), look, Date.now());
  }

  async runs({ skip, count }: { skip: number; count: number }): Promise<RunsPart | null> {
    this.#lookAtSlots();
    const asked = this.#store.job;
    if (asked === null) return null;
    const look = await lookAt(this.env, asked);
    const { job, finished } = this.#store;
    if (job === null) return null;
    const now = Date.now();
    const packed = shownRuns(job, now);
    // A run whose Job is being removed is packed and may have a key too; it counts once.
    const total = job.finishedRuns + packed.filter(({ run }) => !finished.has(run)).length;
    const atHand = job.finishedRuns === 0 ? job : joined(job, finished.newest(skip + count + packed.length));
    return { runs: runViews(job, shownRuns(atHand, now).slice(skip, skip + count), look), total };
  }

  async update(input: UpdateInput, waitMs: number): Promise<UpdateAnswer> {
    await this.#nameReleased(input.definition);
    const ended = (this.#store.job?.runs ?? []).filter((run) => !isOver(run)).map(({ run }) => run);
    const { advanced } = this.#apply([{ type: "update", input }]);
    const [taken] = advanced.steps;
    if (taken?.kind === "refused") return updateAnswer(taken.code, advanced.job);
    const { current = 0 } = advanced.job ?? {};
    const outcome = await this.#endedWithin(ended, waitMs);
    return outcome.answer === "over"
      ? { answer: "updated", outcome: outcome.outcome, run: current, dueAt: input.definition.execAt }
      : outcome;
  }

  async rerun(): Promise<RerunAnswer> {
    const { advanced } = this.#apply([{ type: "rerun" }]);
    const [taken] = advanced.steps;
    if (taken?.kind !== "refused" && advanced.job !== null) return { answer: "rerun", run: advanced.job.current };
    const code = taken?.kind === "refused" ? taken.code : "unknown";
    return { answer: code === "deleted" || code === "not_finished" || code === "too_many_runs" ? code : "unknown" };
  }

  async updateCron(input: UpdateInput, waitMs: number): Promise<UpdateCronAnswer> {
    await this.#nameReleased(input.definition);
    await this.#slotsSettled(SLOTS_WAIT_MS);
    const before = this.#store.job;
    const { advanced } = this.#apply([{ type: "update", input }]);
    const [taken] = advanced.steps;
    if (taken?.kind === "refused") return updateCronAnswer(taken.code, advanced.job);
    const isTaken = await this.#commits.until(() => (this.#isTakingBack() ? null : true), waitMs);
    const { job } = this.#store;
    if (isTaken === null || job === null) return { answer: "timeout" };
    return { answer: "updated", outcome: slotsMet(before), nextAt: nextSlotOf(rulesOf(job), Date.now()) };
  }

  async suspend(suspend: boolean): Promise<SuspendAnswer> {
    await this.#slotsSettled(SLOTS_WAIT_MS);
    const { advanced } = this.#apply([{ type: "suspend", suspend }]);
    const [taken] = advanced.steps;
    if (taken?.kind === "refused") return suspendAnswer(taken.code);
    // Whether or not its cluster's object has answered by then, what it has not sent is taken back.
    await this.#commits.until(() => (this.#isTakingBack() ? null : true), SLOTS_WAIT_MS);
    const { job } = this.#store;
    if (job === null) return { answer: "unknown" };
    return { answer: "suspended", suspend, nextAt: nextSlotOf(rulesOf(job), Date.now()) };
  }

  async trigger(): Promise<TriggerAnswer> {
    const run = this.#store.job?.nextRun ?? 0;
    const { advanced } = this.#apply([{ type: "trigger" }]);
    const [taken] = advanced.steps;
    return taken?.kind === "refused" ? triggerAnswer(taken.code) : { answer: "triggered", run };
  }

  async cancelRun(run: number, waitMs: number): Promise<CancelRunAnswer> {
    const { advanced } = this.#apply([{ type: "cancel", run }]);
    const [taken] = advanced.steps;
    if (taken?.kind === "refused") return { answer: taken.code === "unknown_run" ? "unknown_run" : "unknown" };
    return cancelAnswer(await this.#endedWithin([run], waitMs));
  }

  async delete(options: { jobType: JobType; force: boolean; waitMs: number }): Promise<DeleteAnswer> {
    const { jobType, force } = options;
    const { job } = this.#store;
    if (job !== null && jobTypeOf(job) !== jobType) return { answer: "unknown" };
    const { advanced } = this.#apply([{ type: "delete", force }]);
    const [taken] = advanced.steps;
    if (taken?.kind === "refused") return { answer: taken.code === "submitted" ? "submitted" : "unknown" };
    return (await this.#commits.until(() => deletionAnswer(this.#store.job), options.waitMs)) ?? { answer: "timeout" };
  }

  async logs(query: LogQuery): Promise<ReadableStream<Uint8Array> | null> {
    const { job, finished } = this.#store;
    if (job === null) return null;
    const named = query.run === undefined ? undefined : (findRun(job, query.run) ?? finished.get(query.run));
    const runs = query.run === undefined ? finished.newestFirst(job) : named === undefined ? [] : [named];
    return logStream(runs, query, (logId, chunk) => this.#store.readChunk(logId, chunk));
  }

  async follow(query: FollowQuery): Promise<FollowAnswer> {
    return this.#follows.begin(query);
  }

  async takeLines(cluster: string, lines: Lines): Promise<void> {
    this.#follows.take(cluster, lines);
  }

  async callbacks(): Promise<Callback[] | null> {
    const { job } = this.#store;
    return job && (job.callbacks ?? []);
  }

  async redeliver(wanted: CallbackQuery): Promise<RedeliverAnswer> {
    const { job } = this.#store;
    const callback = job && callbackToRedeliver(job, wanted);
    const { advanced } = this.#apply([{ type: "redeliver", wanted }]);
    if (advanced.job === null) return { answer: "unknown" };
    if (!callback) return { answer: "unknown_callback" };
    return { answer: "redelivered", run: callback.run, event: callback.event, id: callback.id };
  }

  async takeFacts(cluster: string, facts: TakenFact[]): Promise<FactAnswer[]> {
    const events = facts.map((taken): Event => ({ type: "fact", cluster, taken }));
    const { advanced, effects, tally } = this.#applyUncounted(events);
    // An end is acknowledged only after its index row was tried: until then the relay comes back with it.
    const { job } = advanced;
    if (job !== null && job.index.net === "relay" && job.index.written < job.index.version) await effects;
    const answers = facts.map(({ fact }, index) =>
      answerFact(this.#store.job && advanced.job, fact.run, advanced.steps[index] ?? ignored("nothing_due")),
    );
    const told = tally && withTally(answers, tally);
    if (tally !== null && told === null) this.#count(advanced.job, tally);
    return told ?? answers;
  }

  async late(cluster: string, run: number, linked: boolean): Promise<LateAnswer> {
    const { advanced } = this.#apply([{ type: "late", cluster, run, linked }]);
    return answerLate(advanced.job, cluster, run);
  }

  async poke(): Promise<boolean> {
    const { advanced, effects } = this.#apply([{ type: "poke" }]);
    await effects;
    return advanced.job !== null;
  }

  async holdsName(namespace: string, jobName: string): Promise<boolean> {
    const { job } = this.#store;
    return job !== null && heldName(job, { namespace, jobName }) !== undefined;
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
    const { advanced, effects, tally } = this.#applyUncounted(events);
    if (tally !== null) this.#count(advanced.job, tally);
    return { advanced, effects };
  }

  /** Has a cluster's object count what a turn did; lost where it does not answer, since to ask again might count it twice. */
  #count(job: Job | null, tally: Tally): void {
    const cluster = job && clusterOf(job);
    if (cluster === null) return;
    const call = clusterCalls(this.env, cluster).count(tally);
    this.ctx.waitUntil(call.catch((error) => logError(`cluster ${cluster} could not count`, error)));
  }

  /** As #apply; its caller sees to the tally. */
  #applyUncounted(events: readonly Event[]): { advanced: Advanced; effects: Promise<void>; tally: Tally | null } {
    const now = Date.now();
    const before = this.#atHand(events, now);
    const advanced = advanceAll(before, events, now);
    const { job } = advanced;
    const tally = tallyOf(before, job);
    if (job === null) return { advanced, effects: Promise.resolve(), tally };
    // Also where nothing changed: an alarm that rang must be set again.
    this.#store.commit(job, advanced.bodies, advanced.durable, now);
    this.#commits.happened();
    const effects = this.#tryAll(advanced.effects);
    this.ctx.waitUntil(effects);
    return { advanced, effects, tally };
  }

  /** The job with the finished runs at hand that the events speak of, or whose logs have to make room or had their time. */
  #atHand(events: readonly Event[], now: number): Job | null {
    const { job, finished } = this.#store;
    if (job === null || job.finishedRuns === 0) return job;
    const named = events.flatMap((event) => {
      if (event.type === "fact") return [event.taken.fact.run];
      return event.type === "cancel" ? [event.run] : [];
    });
    const recalled = finished.recallBodies(finished.recall(job, named), bytesAbove(job, events));
    const { logsExpireAt } = job;
    return typeof logsExpireAt === "number" && logsExpireAt <= now ? finished.recallExpired(recalled, now) : recalled;
  }

  /** The job with the newest finished runs at hand, to be shown. */
  #withNewestRuns(job: Job): Job {
    return job.finishedRuns === 0 ? job : joined(job, this.#store.finished.newest(RUNS_DESCRIBED));
  }

  async #tryAll(effects: readonly Effect[]): Promise<void> {
    await Promise.all(effects.map((effect) => this.#try(effect)));
  }

  async #try(effect: Effect): Promise<void> {
    const { job } = this.#store;
    if (job === null) return;
    if (effect.type === "recall") return await this.#recall(job, effect.below);
    // Nothing waits for a receiver: neither the end of a run nor the alarm, which rings no second time meanwhile.
    if (effect.type === "call") return this.ctx.waitUntil(this.#call(job, effect));
    const outcome = await tryEffect(this.env, job, effect);
    // Purged meanwhile: nothing is written to an object that is no more.
    if (this.#store.job === null) return;
    if (outcome !== null) await this.#apply([outcome]).effects;
    else if (effect.type === "purge") await this.#store.forget();
  }

  async #call(job: Job, { run, event, n }: CallEffect): Promise<void> {
    const callback = job.callbacks?.find((one) => one.run === run && one.event === event);
    if (callback === undefined) return;
    const at = Date.now();
    try {
      const reply = await sendCallback(callback, settingsOf(this.env), at);
      // Purged meanwhile: nothing is written to an object that is no more.
      if (this.#store.job === null) return;
      this.#apply([{ type: "called", run, event, n, at, ...reply, jitter: Math.random() }]);
    } catch (error) {
      // The alarm makes the call again.
      logError(`job ${job.jobId}: a callback of run ${run} failed`, error);
    }
  }

  /** Read and applied in one turn, so that no fact comes between. */
  async #recall(job: Job, below: number): Promise<void> {
    const now = Date.now();
    const found = this.#store.finished.below(below, CLEARED_AT_ONCE, (run) => mayHaveJob(job, run, now));
    await this.#apply([{ type: "recalled", ...found }]).effects;
  }

  /** Slots that are only counted are counted seldom: whoever reads sees what is certain by now. */
  #lookAtSlots(): void {
    const { job } = this.#store;
    if (job?.cron && isBehind(job, Date.now())) this.#apply([{ type: "tick" }]);
  }

  #isTakingBack(): boolean {
    const { job } = this.#store;
    return job !== null && isTakingBack(job);
  }

  /** Waits until what was taken back has come back, and works off the slots of an absence, turn by turn. */
  async #slotsSettled(waitMs: number): Promise<void> {
    const by = Date.now() + waitMs;
    await this.#commits.until(() => (this.#isTakingBack() ? null : true), waitMs);
    while (this.#store.job?.cron && isBehind(this.#store.job, Date.now()) && Date.now() < by) {
      const { cursor } = slotStateOf(this.#store.job);
      this.#apply([{ type: "tick" }]);
      // The store's output gate opens between turns, and other requests are heard.
      await Promise.resolve();
      if (this.#store.job?.cron?.cursor === cursor) return;
    }
  }

  /** Waits until these runs are over, and says what whoever ended them met. */
  async #endedWithin(runs: readonly number[], waitMs: number): Promise<EndsAnswer> {
    const read = (job: Job, run: number) => findRun(job, run) ?? this.#store.finished.get(run);
    const answer = await this.#commits.until(() => endsOf(this.#store.job, runs, read), waitMs);
    return answer ?? { answer: "timeout" };
  }

  /** Waits until no release of that name is under way: then it may be claimed again. */
  async #nameReleased(name: { namespace: string; jobName: string }): Promise<void> {
    const isReleasing = (job: Job | null) => job !== null && !!heldName(job, name)?.releasing;
    await this.#commits.until(() => (isReleasing(this.#store.job) ? null : true), RELEASE_WAIT_MS);
  }
}
