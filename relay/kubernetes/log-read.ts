import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { KubernetesCalls, LogRequest } from "./calls.ts";
import { describeFailure, isNotFound, isRetryable, pauseAfter } from "./failures.ts";
import type { LogReading, StreamEnd } from "./log-reading.ts";

const RETRY = { minMs: 500, maxMs: 30_000 };
/** kubelet's own error text may pass (a runtime that restarts); after so many it is believed. */
const KUBELET_ERROR_TRIES = 3;

/** Why a log could not be read to its end; null: it was. `isGone`: nothing is left of it to be read. */
export type Problem = { words: string; isGone: boolean } | null;

/** Reads the log of a container that has ended, until it is whole, can't be had, or `giveUpMs` (monotonic) is past. */
export async function readEndedLog(options: {
  calls: KubernetesCalls;
  clock: Clock;
  reading: LogReading;
  request: LogRequest;
  giveUpMs: number;
  signal: AbortSignal;
}): Promise<Problem> {
  const { calls, clock, reading, request, signal } = options;
  let kubeletErrors = 0;
  for (let tries = 0; ; tries++) {
    const attempt = await reading.stream(calls, request, signal);
    if (attempt.end === "clean") return null;
    if (attempt.end === "kubelet_error") kubeletErrors++;
    const isFinal = kubeletErrors >= KUBELET_ERROR_TRIES || !mayPass(attempt);
    if (isFinal || signal.aborted || clock.monotonicMs() >= options.giveUpMs) return problemOf(attempt, request);
    const random = clock.random();
    const backoffMs = equalJitterMs(tries, RETRY, random);
    const retryAfterMs = attempt.end === "failed" ? attempt.failure.retryAfterMs : null;
    await clock.sleep(pauseAfter({ retryAfterMs }, backoffMs, random), signal);
  }
}

function mayPass(attempt: StreamEnd): boolean {
  return attempt.end !== "failed" || isRetryable(attempt.failure);
}

function problemOf(attempt: Exclude<StreamEnd, { end: "clean" }>, request: LogRequest): Problem {
  // kubelet keeps one dead container: the start before the last goes with the last one's end, while its pod still names it.
  if (attempt.end === "kubelet_error") return { words: attempt.words, isGone: request.previous };
  if (isNotFound(attempt.failure)) return { words: "the pod is gone", isGone: true };
  return { words: describeFailure(attempt.failure), isGone: false };
}
