import { type ApiCalls, REPEATS } from "./api-types.ts";
import { envelopeOf } from "./envelope.ts";
import { type FollowEvent, type FollowFields, type FollowOptions, followLogs } from "./follow.ts";
import { pause } from "./pause.ts";
import { delayBeforeRetryMs, isRefusedUnread } from "./retry.ts";
import { WatchbellError } from "./watchbell-error.ts";

const DEFAULT_RETRIES = 5;
/** A delete or an update waits 15 s for its cluster, and a body may take 30 s. */
const DEFAULT_ATTEMPT_TIMEOUT_MS = 60_000;

/** Where the API is, with which token, and how patient to be. */
export type WatchbellOptions = {
  /** The API's address, such as `http://127.0.0.1:8787`. */
  url: string;
  token: string;
  /** How often a call is sent again after a lost answer or a refusal for now; default 5. */
  retries?: number;
  /** How long an answer may take before it counts as lost; default 60 s. */
  attemptTimeoutMs?: number;
  /** In place of the platform's `fetch`: a service binding's, say. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
};

/** What a single call may have beside its fields. */
export type CallOptions = {
  /** Of a create: the same key for every attempt at the same thing; one is made for each call where none is given. */
  idempotencyKey?: string;
  /** Ends the call, its retries included. */
  signal?: AbortSignal;
};

/** The fields that the call of this path takes, the id in its path among them. */
export type Fields<Path extends keyof ApiCalls> = ApiCalls[Path]["fields"];

/** The data that the call of this path answers. */
export type Data<Path extends keyof ApiCalls> = ApiCalls[Path]["data"];

/** The outcome of a call as a value. */
export type Answer<Path extends keyof ApiCalls> = { ok: true; data: Data<Path> } | { ok: false; error: WatchbellError };

/** A caller of the API. */
export type Watchbell = {
  /**
   * Calls a path and gives its data. Rejects with WatchbellError where the API refuses, with `fetch`'s own error where no
   * answer came, or with the signal's reason.
   */
  call<Path extends keyof ApiCalls>(path: Path, fields: Fields<Path>, options?: CallOptions): Promise<Data<Path>>;
  /** As `call`, with a refusal as a value; it rejects only where no answer came. */
  ask<Path extends keyof ApiCalls>(path: Path, fields: Fields<Path>, options?: CallOptions): Promise<Answer<Path>>;
  /**
   * The lines of one run's logs as they are written, from its beginning or from behind an event, and at last its end. A
   * connection that breaks is opened again, and goes on where it broke off. Rejects as `call` does.
   */
  follow(fields: FollowFields, options?: FollowOptions): AsyncGenerator<FollowEvent, void>;
};

/**
 * A typed caller of a Watchbell API, for Node, Workers and browsers. A call whose answer was lost is sent again where that
 * can't do anything twice: reads, deletes, and creates, each with one Idempotency-Key for all its attempts.
 */
export function watchbell(options: WatchbellOptions): Watchbell {
  async function call<Path extends keyof ApiCalls>(
    path: Path,
    fields: Fields<Path>,
    callOptions: CallOptions = {},
  ): Promise<Data<Path>> {
    const repeats = REPEATS[path];
    const key = repeats === "key" ? (callOptions.idempotencyKey ?? crypto.randomUUID()) : undefined;
    const request = requestOf(options, path, fields, key);
    const retries = options.retries ?? DEFAULT_RETRIES;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOf<Data<Path>>(options, request, callOptions.signal);
      if ("data" in outcome) return outcome.data;
      const mayRepeat = repeats !== "never" || isRefusedUnread(outcome.error);
      if (!outcome.isPassing || !mayRepeat || attempt > retries) throw outcome.error;
      await pause(delayBeforeRetryMs(attempt, outcome.retryAfterMs, Math.random()), callOptions.signal);
    }
  }

  async function ask<Path extends keyof ApiCalls>(
    path: Path,
    fields: Fields<Path>,
    callOptions: CallOptions = {},
  ): Promise<Answer<Path>> {
    try {
      return { ok: true, data: await call(path, fields, callOptions) };
    } catch (error) {
      if (error instanceof WatchbellError) return { ok: false, error };
      throw error;
    }
  }

  return { call, ask, follow: (fields, followOptions) => followLogs(options, fields, followOptions) };
}

type Request = { url: string; init: RequestInit };

function requestOf(options: WatchbellOptions, path: string, fields: object, key: string | undefined): Request {
  const rest = new Map<string, unknown>(Object.entries(fields));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest.get(name) ?? "");
    // The API takes the literal `job_id` for an id that is elsewhere, and says that there is none; any other word is an id.
    if (value === "" && name === "job_id") return name;
    if (value === "") throw new TypeError(`${name} is empty; ${path} needs one.`);
    rest.delete(name);
    return encodeURIComponent(value);
  });
  const headers = new Headers({ authorization: `Bearer ${options.token}`, "content-type": "application/json" });
  if (key !== undefined) headers.set("idempotency-key", key);
  const body = JSON.stringify(Object.fromEntries(rest));
  return { url: `${options.url.replace(/\/+$/, "")}${filled}`, init: { method: "POST", headers, body } };
}

type Outcome<Answered> = { data: Answered } | { error: unknown; isPassing: boolean; retryAfterMs: number | null };

async function attemptOf<Answered>(
  options: WatchbellOptions,
  { url, init }: Request,
  signal: AbortSignal | undefined,
): Promise<Outcome<Answered>> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(options.attemptTimeoutMs ?? DEFAULT_ATTEMPT_TIMEOUT_MS);
  const ownInit = { ...init, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) };
  try {
    const send = options.fetch ?? ((to, how) => fetch(to, how));
    const response = await send(url, ownInit);
    const answer = envelopeOf<Answered>(await response.text());
    if (answer?.code === 0) return { data: answer.data };
    const error = new WatchbellError(response.status, answer);
    const retryAfterSeconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const retryAfterMs = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1_000 : null;
    return { error, isPassing: error.isPassing, retryAfterMs };
  } catch (error) {
    // A caller who gives up wants no further attempt; all else is an answer that did not come.
    signal?.throwIfAborted();
    return { error, isPassing: true, retryAfterMs: null };
  }
}
