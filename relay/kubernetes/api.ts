import type { Readable } from "node:stream";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import type { Clock } from "../clock.ts";
import type { ClusterAccess, Credentials } from "./config.ts";
import { type ApiFailure, failureFromAnswer, failureFromError, isMissingRight, startingFailure } from "./failures.ts";

/** Where tokens may have changed: KubeConfig itself decides when a file or a plugin is really asked again. */
const CREDENTIALS_FRESH_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Half-open connections show by TCP's own probes long before a watch's dead-man timer. */
const KEEP_ALIVE_PROBE_MS = 30_000;
const UNARY_CONNECTIONS = 32;

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

type Connections = { tlsText: string; unary: Dispatcher; streams: Dispatcher };

/**
 * Requests to one API server: one agent for calls, one for streams, HTTP/1.1 so that a dead connection takes nothing with
 * it. Expected failures are values.
 */
export class KubernetesApi {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  readonly #onAnswer: (verb: string, status: number) => void;
  #credentials: { at: number; value: Promise<Credentials> } | null = null;
  #connections: Connections | null = null;
  /** Server's wall clock less ours, from the last Date header; ms. */
  #skewMs = 0;
  #readinessIsTold = false;

  constructor(access: ClusterAccess, clock: Clock, onAnswer: (verb: string, status: number) => void) {
    this.#access = access;
    this.#clock = clock;
    this.#onAnswer = onAnswer;
  }

  /** The API server's wall clock, epoch ms, good to a second or two: timestamps in objects are compared with it, never with ours. */
  serverNowMs(): number {
    return this.#clock.wallMs() + this.#skewMs;
  }

  /**
   * Sends a request and parses the answer. A 403 is given as such only once the API server says that it is ready: one that
   * has just started denies everything in the words of a missing role. What is no create is then asked once more.
   */
  async request(options: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#requestOnce(options);
    if (answer.ok || !isMissingRight(answer.failure)) return answer;
    if (!(await this.hasEvidenceOfReadiness())) return { ok: false, failure: startingFailure(answer.failure) };
    return options.method === "POST" ? answer : await this.#requestOnce(options);
  }

  /** Whether `/readyz` is 200; true, too, where that was never to be had (a cluster may deny it to the relay). */
  async hasEvidenceOfReadiness(): Promise<boolean> {
    const giveUp = AbortSignal.timeout(READY_TIMEOUT_MS);
    try {
      const answer = await this.#send({ method: "GET", path: "/readyz" }, giveUp, "unary");
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
      const answer = await this.#send(options, giveUp.signal, "unary");
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

  /** Opens a body that may stay open for long (watch, log); the caller reads it to its end or aborts. 403: as for {@link request}. */
  async stream(path: string, query: Record<string, string>, signal: AbortSignal): Promise<StreamAnswer> {
    const answer = await this.#streamOnce(path, query, signal);
    if (answer.ok || !isMissingRight(answer.failure)) return answer;
    if (!(await this.hasEvidenceOfReadiness())) return { ok: false, failure: startingFailure(answer.failure) };
    return await this.#streamOnce(path, query, signal);
  }

  async #streamOnce(path: string, query: Record<string, string>, signal: AbortSignal): Promise<StreamAnswer> {
    try {
      const answer = await this.#send({ method: "GET", path, query }, signal, "streams");
      if (answer.statusCode < 300) return { ok: true, status: answer.statusCode, body: answer.body };
      const text = await answer.body.text();
      return { ok: false, failure: failureFromAnswer(answer.statusCode, text, retryAfter(answer)) };
    } catch (error) {
      this.#onAnswer("GET", 0);
      return { ok: false, failure: failureFromError(error) };
    }
  }

  /** Closes every connection, open streams included. */
  async close(): Promise<void> {
    const open = this.#connections;
    this.#connections = null;
    if (open) await Promise.all([open.unary.destroy(), open.streams.destroy()]);
  }

  async #send(options: ApiRequest, signal: AbortSignal, kind: "unary" | "streams"): Promise<Dispatcher.ResponseData> {
    const credentials = await this.#currentCredentials();
    const query = new URLSearchParams(options.query).toString();
    const answer = await request(`${this.#access.server}${options.path}${query ? `?${query}` : ""}`, {
      dispatcher: this.#connect(credentials)[kind],
      method: options.method,
      headers: {
        ...credentials.headers,
        accept: "application/json",
        "user-agent": "watchbell-relay",
        ...(options.body === undefined ? {} : { "content-type": options.contentType ?? "application/json" }),
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal,
      headersTimeout: 30_000,
      // A quiet watch or log is no dead one; unary calls have their own time-out.
      bodyTimeout: 0,
    });
    this.#onAnswer(options.method, answer.statusCode);
    if (answer.statusCode === 401) this.#credentials = null;
    const date = Date.parse(String(answer.headers.date ?? ""));
    if (Number.isFinite(date)) this.#skewMs = date + 500 - this.#clock.wallMs();
    return answer;
  }

  #currentCredentials(): Promise<Credentials> {
    const now = this.#clock.monotonicMs();
    if (this.#credentials === null || now - this.#credentials.at > CREDENTIALS_FRESH_MS) {
      this.#credentials = { at: now, value: this.#access.credentials() };
      this.#credentials.value.catch(() => {
        this.#credentials = null;
      });
    }
    return this.#credentials.value;
  }

  /** New certificates mean new connections; the old ones end with what they carry. */
  #connect({ tls }: Credentials): Connections {
    const tlsText = JSON.stringify(tls);
    if (this.#connections?.tlsText === tlsText) return this.#connections;
    if (this.#connections) {
      void this.#connections.unary.close();
      void this.#connections.streams.close();
    }
    const proxyUrl = this.#access.proxyUrl;
    const make = (connections: number | null): Dispatcher => {
      const shared = { allowH2: false, pipelining: 1, keepAliveTimeout: 30_000, connections };
      if (proxyUrl !== null) return new ProxyAgent({ uri: proxyUrl, requestTls: tls, ...shared });
      const connect = {
        ...tls,
        timeout: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
      };
      return new Agent({ ...shared, connect });
    };
    this.#connections = { tlsText, unary: make(UNARY_CONNECTIONS), streams: make(null) };
    return this.#connections;
  }
}

function timeoutError(): Error {
  return Object.assign(new Error("the API server did not answer in time"), { code: "Timeout" });
}

function retryAfter(answer: Dispatcher.ResponseData): string | undefined {
  const value = answer.headers["retry-after"];
  return Array.isArray(value) ? value[0] : value;
}
