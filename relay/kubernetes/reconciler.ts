import type { Clock } from "../clock.ts";
import { type FactAnswer, type FactBody, type Report, runKeyText } from "../facts.ts";
import type { Log } from "../log.ts";
import { clusterSelector, type KubernetesCalls } from "./calls.ts";
import { redacted } from "./cause-words.ts";
import { envValuesOf } from "./create-decision.ts";
import { describeFailure, isForbidden, isNotFound } from "./failures.ts";
import { leftWords, podsLeftBy } from "./left-pods.ts";
import type { LogWatch } from "./log-watch.ts";
import { isOver, type PodRecord } from "./pods.ts";
import type { RunFinisher } from "./run-finisher.ts";
import { isReported, podsAreComplete, type RunEnd, reportOf } from "./run-report.ts";
import type { RunStore, TrackedRun, UnderWay } from "./run-store.ts";
import { cutWords } from "./sentences.ts";
import { type Waiting, waitingOf } from "./waiting.ts";

/** The two watches may be apart by this much before the pods are asked for. */
const PODS_LAG_MS = 300;
/** A Job without any pod for this long is asked for the events that say why. */
const STALLED_MS = 5_000;
const EVENTS_AGAIN_MS = 30_000;
/** A Job controller with much to do may take this long to come to a Job; a watch that told nothing of it since may be late, too. */
const UNTOUCHED_MS = 10_000;
const UNTOUCHED = "the cluster's Job controller has not come to the Job yet";
const UNTOLD = "the Job has no pod, and no event says why";
/** Events have whole seconds, and so has the API server's clock as we know it. */
const CLOCK_STEP_MS = 2_000;
/** A changed sentence on why a run waits goes up at most this often. */
const WAITING_EVERY_MS = 5_000;
/** Between two pods of a run that has started there is always a moment without one; it is worth a sentence after this. */
const WAITING_STEADY_MS = 3_000;
/** The pods of a Job that is gone are looked at again after this. */
const LEFT_PODS_EVERY_MS = 2_000;
/** A right that is missing comes back by an admin's hand. */
const FORBIDDEN_EVERY_MS = 30_000;

/**
 * Level-triggered: from what the store knows of a run it derives what should have been said by now, and says what is
 * missing. It does not matter which events were lost on the way.
 */
export class Reconciler {
  readonly #calls: KubernetesCalls;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: RunStore;
  readonly #report: Report;
  readonly #logs: LogWatch;
  readonly #finisher: RunFinisher;
  readonly #underWay: UnderWay;
  readonly #clusterLabel: string;

  constructor(options: {
    calls: KubernetesCalls;
    clock: Clock;
    log: Log;
    store: RunStore;
    report: Report;
    logs: LogWatch;
    finisher: RunFinisher;
    underWay: UnderWay;
    clusterLabel: string;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#store = options.store;
    this.#report = options.report;
    this.#logs = options.logs;
    this.#finisher = options.finisher;
    this.#underWay = options.underWay;
    this.#clusterLabel = options.clusterLabel;
  }

  /** Says what is missing about one run. */
  reconcile(run: TrackedRun): void {
    if (run.settled || run.vanished || run.lookAgainMs !== null) return;
    if (this.#underWay.creating.has(runKeyText(run.key))) return;
    if (isReported(run.job)) {
      this.#store.settle(run);
      return;
    }
    const pods = this.#store.podsOf(run.uid);
    if (pods.some((pod) => !isOver(pod))) this.#hasPod(run);
    const report = reportOf(run.job, pods, this.#calls.api.serverNowMs());
    this.#sayCreated(run);
    if (report.startedPod !== null) this.#sayStarted(run, report.startedPod, pods);
    if (report.end !== null) this.#sayEnded(run, report.end, pods);
    else {
      this.#sayWhy(run, report.waiting, pods);
      this.#watchLogs(run, pods, false);
    }
    run.live = true;
  }

  /** Once a second: what only time brings about. */
  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const run of this.#store.runs()) {
      if (run.settled || run.vanished || run.said.ended) continue;
      if (run.lookAgainMs !== null) {
        if (nowMs >= run.lookAgainMs) void this.vanished(run);
        continue;
      }
      const pods = this.#store.podsOf(run.uid);
      if (run.said.started) {
        this.#sayWhy(run, waitingOf(run.job, pods, this.#calls.api.serverNowMs()), pods);
        this.#watchLogs(run, pods, true);
      } else this.reconcile(run);
      if (pods.some((pod) => !isOver(pod)) || run.job.spec.suspend) this.#hasPod(run);
      else run.noPodSinceMs ??= nowMs;
      if (this.#msWithoutPod(run) > STALLED_MS) this.#tellOfNoPod(run, nowMs);
    }
  }

  /**
   * The watch or a list says that a Job is gone; only the API server's own 404 makes it `lost`, and only once no pod of it is
   * left: one that still runs would run beside the run that replaces this one.
   */
  async vanished(run: TrackedRun): Promise<void> {
    if (run.vanished) return;
    if (run.settled) return this.#store.forget(run);
    // Its going is what was asked for, and whoever asked says so.
    if (this.#underWay.removing.has(runKeyText(run.key))) return this.removed(run);
    // One question at a time; it is asked again from the answer on.
    if (run.lookAgainMs !== null) run.lookAgainMs = Number.POSITIVE_INFINITY;
    const answer = await this.#calls.getJob(run);
    if (answer.ok && answer.value.metadata.uid === run.uid) {
      this.#store.takeAnswer(answer.value, this.#clock.monotonicMs(), run.live);
      run.lookAgainMs = null;
      return this.reconcile(run);
    }
    if (!answer.ok && !isNotFound(answer.failure)) {
      // No evidence either way: it is asked again.
      const why = describeFailure(answer.failure);
      this.#log("warn", "a Job that is missing could not be asked for", { run: runKeyText(run.key), why });
      if (!isForbidden(answer.failure)) return this.#lookAgain(run, LEFT_PODS_EVERY_MS);
      this.sayUnseen(run, `its Job is missing and can't be asked for: ${why}`);
      this.#lookAgain(run, FORBIDDEN_EVERY_MS);
      return;
    }
    if (!run.said.ended && !(await this.#isWithoutPods(run))) return this.#lookAgain(run, LEFT_PODS_EVERY_MS);
    if (run.vanished || this.#underWay.removing.has(runKeyText(run.key))) return;
    run.vanished = true;
    if (run.said.ended) return;
    this.#logs.forget(run, this.#store.podsOf(run.uid));
    this.#store.forget(run);
    await this.#report({ type: "lost", ...run.key, uid: run.uid }, this.#clock.monotonicMs());
  }

  #lookAgain(run: TrackedRun, pauseMs: number): void {
    run.lookAgainMs = this.#clock.monotonicMs() + pauseMs;
  }

  /** Whether no pod of a Job that is gone may still run; while one may, the run says so. */
  async #isWithoutPods(run: TrackedRun): Promise<boolean> {
    const left = await podsLeftBy(this.#calls, this.#clusterLabel, run.namespace, run.uid);
    if (left.ok && left.pods.length > 0) this.sayWaiting(run, leftWords(left.pods));
    return left.ok && left.pods.length === 0;
  }

  /** A remove is through: nothing of the run is left to follow or to tell. */
  removed(run: TrackedRun): void {
    run.vanished = true;
    run.settled = true;
    this.#logs.forget(run, this.#store.podsOf(run.uid));
    this.#store.forget(run);
  }

  /** The control plane does not know the run (any more): its Job gets its TTL, whatever its state. */
  unknownAbove(run: TrackedRun): void {
    void this.#finisher.settle(run, null);
  }

  /** Says why a run waits, or that it does no longer. What only its events tell (no pod at all) stays said. */
  #sayWhy(run: TrackedRun, seen: Waiting | null, pods: readonly PodRecord[]): void {
    if (run.said.unseen) return;
    const waiting = run.noPodWhy ?? seen;
    const words = waiting === null ? "" : waitingWords(waiting);
    const nowMs = this.#clock.monotonicMs();
    if (words !== run.waits.words) run.waits = { words, sinceMs: nowMs };
    if (run.said.started && nowMs - run.waits.sinceMs < WAITING_STEADY_MS) return;
    if (waiting !== null) this.sayWaiting(run, waiting);
    else if (pods.some((pod) => !isOver(pod))) this.sayWaiting(run, { reason: "", message: "" });
  }

  /** Why a run does not get on, when it changed and not too often. */
  sayWaiting(run: TrackedRun, waiting: Waiting): void {
    const nowMs = this.#clock.monotonicMs();
    const words = waitingWords(waiting);
    if (words === run.said.waiting || nowMs - run.said.waitingMs < WAITING_EVERY_MS) return;
    run.said.waiting = words;
    run.said.waitingMs = nowMs;
    if (isCause(waiting, run.said.cause)) run.said.cause = words;
    this.#say(run, { type: "waiting", ...run.key, ...waiting }, nowMs);
  }

  /** The Job can't be watched for want of a right: nothing is said of it but that. */
  sayUnseen(run: TrackedRun, message: string): void {
    if (run.settled || run.vanished || run.said.ended) return;
    run.said.unseen = true;
    this.sayWaiting(run, { reason: "forbidden", message });
  }

  /** It can be watched again. */
  seenAgain(run: TrackedRun): void {
    if (!run.said.unseen) return;
    run.said.unseen = false;
    // At once, and not too often thereafter.
    run.said.waitingMs = Number.NEGATIVE_INFINITY;
    this.sayWaiting(run, { reason: "", message: "" });
  }

  #sayCreated(run: TrackedRun): void {
    if (run.said.created) return;
    run.said.created = true;
    const atMs = this.#happenedMs(run, Date.parse(run.job.metadata.creationTimestamp ?? ""));
    const { uid, name, namespace } = run;
    this.#say(run, { type: "created", ...run.key, uid, name, namespace, adopted: true }, atMs);
  }

  #sayStarted(run: TrackedRun, podName: string, pods: readonly PodRecord[]): void {
    if (run.said.started) return;
    run.said.started = true;
    // That it started takes back whatever it waited for.
    run.said.waiting = "";
    const startedAt = pods.find((pod) => pod.name === podName)?.startedAt ?? Number.NaN;
    this.#say(run, { type: "started", ...run.key, podName }, this.#happenedMs(run, startedAt));
  }

  #sayEnded(run: TrackedRun, end: RunEnd, pods: readonly PodRecord[]): void {
    if (run.said.ended) return;
    if (!podsAreComplete(run.job, pods) && run.podsAsked !== "answered") {
      if (run.podsAsked === "no") void this.#askPods(run);
      return;
    }
    run.said.ended = true;
    this.#logs.ended(run, pods);
    void this.#finisher.finish(run, withCause(run, end), this.#happenedMs(run, end.endedAt ?? Number.NaN));
  }

  #watchLogs(run: TrackedRun, pods: readonly PodRecord[], isTick: boolean): void {
    const jobStartedMs = this.#pastMs(Date.parse(run.job.status?.startTime ?? ""));
    const isGoing = run.job.metadata.deletionTimestamp != null || this.#underWay.removing.has(runKeyText(run.key));
    this.#logs.watch(run, pods, { jobStartedMs, isGoing, isTick });
  }

  /** Waits a moment for the pods' own watch, then asks; after that the end is said with whatever is known. */
  async #askPods(run: TrackedRun): Promise<void> {
    run.podsAsked = "asking";
    await this.#clock.sleep(PODS_LAG_MS);
    if (run.said.ended) return;
    const selector = `${clusterSelector(this.#clusterLabel)},batch.kubernetes.io/controller-uid=${run.uid}`;
    const answer = await this.#calls.listPods(run.namespace, selector);
    if (answer.ok) for (const pod of answer.value) this.#store.takePod(pod, false);
    run.podsAsked = "answered";
    this.reconcile(run);
  }

  #tellOfNoPod(run: TrackedRun, nowMs: number): void {
    // Without a start time the Job controller has not come to the Job: for a while there is no event to ask for.
    if (!isTouched(run) && this.#msWithoutPod(run) <= UNTOUCHED_MS) return;
    if (nowMs - run.eventsAskedMs <= EVENTS_AGAIN_MS) return;
    run.eventsAskedMs = nowMs;
    void this.#askWhyNoPod(run);
  }

  /** Only events tell why no pod can be made; where there are none, or they may not be read, that is said. */
  async #askWhyNoPod(run: TrackedRun): Promise<void> {
    const answer = await this.#calls.listJobEvents(run.namespace, run.uid);
    if (!answer.ok) {
      const why = describeFailure(answer.failure);
      this.#log("debug", "events can't be read", { run: runKeyText(run.key), why });
      if (!isForbidden(answer.failure)) run.eventsAskedMs += STALLED_MS - EVENTS_AGAIN_MS;
      const message = `the Job has no pod, and its events, which would tell why, can't be read: ${why}`;
      if (!run.said.started) this.#sayNoPod(run, { reason: "NoPod", message });
      return;
    }
    // Of a run that had a pod, only what its lack of one now has brought about.
    const sinceAt = run.said.started ? this.#calls.api.serverNowMs() - this.#msWithoutPod(run) - CLOCK_STEP_MS : 0;
    const failed = answer.value.filter((event) => event.reason === "FailedCreate" && eventAt(event) >= sinceAt);
    const newest = failed.toSorted((a, b) => eventAt(a) - eventAt(b)).at(-1);
    if (newest?.message) await this.#sayRefusedPod(run, newest.message);
    else if (!run.said.started) this.#sayNoPod(run, { reason: "NoPod", message: isTouched(run) ? UNTOLD : UNTOUCHED });
  }

  /** A policy on pods may say what is in them: no value of an env goes up. */
  async #sayRefusedPod(run: TrackedRun, words: string): Promise<void> {
    const job = await this.#calls.getWholeJob(run);
    if (!job.ok) return;
    this.#sayNoPod(run, { reason: "FailedCreate", message: cutWords(redacted(words, envValuesOf(job.value))) });
  }

  #sayNoPod(run: TrackedRun, why: Waiting): void {
    if (run.said.ended || run.said.unseen || run.noPodSinceMs === null) return;
    run.noPodWhy = why;
    this.sayWaiting(run, why);
  }

  #hasPod(run: TrackedRun): void {
    run.noPodSinceMs = null;
    run.noPodWhy = null;
  }

  #msWithoutPod(run: TrackedRun): number {
    return run.noPodSinceMs === null ? 0 : this.#clock.monotonicMs() - run.noPodSinceMs;
  }

  /** Says a fact; a run that no object knows is settled at once. */
  #say(run: TrackedRun, fact: FactBody, atMs: number): void {
    void this.#report(fact, atMs).then((answer: FactAnswer) => {
      if (answer === "gone") this.unknownAbove(run);
    });
  }

  /** When something happened: now where it was seen to happen, else by the cluster's timestamps; never before what was said last. */
  #happenedMs(run: TrackedRun, at: number): number {
    const nowMs = this.#clock.monotonicMs();
    const ms = run.live ? nowMs : this.#pastMs(at);
    run.lastHappenedMs = Math.max(run.lastHappenedMs, ms);
    return run.lastHappenedMs;
  }

  /** A timestamp of the cluster's on our monotonic clock; now where it says nothing. */
  #pastMs(at: number): number {
    const nowMs = this.#clock.monotonicMs();
    return Number.isFinite(at) ? nowMs - Math.max(0, this.#calls.api.serverNowMs() - at) : nowMs;
  }
}

/** Whether the Job controller has come to the run's Job, as far as this relay was told. */
function isTouched(run: TrackedRun): boolean {
  return run.job.status?.startTime != null;
}

function waitingWords({ reason, message }: Waiting): string {
  return reason === "" ? "" : `${reason}: ${message}`;
}

/** What a run waits for while it is being ended says nothing of why it had to be. */
const NO_CAUSES: ReadonlySet<string> = new Set(["", "PodTerminating", "Finalizer"]);

/**
 * Whether that is why nothing of a run ever ran. That its pod is over (a deadline ends it a moment before its Job says so) is
 * a cause only where none is known.
 */
function isCause({ reason }: Waiting, known: string): boolean {
  return !NO_CAUSES.has(reason) && (reason !== "PodBackOff" || known === "");
}

/** Its Job knows only that the time was up; why nothing of it ever ran is what was said meanwhile. */
function withCause(run: TrackedRun, end: RunEnd): RunEnd {
  if (run.said.started || end.reason !== "DeadlineExceeded" || run.said.cause === "") return end;
  return { ...end, message: `${end.message}; no container started: ${run.said.cause}` };
}

function eventAt(event: { lastTimestamp?: string | null | undefined; eventTime?: string | null | undefined }): number {
  return Date.parse(event.lastTimestamp ?? event.eventTime ?? "") || 0;
}
