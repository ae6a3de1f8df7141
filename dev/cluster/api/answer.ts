import type { Json } from "./json.ts";
import { type Failure, statusObject } from "./status.ts";

/** A whole answer; streams (watch, log) are answered by their own handlers. */
export type Answer = { code: number; contentType: string; body: string; headers: Record<string, string> };

/** Answers JSON. */
export function jsonAnswer(code: number, value: Json, headers: Record<string, string> = {}): Answer {
  return { code, contentType: "application/json", body: JSON.stringify(value), headers };
}

/** Answers JSON that is already text: stored objects are serialised once. */
export function rawAnswer(code: number, body: string): Answer {
  return { code, contentType: "application/json", body, headers: {} };
}

/** Answers plain text. */
export function textAnswer(code: number, body: string, headers: Record<string, string> = {}): Answer {
  return { code, contentType: "text/plain; charset=utf-8", body, headers };
}

/** Answers a refusal as a Status object. */
export function failureAnswer(failure: Failure): Answer {
  const seconds = failure.details?.retryAfterSeconds;
  return jsonAnswer(
    failure.code,
    statusObject(failure),
    seconds === undefined ? {} : { "retry-after": String(seconds) },
  );
}
