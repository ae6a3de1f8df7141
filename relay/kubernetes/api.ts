import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import type { Clock } from "../clock.ts";
import type { ClusterAccess, Credentials } from "./config.ts";
import { type Connections, openConnections } from "./connections.ts";
import { CredentialKeeper } from "./credential-keeper.ts";
import {
  type ApiFailure,
  failureFromAnswer,
  failureFromError,
  isMissingRight,
  isUnauthorized,
  startingFailure,
} from "./failures.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 2_000;
const HEADERS_TIMEOUT_MS = 30_000;

/** A parsed success, or why there is none. */
export type ApiAnswer = { ok: true; body: unknown } | { ok: false; failure: ApiFailure };
/** An open body, or why there is none. `status` 204: there is nothing yet. */
export type StreamAnswer = { ok: true; status: number; body: Readable } | { ok: false; failure: ApiFailure };

/** One request. */
export type ApiRequest = {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
};

/** What a stream is for. `silenceMs`: how long no byte may come; without it the caller has a timer of its own. */
export type StreamRequest = { path: string; query: Record<string, string>; signal: AbortSignal; silenceMs?: number };

type Sent = { method: string; path: string; query?: Record<string, string>; body?: unknown; contentType?: string };
type How = { signal: AbortSignal; kind: "unary" | "streams"; silenceMs?: number };

/** Requests to one API server, as whoever the credentials say right now. Expected failures are values. */
export class KubernetesApi {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  readonly #onAnswer: (verb: string, status: number) => void;
  readonly #keeper: CredentialKeeper;
  #connections: Connections | null = null;
  #isClosed = false;
  /** Server's wall clock less ours, from the last Date header; ms. */
  #skewMs = 0;
  #readinessIsTold = false;

  constructor(access: ClusterAccess, clock: Clock, onAnswer: (verb: string, status: number) => void) {
    this.#access = access;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
    this.#keeper = new CredentialKeeper(access, clock);
  }

  /** The API server's wall clock, epoch ms, good to a second or two: timestamps in objects are compared with it, never with ours. */
  serverNowMs(): number {
    return this.#clock.wallMs() + this.#skewMs;
  }

  /**
   * Sends a request and parses the answer. A 403 is given as such only once the API server says that it is ready: one that
   * has just started denies everything in the words of a missing role. What is no create is then asked once more, and so it
   * is after a 401 where the token has been replaced meanwhile.
   */
  async request(options: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#requestOnce(options);
    if (answer.ok) return answer;
    const second = await this.#secondTry(answer.failure);
    if (second === "starting") return { ok: false, failure: startingFailure(answer.failure) };
    return second && options.method !== "POST" ? await this.#requestOnce(options) : answer;
  }

  /** Whether a refusal may be another answer at once; `starting`: it is none at all, from a server that is not ready. */
  async #secondTry(failure: ApiFailure): Promise<boolean | "starting"> {
    if (isUnauthorized(failure)) return this.#keeper.isRenewing;
    if (!isMissingRight(failure)) return false;
    return (await this.hasEvidenceOfReadiness()) ? true : "starting";
  }

  /** Whether `/readyz` is 200; true, too, where that was never to be had (a cluster may deny it to the relay). */
  async hasEvidenceOfReadiness(): Promise<boolean> {
    const giveUp = AbortSignal.timeout(READY_TIMEOUT_MS);
    try {
      const answer = await this.#send({ method: "GET", path: "/readyz" }, { signal: giveUp, kind: "unary" });
      await answer.body.dump();
      if (answer.statusCode === 200) this.#readinessIsTold = true;
      return answer.statusCode === 200 || (!this.#readinessIsTold && answer.statusCode < 500);
    } catch {
      // No answer is no evidence.
      return false;
    }
  }

  /** Whether the API server ever said that it is ready. */
  get readinessIsTold(): boolean {
    return this.#readinessIsTold;
  }

  async #requestOnce(options: ApiRequest): Promise<ApiAnswer> {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(timeoutError()), options.timeoutMs ?? REQUEST_TIMEOUT_MS);
    const onAbort = (): void => giveUp.abort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted) giveUp.abort();
    try {
      const answer = await this.#send(options, { signal: giveUp.signal, kind: "unary" });
      const text = await answer.body.text();
      if (answer.statusCode < 300) return { ok: true, body: text === "" ? null : JSON.parse(text) };
      return { ok: false, failure: failureFromAnswer(answer.statusCode, text, retryAfter(answer)) };
    } catch (error) {
      this.#onAnswer(options.method, 0);
      return { ok: false, failure: failureFromError(giveUp.signal.reason ?? error) };
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Opens a body that may stay open for long (watch, log); the caller reads it to its end or aborts. 401, 403: as for {@link request}. */
  async stream(asked: StreamRequest): Promise<StreamAnswer> {
    const answer = await this.#streamOnce(asked);
    if (answer.ok) return answer;
    const second = await this.#secondTry(answer.failure);
    if (second === "starting") return { ok: false, failure: startingFailure(answer.failure) };
    return second ? await this.#streamOnce(asked) : answer;
  }

  async #streamOnce({ path, query, ...how }: StreamRequest): Promise<StreamAnswer> {
    try {
      const answer = await this.#send({ method: "GET", path, query }, { ...how, kind: "streams" });
      if (answer.statusCode < 300) return { ok: true, status: answer.statusCode, body: answer.body };
      const text = await answer.body.text();
      return { ok: false, failure: failureFromAnswer(answer.statusCode, text, retryAfter(answer)) };
    } catch (error) {
      this.#onAnswer("GET", 0);
      return { ok: false, failure: failureFromError(error) };
    }
  }

  /** Closes every connection, open streams included; whatever is asked later fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const open = this.#connections;
    this.#connections = null;
    if (open) await Promise.all([open.unary.destroy(), open.streams.destroy()]);
  }

  async #send(sent: Sent, { signal, kind, silenceMs = 0 }: How): Promise<Dispatcher.ResponseData> {
    const credentials = await this.#keeper.current(signal);
    if (this.#isClosed) throw new Error("the relay stops");
    const query = new URLSearchParams(sent.query).toString();
    const answer = await request(`${this.#access.server}${sent.path}${query ? `?${query}` : ""}`, {
      dispatcher: this.#connect(credentials)[kind],
      method: sent.method,
      headers: {
        ...credentials.headers,
        accept: "application/json",
        "user-agent": "watchbell-relay",
        ...(sent.body === undefined ? {} : { "content-type": sent.contentType ?? "application/json" }),
      },
      body: sent.body === undefined ? null : JSON.stringify(sent.body),
      signal,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: silenceMs,
    });
    this.#onAnswer(sent.method, answer.statusCode);
    if (answer.statusCode === 401) this.#keeper.refused(credentials);
    const date = Date.parse(String(answer.headers.date ?? ""));
    if (Number.isFinite(date)) this.#skewMs = date + 500 - this.#clock.wallMs();
    return answer;
  }

  /** New certificates mean new connections; the old ones end with what they carry. */
  #connect({ tls }: Credentials): Connections {
    if (this.#connections?.tlsText === JSON.stringify(tls)) return this.#connections;
    if (this.#connections) {
      void this.#connections.unary.close();
      void this.#connections.streams.close();
    }
    this.#connections = openConnections(tls, this.#access.proxyUrl);
    return this.#connections;
  }
}

function timeoutError(): Error {
  return Object.assign(new Error("the API server did not answer in time"), { code: "Timeout" });
}

/** Seconds, as the API server says it; a load balancer may give a date instead, which its own Date header is compared with. */
function retryAfter({ headers }: Dispatcher.ResponseData): string | undefined {
  const value = [headers["retry-after"]].flat()[0];
  const ms = Date.parse(value ?? "") - Date.parse(String(headers.date ?? ""));
  return value === undefined || /^\d+$/.test(value) || !Number.isFinite(ms) ? value : String(ms / 1_000);
}
