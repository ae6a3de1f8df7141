import type { Readable } from "node:stream";
import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import { abandon, type KubernetesCalls, type LogRequest } from "./calls.ts";
import { type ApiFailure, describeFailure, failureFromError, isNotFound, isRetryable, pauseAfter } from "./failures.ts";
import { type KeptLog, LogCutter } from "./log-cut.ts";
import { TimestampStripper } from "./log-lines.ts";

/** A log as far as it could be had. `problem` null: it is whole. */
export type LogResult = { log: KeptLog; problem: string | null };

const EMPTY: KeptLog = { head: [], cutBytes: 0, tail: [] };
const RETRY = { minMs: 500, maxMs: 30_000 };
/** kubelet's own error text may pass (a runtime that restarts); after so many it is believed. */
const KUBELET_ERROR_TRIES = 3;

type Attempt =
  | { end: "whole"; log: KeptLog }
  | { end: "kubelet_error"; words: string; log: KeptLog }
  | { end: "failed"; failure: ApiFailure };

/** Reads the log of a container that has ended, until it is whole, can't be had, or `giveUpMs` (monotonic) is past. */
export async function readEndedLog(options: {
  calls: KubernetesCalls;
  clock: Clock;
  request: LogRequest;
  limitBytes: number;
  giveUpMs: number;
  signal: AbortSignal;
}): Promise<LogResult> {
  const { clock, signal } = options;
  let kubeletErrors = 0;
  for (let tries = 0; ; tries++) {
    const attempt = await readOnce(options);
    const problem = problemOf(attempt, kubeletErrors);
    if (attempt.end === "whole") return { log: attempt.log, problem: null };
    if (attempt.end === "kubelet_error") kubeletErrors++;
    if (problem !== null || signal.aborted || clock.monotonicMs() >= options.giveUpMs) {
      const log = attempt.end === "failed" ? EMPTY : attempt.log;
      return { log, problem: problem ?? (attempt.end === "failed" ? describeFailure(attempt.failure) : attempt.words) };
    }
    const random = clock.random();
    const backoffMs = equalJitterMs(tries, RETRY, random);
    const retryAfterMs = attempt.end === "failed" ? attempt.failure.retryAfterMs : null;
    await clock.sleep(pauseAfter({ retryAfterMs }, backoffMs, random), signal);
  }
}

/** Why trying again can't help; null: it may. */
function problemOf(attempt: Attempt, kubeletErrors: number): string | null {
  switch (attempt.end) {
    case "whole":
      return null;
    case "kubelet_error":
      return kubeletErrors + 1 >= KUBELET_ERROR_TRIES ? attempt.words : null;
    case "failed":
      if (isNotFound(attempt.failure)) return "the pod is gone";
      return isRetryable(attempt.failure) ? null : describeFailure(attempt.failure);
    default:
      return attempt satisfies never;
  }
}

async function readOnce(options: {
  calls: KubernetesCalls;
  request: LogRequest;
  limitBytes: number;
  signal: AbortSignal;
}): Promise<Attempt> {
  const answer = await options.calls.openLog(options.request, options.signal);
  if (!answer.ok) return { end: "failed", failure: answer.failure };
  const cutter = new LogCutter(options.limitBytes);
  const stripper = new TimestampStripper((bytes) => cutter.push(bytes));
  try {
    await pump(answer.body, stripper, async () => {});
  } catch (error) {
    return { end: "failed", failure: failureFromError(error) };
  }
  if (stripper.problem !== null) return { end: "kubelet_error", words: stripper.problem, log: cutter.finish() };
  return { end: "whole", log: cutter.finish() };
}

/** Reads a body into a stripper; `ready` holds it back while memory is short. Throws when the body breaks off. */
export async function pump(body: Readable, stripper: TimestampStripper, ready: () => Promise<void>): Promise<void> {
  try {
    for await (const chunk of body) {
      if (Buffer.isBuffer(chunk)) stripper.push(chunk);
      if (stripper.problem !== null) return;
      await ready();
    }
    stripper.end();
  } finally {
    abandon(body);
  }
}
