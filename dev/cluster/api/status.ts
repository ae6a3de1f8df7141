import type { Json, JsonObject } from "./json.ts";

/** One field that was refused, as `details.causes` carries it. */
export type Cause = { reason: string; message: string; field: string };

/** A request that was refused: the HTTP code and what the Status object says about it. */
export type Failure = {
  code: number;
  reason: string;
  message: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: Cause[];
    retryAfterSeconds?: number;
  };
};

/** What an operation of the API server comes to: expected refusals are values. */
export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** Wraps a value as a success. */
export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** Wraps a failure. */
export function refused<T>(failure: Failure): Result<T> {
  return { ok: false, failure };
}

/** Renders a failure as the `v1` Status object of the wire. */
export function statusObject(failure: Failure): JsonObject {
  const details: JsonObject = {};
  for (const [key, value] of Object.entries(failure.details ?? {})) {
    if (value === undefined) continue;
    const wire: Json = Array.isArray(value) ? value.map((cause) => ({ ...cause })) : value;
    details[key] = wire;
  }
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: failure.message,
    reason: failure.reason,
    ...(Object.keys(details).length > 0 ? { details } : {}),
    code: failure.code,
  };
}
