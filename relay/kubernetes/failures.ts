import { z } from "zod";
import { type Cause, causeWords, redacted } from "./cause-words.ts";

/** Why a request to the API server did not succeed. */
export type ApiFailure = {
  /** HTTP status; 0: no answer came. */
  status: number;
  /** Whether a Status object came. Without it the words are somebody's on the way, and what they deny is no evidence. */
  isStatus: boolean;
  /** The Status object's reason, or the connection error's code. */
  reason: string;
  /** The server's words. They may hold values of the object (env!): up go only {@link describeFailure}'s. */
  message: string;
  causes: Cause[];
  /** The kind that was not found or already there, lower-case plural. */
  kind: string;
  retryAfterMs: number | null;
};

const Status = z.object({
  kind: z.literal("Status"),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  details: z
    .object({
      kind: z.string().nullish(),
      retryAfterSeconds: z.number().nullish(),
      causes: z
        .array(z.object({ reason: z.string().nullish(), field: z.string().nullish(), message: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
});

const MAX_WORDS = 300;
const MAX_CAUSES = 5;

/** Reads an answer that is no success; 429 comes as plain text, most others as a Status object. */
export function failureFromAnswer(status: number, body: string, retryAfter: string | undefined): ApiFailure {
  const parsed = Status.safeParse(parseJson(body));
  const details = parsed.data?.details;
  const seconds = details?.retryAfterSeconds ?? (retryAfter === undefined ? Number.NaN : Number(retryAfter));
  return {
    status,
    isStatus: parsed.success,
    reason: parsed.data?.reason ?? "",
    message: parsed.success ? (parsed.data.message ?? "") : body.trim().slice(0, MAX_WORDS),
    causes: (details?.causes ?? []).map((cause) => ({
      reason: cause.reason ?? "",
      field: cause.field ?? "",
      message: cause.message ?? "",
    })),
    kind: details?.kind ?? "",
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  };
}

/** No answer came: refused, reset, timed out, given up. */
export function failureFromError(error: unknown): ApiFailure {
  const code =
    typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "";
  const message = error instanceof Error ? error.message : String(error);
  const reason = code || "NoAnswer";
  return { status: 0, isStatus: false, reason, message, causes: [], kind: "", retryAfterMs: null };
}

/**
 * Whether the same request may succeed later without anybody changing anything. 401: the token is read anew. What is no
 * Status object is not the API server's word but a load balancer's or proxy's before it, and passes.
 */
export function isRetryable(failure: ApiFailure): boolean {
  return !failure.isStatus || isUnauthorized(failure) || failure.status === 429 || failure.status >= 500;
}

/** The token is not good (any more). */
export function isUnauthorized(failure: ApiFailure): boolean {
  return failure.status === 401;
}

/** A server that asks for more patience than this is asked again all the same. */
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * The pause before the next try, ms: the back-off, or what the server asked for (Retry-After, at most 30 s) and up to a
 * fifth more, so that all who were told the same do not come back together.
 */
export function pauseAfter(failure: { retryAfterMs: number | null }, backoffMs: number, random: number): number {
  const askedMs = Math.min(MAX_RETRY_AFTER_MS, failure.retryAfterMs ?? 0);
  return Math.max(backoffMs, askedMs * (1 + random / 5));
}

/** Reason of a failure where tokens or certificates could not be read; `message` has the error's code at most. */
export const CREDENTIALS = "Credentials";

const NEVER_SENT = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "ENETUNREACH", "EHOSTUNREACH"],
  CREDENTIALS,
]);

const STARTING = "ApiServerStarting";

/** A 403 in words that a missing right would use too; a quota and a namespace that is going say so themselves. */
export function isMissingRight(failure: ApiFailure): boolean {
  return isForbidden(failure) && !isQuota(failure) && !isNamespaceTerminating(failure);
}

/** The namespace is being deleted. */
export function isNamespaceTerminating(failure: ApiFailure): boolean {
  return isForbidden(failure) && failure.causes.some((cause) => cause.reason === "NamespaceTerminating");
}

/** What a 403 of an API server that is not ready counts as: it denies everything until it has read its roles. */
export function startingFailure(failure: ApiFailure): ApiFailure {
  return { ...failure, status: 503, isStatus: true, reason: STARTING, message: "it is starting" };
}

/** The API server answers, but is not ready yet. */
export function isStarting(failure: ApiFailure): boolean {
  return failure.reason === STARTING;
}

/** Whether the write may have happened all the same (504, a broken connection, a stranger's answer), or may still. */
export function mayHaveHappened(failure: ApiFailure): boolean {
  if (failure.status === 0) return !NEVER_SENT.has(failure.reason);
  if (failure.status === 401 || failure.status === 429) return false;
  return !failure.isStatus || (failure.status >= 500 && !isStarting(failure));
}

/** The name is taken, be it by an object that is being deleted. */
export function isAlreadyExists(failure: ApiFailure): boolean {
  return failure.status === 409 && failure.reason === "AlreadyExists";
}

/** A precondition (uid) did not hold: the object is another one by now. */
export function isOtherObject(failure: ApiFailure): boolean {
  return (
    (failure.isStatus && failure.status === 409) ||
    (failure.status === 422 && failure.causes.some((c) => c.field === "metadata.uid"))
  );
}

/** The object does not exist, in the API server's own words: a proxy's 404 would make lost what still runs. */
export function isNotFound(failure: ApiFailure): boolean {
  return failure.status === 404 && failure.isStatus;
}

/** The relay lacks a right; also what a missing namespace answers where rights are given namespace by namespace. */
export function isForbidden(failure: ApiFailure): boolean {
  return failure.status === 403 && failure.isStatus;
}

/** The list or watch must start anew: its version is too old. */
export function isExpired(failure: ApiFailure): boolean {
  return failure.status === 410;
}

/** Refused by an object quota: may succeed once others are gone. */
export function isQuota(failure: ApiFailure): boolean {
  return failure.status === 403 && failure.message.includes("exceeded quota");
}

/** What may go up and into a sentence: of a 422 no value that could be an env's, of other words all but the secrets. */
export function describeFailure(failure: ApiFailure, secrets: readonly string[] = []): string {
  if (failure.reason === CREDENTIALS) return `the relay's credentials can't be read (${failure.message || "no code"})`;
  if (failure.status === 0) return `no answer from the API server (${failure.reason})`;
  if (failure.status === 422 && failure.isStatus) return redacted(invalidWords(failure), secrets);
  const words = redacted(failure.message, secrets).slice(0, MAX_WORDS);
  const who = failure.isStatus || failure.status === 429 ? "the API server" : "something before the API server";
  return `${who} answered ${failure.status}: ${words || failure.reason}`;
}

/** A field that does not fit and an admission policy that denies are both 422; only the first names a field. */
function invalidWords({ causes }: ApiFailure): string {
  const words = [...new Set(causes.map(causeWords))].filter((one) => one !== "").slice(0, MAX_CAUSES);
  if (words.length === 0) return "the API server finds it invalid";
  const isPolicy = causes.every((cause) => cause.field === "");
  return `${isPolicy ? "the API server answered 422" : "the API server finds invalid"}: ${words.join(", ")}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an ordinary case (429, proxies): the caller then takes the text.
    return undefined;
  }
}
