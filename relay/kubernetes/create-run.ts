import type { Create } from "../../protocol/down.ts";
import { CREATE_TIMEOUT_MS, type RunKey } from "../../protocol/words.ts";
import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Report } from "../facts.ts";
import type { Log } from "../log.ts";
import type { Semaphore } from "../semaphore.ts";
import type { KubernetesCalls } from "./calls.ts";
import {
  envValuesOf,
  judgeCreateFailure,
  judgeExisting,
  mayTouch,
  outOfView,
  type Refused,
  refusedByRule,
} from "./create-decision.ts";
import { isNotFound, isRetryable, pauseAfter } from "./failures.ts";
import type { KubeJob } from "./objects.ts";
import type { QuotaLine } from "./quota-line.ts";
import type { Reconciler } from "./reconciler.ts";
import type { RunStore, UnderWay } from "./run-store.ts";
import { meetExisting, olderIsGone } from "./taken-name.ts";

const BACKOFF = { minMs: 100, maxMs: 5_000 };
/**
 * After an attempt's time-out and this much nothing of it can reach the store any more, unless the API server itself stood
 * still: then what it had not read yet comes to life with it, so it must have been answering for this long, too.
 */
const SETTLE_MARGIN_MS = 1_000;
/** A right that a ping in flight is about to give is waited for; one that lapsed for longer is gone. */
const LEASE_WAIT_MS = 2_000;
const LEASE_POLL_MS = 10;
const RIGHT_POLL_MS = 1_000;
/** A quota frees itself slowly. */
const QUOTA_PAUSE_MS = 1_000;
/** Whoever stands in line looks this often whether it is first by now. */
const LINE_POLL_MS = 250;
/** A name that is being freed is mostly free within its pods' grace; one that is stuck is asked for less often. */
const NAME_PAUSE = { mostMs: 1_000, forMs: 60_000 };
/**
 * What nobody knows the end of (a quota, a name that is being freed) is handed back after so long where the window is
 * crowded: it comes again a moment later, but until then its place is free for runs that can be created.
 */
const HAND_BACK_MS = 5_000;
/** A hiccup is not worth a sentence. */
const SAY_WAITING_AFTER_MS = 1_000;
const SAY_WAITING_EVERY_MS = 5_000;
/** An attempt gets at least this long, or its start deadline could never be met from close by. */
const MIN_ATTEMPT_MS = 500;

type Signals = { cancel: AbortSignal; stop: AbortSignal };

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
  quotaLine: QuotaLine<Attempted>;
  /** Whether runs that wait for nobody knows how long take up much of the window. */
  isCrowded: () => boolean;
  clusterLabel: string;
  namespaces: readonly string[];
};

/** One create under way. */
export type Attempted = {
  create: Create;
  received: Received;
  /** Start of the last attempt whose outcome is unknown, monotonic ms; null: none. */
  unknownMs: number | null;
  /** An attempt was answered 403; a second one, sent after the API server had said that it is ready, is evidence. */
  wasForbidden: boolean;
  /** What the last attempt met that nobody knows the end of. */
  heldBy: "quota" | "name" | null;
  /** The run whose Job has to make room for this one. */
  older: RunKey | null;
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
  signals: Signals,
): Promise<CreateResult> {
  const nothingMet = { unknownMs: null, wasForbidden: false, heldBy: null, older: null };
  const state: Attempted = { create, received, ...nothingMet, said: "", saidMs: received.atMs };
  // Also what breaks a rule is looked for: a process with other rules may have created it.
  const refused = refusedByRule(create, context.clusterLabel, context.namespaces);
  if (refused !== null) return await giveUp(context, state, refused, signals.stop);
  try {
    return await tryUntilSettled(context, state, signals);
  } finally {
    context.quotaLine.leave(state);
  }
}

async function tryUntilSettled(context: CreateContext, state: Attempted, signals: Signals): Promise<CreateResult> {
  const { clock } = context;
  for (let tries = 0; ; tries++) {
    // The right is looked at inside: waiting for a place among the attempts takes time.
    const attempt = await context.attempts.run(1, async () => {
      const halt = await haltReason(context, state, signals);
      if (halt !== null) return { halt };
      return standsInLine(context, state) ? IN_LINE : await attemptOnce(context, state);
    });
    if ("halt" in attempt) return await giveUp(context, state, { say: attempt.halt }, signals.stop);
    if (attempt.done === "refused") return await giveUp(context, state, attempt.refused, signals.stop);
    if (attempt.done) return attempt.result;
    const random = clock.random();
    const backoffMs = Math.min(equalJitterMs(tries, BACKOFF, random), attempt.atMostMs ?? BACKOFF.maxMs);
    const pauseMs = pauseAfter(attempt, backoffMs, random);
    await pauseBetween(context, state, pauseMs, AbortSignal.any([signals.cancel, signals.stop]));
  }
}

/** Whether others of its namespace wait for quota before it, and are asked for first. */
function standsInLine(context: CreateContext, state: Attempted): boolean {
  const { quotaLine } = context;
  const words = quotaLine.wordsOf(state.create.namespace);
  if (words === null || !quotaLine.isBehind(state)) return false;
  quotaLine.join(state, words);
  state.heldBy = "quota";
  sayWaiting(context, state, "quota", words);
  return true;
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
  { clock, right, isCrowded }: CreateContext,
  state: Attempted,
  { cancel, stop }: Signals,
): Promise<Halt | null> {
  const untilMs = clock.monotonicMs() + LEASE_WAIT_MS;
  for (;;) {
    if (cancel.aborted) return "cancelled";
    if (stop.aborted || right.term() !== state.received.term) return "dropped";
    if (msToDeadline(state, clock.monotonicMs()) <= 0) return "expired";
    const isOld = clock.monotonicMs() - state.received.atMs > HAND_BACK_MS;
    if (state.heldBy !== null && isOld && isCrowded()) return "dropped";
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
  /** `atMostMs`: the pause is not to grow past this. */
  | { done: false; retryAfterMs: number | null; atMostMs?: number };

const IN_LINE: AttemptEnd = { done: false, retryAfterMs: null, atMostMs: LINE_POLL_MS };

async function attemptOnce(context: CreateContext, state: Attempted): Promise<AttemptEnd> {
  const { calls, clock, quotaLine } = context;
  const { create } = state;
  const startedMs = clock.monotonicMs();
  state.heldBy = null;
  const leftMs = Math.max(MIN_ATTEMPT_MS, msToDeadline(state, startedMs));
  const answer = await calls.createJob(create.namespace, create.manifest, Math.min(CREATE_TIMEOUT_MS, leftMs));
  if (answer.ok) {
    if (state.older !== null) olderIsGone(context, state.older);
    return { done: true, result: sayCreated(context, state, answer.value, false) };
  }
  const verdict = judgeCreateFailure(answer.failure, envValuesOf(create.manifest));
  const isOverQuota = verdict.verdict === "retry" && verdict.reason === "quota";
  if (isOverQuota) quotaLine.join(state, verdict.message);
  else quotaLine.leave(state);
  switch (verdict.verdict) {
    case "exists":
      return await meetTakenName(context, state);
    case "refused":
      if (verdict.reason !== "forbidden" || state.wasForbidden) return { done: "refused", refused: verdict };
      state.wasForbidden = true;
      return { done: false, retryAfterMs: null };
    case "retry":
      if (verdict.mayHaveHappened) state.unknownMs = startedMs;
      state.heldBy = isOverQuota ? "quota" : null;
      sayWaiting(context, state, verdict.reason, verdict.message);
      if (isOverQuota) return { done: false, retryAfterMs: QUOTA_PAUSE_MS, atMostMs: QUOTA_PAUSE_MS };
      return { done: false, retryAfterMs: verdict.retryAfterMs };
    default:
      return verdict satisfies never;
  }
}

/** The name is taken: that is success, a refusal, or a wait. */
async function meetTakenName(context: CreateContext, state: Attempted): Promise<AttemptEnd> {
  const met = await meetExisting(context, state.create);
  switch (met.met) {
    case "unknown":
      return { done: false, retryAfterMs: null };
    case "same":
      return { done: true, result: sayCreated(context, state, met.job, true) };
    case "refused":
      return { done: "refused", refused: met.refused };
    case "goes": {
      state.heldBy = "name";
      state.older = met.older ?? state.older;
      sayWaiting(context, state, met.waiting.reason, met.waiting.message);
      const isLong = context.clock.monotonicMs() - state.received.atMs > NAME_PAUSE.forMs;
      return { done: false, retryAfterMs: null, ...(isLong ? {} : { atMostMs: NAME_PAUSE.mostMs }) };
    }
    default:
      return met satisfies never;
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
  let answeredMs: number | null = null;
  for (let tries = 0; ; tries++) {
    const found = await calls.getJob(create);
    if (!found.ok && isRetryable(found.failure)) answeredMs = null;
    else answeredMs ??= clock.monotonicMs();
    const ours = found.ok && judgeExisting(found.value, create, context.clusterLabel) === "same";
    if (found.ok && ours) return sayCreated(context, state, found.value, true);
    // Without an attempt in doubt a right that is missing is no reason to wait for it.
    const absent = found.ok || isNotFound(found.failure) || (unknownMs === null && !isRetryable(found.failure));
    const awakeMs = unknownMs === null || answeredMs === null ? 0 : answeredMs + SETTLE_MARGIN_MS;
    if (absent && clock.monotonicMs() >= Math.max(settledMs, awakeMs)) return null;
    // The process's end leaves it open: the control plane waits out the time in which the attempt may still succeed.
    if (stop.aborted) return "unsettled";
    await clock.sleep(equalJitterMs(tries, BACKOFF, clock.random()), stop);
  }
}

function sayCreated(context: CreateContext, { create }: Attempted, job: KubeJob, adopted: boolean): CreateResult {
  const { clock, store, report } = context;
  const nowMs = clock.monotonicMs();
  const { uid, name, namespace } = job.metadata;
  const isInView = mayTouch(context.namespaces, namespace);
  const tracked = isInView ? store.takeAnswer(job, nowMs, true) : null;
  if (tracked) {
    tracked.said.created = true;
    tracked.lastHappenedMs = nowMs;
  }
  const fact = { type: "created" as const, jobId: create.jobId, run: create.run, uid, name, namespace, adopted };
  void report(fact, nowMs).then((answer) => {
    if (answer === "gone" && tracked) context.reconciler.unknownAbove(tracked);
  });
  if (!isInView) void report({ type: "waiting", jobId: create.jobId, run: create.run, ...outOfView(namespace) }, nowMs);
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
