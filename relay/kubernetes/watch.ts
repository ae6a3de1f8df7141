import type { Readable } from "node:stream";
import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { KubernetesApi } from "./api.ts";
import { abandon } from "./calls.ts";
import { type ApiFailure, describeFailure, failureFromError, isExpired, isForbidden, pauseAfter } from "./failures.ts";
import { KubeList, Versioned, WatchError, WatchLine } from "./objects.ts";
import { readLines } from "./text-lines.ts";

const PAGE_SIZE = "500";
/** Bookmarks come about once a minute; a watch that is silent for longer is half open. */
export const DEAD_MAN_MS = 90_000;
/** The server closes the watch after 240 to 300 s; past that and this much it is closed from here. */
const WATCH_SECONDS = { min: 240, spread: 60 };
const OVERTIME_MS = 30_000;
/** A full list at least this often, as the net under everything else. */
export const RELIST_MS = 600_000;
const BACKOFF = { minMs: 500, maxMs: 30_000 };
/** A watch that ends sooner than this without a line is as good as a failure, however it ended. */
const BARREN_MS = 1_000;
/** After so many failures in a row the version itself may be what the server stumbles over (its etcd was restored, say). */
const RELIST_AFTER_FAILURES = 3;

/** What a watch tells. Objects are unchecked. */
export type WatchEvents = {
  /** The whole collection, at the start and at every relist. */
  onList(items: readonly unknown[]): void;
  onChange(type: "ADDED" | "MODIFIED" | "DELETED", object: unknown): void;
  /** `forbidden`: a right is missing, which is a fact and no failure; it is asked again all the same. */
  onHealth(health: "healthy" | "failing" | "forbidden", why: string): void;
  onRestart(why: string): void;
};

/** One collection to keep in view. */
export type WatchOptions = {
  api: KubernetesApi;
  path: string;
  labelSelector: string;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  events: WatchEvents;
  deadManMs?: number;
  relistMs?: number;
};

type WatchEnd = "again" | "relist" | "failed";

/** Why the loop has to pause. */
type Trouble = { why: string; forbidden: boolean; retryAfterMs: number | null };

/** Lists, then watches, for ever, until `signal` aborts: the loop never dies of an error, and nothing makes it spin. */
export async function watchCollection(options: WatchOptions): Promise<void> {
  const { clock, signal, events } = options;
  let failures = 0;
  let version: string | null = null;
  let listedMs = 0;
  while (!signal.aborted) {
    if (version === null || clock.monotonicMs() - listedMs >= (options.relistMs ?? RELIST_MS)) {
      const listed = await listAll(options);
      if (!listed.ok) {
        version = isExpired(listed.failure) ? null : version;
        await pause(options, failures++, troubleOf(listed.failure));
        continue;
      }
      version = listed.version;
      listedMs = clock.monotonicMs();
      events.onList(listed.items);
    }
    const beganMs = clock.monotonicMs();
    const watch = await watchOnce(options, version);
    if (signal.aborted) return;
    const isBarren = !watch.sawLife && (watch.end === "failed" || clock.monotonicMs() - beganMs < BARREN_MS);
    failures = isBarren ? failures + 1 : 0;
    version = watch.end === "relist" || failures >= RELIST_AFTER_FAILURES ? null : watch.version;
    // The first 410, or a server that closes a watch at once, is taken at its word.
    if (watch.end === "failed" || failures > 1) await pause(options, Math.max(0, failures - 1), watch);
    else events.onRestart(watch.why);
  }
}

function troubleOf(failure: ApiFailure): Trouble {
  const { retryAfterMs } = failure;
  return { why: describeFailure(failure), forbidden: isForbidden(failure), retryAfterMs };
}

async function pause(options: WatchOptions, failures: number, trouble: Trouble): Promise<void> {
  const { clock, signal, events, log, path } = options;
  if (signal.aborted) return;
  const { why, forbidden } = trouble;
  const random = clock.random();
  const ms = pauseAfter(trouble, equalJitterMs(failures, BACKOFF, random), random);
  events.onHealth(forbidden ? "forbidden" : "failing", why);
  log("warn", "watch is interrupted", { path, why, again_in_ms: Math.round(ms) });
  await clock.sleep(ms, signal);
}

type Listed = { ok: true; items: unknown[]; version: string } | { ok: false; failure: ApiFailure };

async function listAll({ api, path, labelSelector, signal, events }: WatchOptions): Promise<Listed> {
  const items: unknown[] = [];
  let from: string | undefined;
  for (;;) {
    const query = { labelSelector, limit: PAGE_SIZE, ...(from ? { continue: from } : {}) };
    const answer = await api.request({ method: "GET", path, query, timeoutMs: 30_000, signal });
    if (!answer.ok) return answer;
    const page = KubeList.safeParse(answer.body);
    if (!page.success) return { ok: false, failure: failureFromError(new Error("a list has an unknown form")) };
    items.push(...(page.data.items ?? []));
    from = page.data.metadata.continue ?? undefined;
    if (!from) {
      events.onHealth("healthy", "");
      return { ok: true, items, version: page.data.metadata.resourceVersion };
    }
  }
}

/** `sawLife`: something of use came, an event or a bookmark. */
type Watched = Trouble & { end: WatchEnd; version: string; sawLife: boolean };

async function watchOnce(options: WatchOptions, fromVersion: string): Promise<Watched> {
  const { api, path, labelSelector, clock } = options;
  const seconds = Math.round(WATCH_SECONDS.min + clock.random() * WATCH_SECONDS.spread);
  const guard = new WatchGuard(options, seconds * 1000 + OVERTIME_MS);
  const query = {
    labelSelector,
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: String(seconds),
    resourceVersion: fromVersion,
  };
  try {
    const answer = await api.stream({ path, query, signal: guard.signal });
    if (!answer.ok) {
      const end = isExpired(answer.failure) ? "relist" : "failed";
      const trouble = troubleOf(answer.failure);
      return { ...trouble, why: guard.why ?? trouble.why, end, version: fromVersion, sawLife: false };
    }
    options.events.onHealth("healthy", "");
    const watched = await readWatch(options, answer.body, guard, fromVersion);
    abandon(answer.body);
    return watched;
  } finally {
    guard.stop();
  }
}

async function readWatch(options: WatchOptions, body: Readable, guard: WatchGuard, from: string): Promise<Watched> {
  const why = "the server closed the watch";
  const calm = { why, forbidden: false, retryAfterMs: null };
  const watched: Watched = { ...calm, end: "again", version: from, sawLife: false };
  try {
    for await (const line of readLines(body, () => guard.life())) {
      const problem = takeLine(options, line, watched);
      if (problem !== null) return { ...watched, ...problem };
      watched.sawLife = true;
    }
  } catch (error) {
    const relist = guard.why === RELIST_DUE;
    watched.end = relist ? "relist" : guard.why === null ? "failed" : "again";
    watched.why = guard.why ?? describeFailure(failureFromError(error));
  }
  return watched;
}

/** Takes one line in; answers how the watch ends where it has to. */
function takeLine(options: WatchOptions, text: string, watched: Watched): { end: WatchEnd; why: string } | null {
  const line = WatchLine.safeParse(parseJson(text));
  if (!line.success) return { end: "relist", why: "a line of the watch has an unknown form" };
  const { type, object } = line.data;
  if (type === "ERROR") {
    const error = WatchError.safeParse(object).data;
    if (error?.code === 410) return { end: "relist", why: "the version is too old (410)" };
    return { end: "failed", why: `the watch answered an error (${error?.code ?? "unknown"})` };
  }
  const versioned = Versioned.safeParse(object);
  if (versioned.success) watched.version = versioned.data.metadata.resourceVersion;
  if (type !== "BOOKMARK") options.events.onChange(type, object);
  return null;
}

const RELIST_DUE = "a relist is due";

/** The timers that end a watch which would otherwise stay half open for ever. */
class WatchGuard {
  readonly #abort = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  readonly #deadManMs: number;
  readonly #outer: AbortSignal;
  #deadMan: NodeJS.Timeout | undefined;
  /** Why it was ended from here; null: it was not. */
  why: string | null = null;

  constructor(options: WatchOptions, absoluteMs: number) {
    this.#deadManMs = options.deadManMs ?? DEAD_MAN_MS;
    this.#outer = options.signal;
    this.#outer.addEventListener("abort", this.#stopped, { once: true });
    this.#timers = [
      setTimeout(() => this.#end("the watch outlived its time"), absoluteMs),
      setTimeout(() => this.#end(RELIST_DUE), options.relistMs ?? RELIST_MS),
    ];
    this.life();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** A byte came. */
  life(): void {
    clearTimeout(this.#deadMan);
    this.#deadMan = setTimeout(() => this.#end("nothing came for too long"), this.#deadManMs);
  }

  stop(): void {
    clearTimeout(this.#deadMan);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#outer.removeEventListener("abort", this.#stopped);
  }

  readonly #stopped = (): void => this.#end("the relay stops");

  #end(why: string): void {
    this.why ??= why;
    this.#abort.abort();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema check that follows names the line as unknown.
    return undefined;
  }
}
