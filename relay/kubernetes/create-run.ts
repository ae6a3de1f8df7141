import type { Create } from "../../protocol/down.ts";
import { CREATE_TIMEOUT_MS } from "../../protocol/words.ts";
import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { type Report, runKeyText } from "../facts.ts";
import type { Log } from "../log.ts";
import type { Semaphore } from "../semaphore.ts";
import type { KubernetesCalls } from "./calls.ts";
import { envValuesOf, judgeCreateFailure, judgeExisting, type Refused, refusedByRule } from "./create-decision.ts";
import { isNotFound, isRetryable } from "./failures.ts";
import type { KubeJob } from "./objects.ts";
import type { Reconciler } from "./reconciler.ts";
import { type RunStore, runKeyOf, type UnderWay } from "./run-store.ts";

const BACKOFF = { minMs: 100, maxMs: 5_000 };
const MAX_RETRY_AFTER_MS = 30_000;
/** After an attempt's time-out and this much nothing of it can reach the store any more. */
const SETTLE_MARGIN_MS = 1_000;
/** A right that a ping in flight is about to give is waited for; one that lapsed for longer is gone. */
const LEASE_WAIT_MS = 2_000;
const LEASE_POLL_MS = 10;
const RIGHT_POLL_MS = 1_000;
/** A quota frees itself slowly. */
const QUOTA_PAUSE_MS = 1_000;
/**
 * What a quota has held back for so long is handed back: it comes again a moment later, but until then its place in the
 * control plane's window is free for runs of other namespaces.
 */
const QUOTA_HAND_BACK_MS = 5_000;
/** A hiccup is not worth a sentence. */
const SAY_WAITING_AFTER_MS = 1_000;
const SAY_WAITING_EVERY_MS = 5_000;
/** An attempt gets at least this long, or its start deadline could never be met from close by. */
const MIN_ATTEMPT_MS = 500;

/** How a create ended. `unsettled`: the process goes before it is known; `cancelled`: a remove took over. */
export type CreateResult = "created" | "adopted" | "refused" | "expired" | "dropped" | "cancelled" | "unsettled";

/** The process's right to create, as the link keeps it. */
export type Right = {
  mayCreate(): boolean;
  /** Linked and active, so that the right may come back. */
  mayReturn(): boolean;
  /** Rises whenever the right was lost. */
  term(): number;
};

/** When a create came (monotonic ms), and in which term of the right. */
export type Received = { atMs: number; term: number };

/** What creates need of the process around them. */
export type CreateContext = {
  calls: KubernetesCalls;
  clock: Clock;
  log: Log;
  report: Report;
  right: Right;
  store: RunStore;
  reconciler: Reconciler;
  underWay: UnderWay;
  /** Places for attempts at once; a create that pauses holds none, so that one that can't succeed stops no other. */
  attempts: Semaphore;
  clusterLabel: string;
  namespaces: readonly string[];
};

/** One create under way. */
type Attempted = {
  create: Create;
  received: Received;
  /** Start of the last attempt whose outcome is unknown, monotonic ms; null: none. */
  unknownMs: number | null;
  /** An attempt was answered 403; a second one, sent after the API server had said that it is ready, is evidence. */
  wasForbidden: boolean;
  /** The last attempt failed for want of quota. */
  overQuota: boolean;
  said: string;
  saidMs: number;
};

/**
 * Creates one run's Job, for as long as it takes: attempts, each with the lease checked before it, until there is evidence
 * either way. `cancel` is a remove that waits, `stop` the process's end.
 */
export async function createRun(
  context: CreateContext,
  create: Create,
  received: Received,
  signals: { cancel: AbortSignal; stop: AbortSignal },
): Promise<CreateResult> {
  const { clock } = context;
  const refused = refusedByRule(create, context.clusterLabel, context.namespaces);
  if (refused !== null) return sayRefused(context, create, refused);
  const state: Attempted = {
    create,
    received,
    unknownMs: null,
    wasForbidden: false,
    overQuota: false,
    said: "",
    saidMs: received.atMs,
  };
  for (let tries = 0; ; tries++) {
    // The right is looked at inside: waiting for a place among the attempts takes time.
    const attempt = await context.attempts.run(1, async () => {
      const halt = await haltReason(context, state, signals);
      return halt === null ? await attemptOnce(context, state) : { halt };
    });
    if ("halt" in attempt) return await giveUp(context, state, { say: attempt.halt }, signals.stop);
    if (attempt.done === "refused") return await giveUp(context, state, attempt.refused, signals.stop);
    if (attempt.done) return attempt.result;
    const backoffMs = equalJitterMs(tries, BACKOFF, clock.random());
    const pauseMs = Math.max(backoffMs, Math.min(MAX_RETRY_AFTER_MS, attempt.retryAfterMs ?? 0));
    await pauseBetween(context, state, pauseMs, AbortSignal.any([signals.cancel, signals.stop]));
  }
}

/** Sleeps between two attempts, at most to the start deadline; a right that lapsed meanwhile ends it soon. */
async function pauseBetween(
  { clock, right }: CreateContext,
  state: Attempted,
  pauseMs: number,
  wake: AbortSignal,
): Promise<void> {
  const nowMs = clock.monotonicMs();
  const untilMs = nowMs + Math.min(pauseMs, Math.max(0, msToDeadline(state, nowMs)));
  while (!wake.aborted && right.term() === state.received.term && clock.monotonicMs() < untilMs) {
    await clock.sleep(Math.min(RIGHT_POLL_MS, untilMs - clock.monotonicMs()), wake);
  }
}

type Halt = "expired" | "dropped" | "cancelled";

/** Why no further attempt may start; null: one may. */
async function haltReason(
  { clock, right }: CreateContext,
  state: Attempted,
  { cancel, stop }: { cancel: AbortSignal; stop: AbortSignal },
): Promise<Halt | null> {
  const untilMs = clock.monotonicMs() + LEASE_WAIT_MS;
  for (;;) {
    if (cancel.aborted) return "cancelled";
    if (stop.aborted || right.term() !== state.received.term) return "dropped";
    if (msToDeadline(state, clock.monotonicMs()) <= 0) return "expired";
    if (state.overQuota && clock.monotonicMs() - state.received.atMs > QUOTA_HAND_BACK_MS) return "dropped";
    if (right.mayCreate()) return null;
    if (!right.mayReturn() || clock.monotonicMs() >= untilMs) return "dropped";
    await clock.sleep(LEASE_POLL_MS, stop);
  }
}

function msToDeadline({ create, received }: Attempted, nowMs: number): number {
  return create.startDeadlineInMs === null
    ? Number.POSITIVE_INFINITY
    : received.atMs + create.startDeadlineInMs - nowMs;
}

type AttemptEnd =
  | { done: true; result: CreateResult }
  | { done: "refused"; refused: Refused }
  | { done: false; retryAfterMs: number | null };

async function attemptOnce(context: CreateContext, state: Attempted): Promise<AttemptEnd> {
  const { calls, clock } = context;
  const { create } = state;
  const startedMs = clock.monotonicMs();
  const leftMs = Math.max(MIN_ATTEMPT_MS, msToDeadline(state, startedMs));
  const answer = await calls.createJob(create.namespace, create.manifest, Math.min(CREATE_TIMEOUT_MS, leftMs));
  if (answer.ok) return { done: true, result: sayCreated(context, state, answer.value, false) };
  const verdict = judgeCreateFailure(answer.failure, envValuesOf(create.manifest));
  switch (verdict.verdict) {
    case "exists":
      return await meetExisting(context, state);
    case "refused":
      if (verdict.reason !== "forbidden" || state.wasForbidden) return { done: "refused", refused: verdict };
      state.wasForbidden = true;
      return { done: false, retryAfterMs: null };
    case "retry":
      if (verdict.mayHaveHappened) state.unknownMs = startedMs;
      state.overQuota = verdict.reason === "quota";
      sayWaiting(context, state, verdict.reason, verdict.message);
      return { done: false, retryAfterMs: state.overQuota ? QUOTA_PAUSE_MS : verdict.retryAfterMs };
    default:
      return verdict satisfies never;
  }
}

/** The name is taken: by this run (success), by what may go, or by somebody else. */
async function meetExisting(context: CreateContext, state: Attempted): Promise<AttemptEnd> {
  const { calls, underWay } = context;
  const again = { done: false as const, retryAfterMs: null };
  const found = await calls.getJob(state.create);
  if (!found.ok) return again;
  const job = found.value;
  switch (judgeExisting(job, state.create, context.clusterLabel)) {
    case "same":
      return { done: true, result: sayCreated(context, state, job, true) };
    case "taken": {
      const { name, namespace } = state.create;
      const message = `a Job named ${name} that is not this job's exists in namespace ${namespace}`;
      return { done: "refused", refused: { reason: "name_taken", message } };
    }
    case "replace": {
      const older = runKeyOf(job);
      if (older) underWay.removing.add(runKeyText(older));
      if (!job.metadata.deletionTimestamp) {
        const deleted = await calls.deleteJob(state.create, job.metadata.uid);
        if (!deleted.ok && deleted.failure.status === 403) {
          const message = `an older Job named ${state.create.name} may not be deleted by the relay`;
          return { done: "refused", refused: { reason: "forbidden", message } };
        }
      }
      sayWaiting(context, state, "older_job", `an older Job named ${state.create.name} is being removed first`);
      return again;
    }
  }
}

/**
 * Ends a create without success, but only on evidence: an earlier process may have made the Job, and an attempt of this one
 * may still. What hands the run back (`dropped`) or is confirmed by a remove needs no look unless there was such an attempt.
 */
async function giveUp(
  context: CreateContext,
  state: Attempted,
  why: { say: Halt } | Refused,
  stop: AbortSignal,
): Promise<CreateResult> {
  const { clock, report } = context;
  const { create } = state;
  const isOpenEnded = "say" in why && why.say !== "expired";
  if (state.unknownMs !== null || !isOpenEnded) {
    const looked = await lookBeforeGivingUp(context, state, stop);
    if (looked !== null) return looked;
  }
  if ("reason" in why) return sayRefused(context, create, why);
  if (why.say !== "cancelled")
    void report({ type: why.say, jobId: create.jobId, run: create.run }, clock.monotonicMs());
  return why.say;
}

/** Looks whether the run's Job is there after all; null: it is not, and can't come any more. */
async function lookBeforeGivingUp(
  context: CreateContext,
  state: Attempted,
  stop: AbortSignal,
): Promise<CreateResult | null> {
  const { calls, clock } = context;
  const { create, unknownMs } = state;
  const settledMs = unknownMs === null ? 0 : unknownMs + CREATE_TIMEOUT_MS + SETTLE_MARGIN_MS;
  for (let tries = 0; ; tries++) {
    const found = await calls.getJob(create);
    const ours = found.ok && judgeExisting(found.value, create, context.clusterLabel) === "same";
    if (found.ok && ours) return sayCreated(context, state, found.value, true);
    // Without an attempt in doubt a right that is missing is no reason to wait for it.
    const absent = found.ok || isNotFound(found.failure) || (unknownMs === null && !isRetryable(found.failure));
    if (absent && clock.monotonicMs() >= settledMs) return null;
    // The process's end leaves it open: the control plane waits out the time in which the attempt may still succeed.
    if (stop.aborted) return "unsettled";
    await clock.sleep(equalJitterMs(tries, BACKOFF, clock.random()), stop);
  }
}

function sayCreated(context: CreateContext, { create }: Attempted, job: KubeJob, adopted: boolean): CreateResult {
  const { clock, store, report } = context;
  const nowMs = clock.monotonicMs();
  const { uid, name, namespace } = job.metadata;
  const tracked = store.takeJob(job, nowMs, true);
  if (tracked) {
    tracked.said.created = true;
    tracked.lastHappenedMs = nowMs;
  }
  const fact = { type: "created" as const, jobId: create.jobId, run: create.run, uid, name, namespace, adopted };
  void report(fact, nowMs).then((answer) => {
    if (answer === "gone" && tracked) context.reconciler.unknownAbove(tracked);
  });
  return adopted ? "adopted" : "created";
}

function sayRefused({ clock, report }: CreateContext, { jobId, run }: Create, refused: Refused): CreateResult {
  const { reason, message } = refused;
  void report({ type: "create_refused", jobId, run, reason, message }, clock.monotonicMs());
  return "refused";
}

function sayWaiting({ clock, report }: CreateContext, state: Attempted, reason: string, message: string): void {
  const nowMs = clock.monotonicMs();
  const words = `${reason}: ${message}`;
  const tooSoon = nowMs - state.saidMs < (state.said === "" ? SAY_WAITING_AFTER_MS : SAY_WAITING_EVERY_MS);
  if (words === state.said || tooSoon) return;
  state.said = words;
  state.saidMs = nowMs;
  void report({ type: "waiting", jobId: state.create.jobId, run: state.create.run, reason, message }, nowMs);
}
