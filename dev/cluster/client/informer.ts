import { setTimeout as sleep } from "node:timers/promises";
import { type Json, listAt, textAt } from "../api/json.ts";
import type { KubeClient } from "./kube-client.ts";
import type { WatchedObject } from "./objects.ts";

/** First and longest wait before a broken watch is started anew, ms. */
const firstRetryMs = 50;
const longestRetryMs = 5_000;
/** How long one watch lives, seconds; the next starts where it ended. */
const watchSeconds = 300;
/** Uids of deleted objects remembered so that a late answer does not bring one back. */
const rememberedDeletions = 5_000;

/** What an informer is asked for. */
export type InformerOptions<T extends WatchedObject> = {
  client: KubeClient;
  /** Collection path, without a query. */
  path: string;
  parse: (object: Json) => T;
  /** Called for every change; `undefined` as current: the object is gone. */
  onChange: (current: T | undefined, last: T) => void;
  /** Groups objects for `indexed`; undefined: in no group. */
  indexBy?: (object: T) => string | undefined;
  onProblem: (problem: string) => void;
};

/** A cache of one collection that follows the API server by list and watch, as client-go's informers do. */
export class Informer<T extends WatchedObject> {
  readonly #options: InformerOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #groups = new Map<string, Map<string, T>>();
  readonly #deleted = new Set<string>();
  readonly #stop = new AbortController();
  #version = "";
  #ended: Promise<void> = Promise.resolve();

  constructor(options: InformerOptions<T>) {
    this.#options = options;
  }

  /** Lists once, then follows in the background until `stop`. Retries until the first list succeeded. */
  async start(): Promise<void> {
    let waitMs = firstRetryMs;
    while (!this.#stop.signal.aborted && !(await this.#tryList())) {
      await this.#pause(waitMs);
      waitMs = Math.min(waitMs * 2, longestRetryMs);
    }
    this.#ended = this.#follow();
  }

  /** Ends the watch; nothing is called back after it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** The cached object; undefined where there is none. */
  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  /** The cached objects of one group. */
  indexed(group: string): T[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  /** Every cached object. */
  all(): T[] {
    return [...this.#objects.values()];
  }

  /**
   * Takes over what the API server answered to a write of our own, so that the next decision sees it before the watch brings it
   * (the real controllers keep expectations for this).
   */
  observe(object: T): void {
    if (this.#deleted.has(object.metadata.uid)) return;
    const key = keyOf(object);
    const known = this.#objects.get(key);
    if (known !== undefined && Number(known.metadata.resourceVersion) >= Number(object.metadata.resourceVersion))
      return;
    this.#objects.set(key, object);
    this.#regroup(known, object);
    this.#options.onChange(object, known ?? object);
  }

  async #follow(): Promise<void> {
    let waitMs = firstRetryMs;
    while (!this.#stop.signal.aborted) {
      const outcome = await this.#watchOnce();
      if (outcome === "fine") waitMs = firstRetryMs;
      else {
        await this.#pause(waitMs);
        waitMs = Math.min(waitMs * 2, longestRetryMs);
        if (outcome === "relist" && !this.#stop.signal.aborted) await this.#tryList();
      }
    }
  }

  /** One watch to its end: `fine` may be resumed at once, `retry` after a wait, `relist` has lost its place. */
  async #watchOnce(): Promise<"fine" | "retry" | "relist"> {
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${this.#version}`;
    try {
      for await (const event of this.#options.client.watch(`${this.#options.path}?${query}`, this.#stop.signal)) {
        if (this.#stop.signal.aborted) return "fine";
        if (textAt(event, "type") === "ERROR") return "relist";
        this.#apply(event);
      }
      return "fine";
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.onProblem(`watch of ${this.#options.path}: ${describe(error)}`);
      return "retry";
    }
  }

  #apply(event: Json): void {
    if (typeof event !== "object" || event === null || Array.isArray(event)) return;
    const object = event.object ?? null;
    this.#version = textAt(object, "metadata", "resourceVersion");
    switch (textAt(event, "type")) {
      case "ADDED":
      case "MODIFIED":
        this.observe(this.#options.parse(object));
        return;
      case "DELETED":
        this.#forget(this.#options.parse(object));
        return;
      default:
        return;
    }
  }

  #forget(object: T): void {
    this.#deleted.add(object.metadata.uid);
    if (this.#deleted.size > rememberedDeletions) {
      const [oldest] = this.#deleted;
      if (oldest !== undefined) this.#deleted.delete(oldest);
    }
    const key = keyOf(object);
    const known = this.#objects.get(key);
    // A new object may have taken the name while this deletion was on its way.
    if (known === undefined || known.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    this.#regroup(known, undefined);
    this.#options.onChange(undefined, object);
  }

  #regroup(before: T | undefined, after: T | undefined): void {
    const { indexBy } = this.#options;
    if (indexBy === undefined) return;
    const left = before === undefined ? undefined : indexBy(before);
    if (before !== undefined && left !== undefined) {
      const group = this.#groups.get(left);
      group?.delete(before.metadata.uid);
      if (group?.size === 0) this.#groups.delete(left);
    }
    const joined = after === undefined ? undefined : indexBy(after);
    if (after === undefined || joined === undefined) return;
    const group = this.#groups.get(joined) ?? new Map<string, T>();
    this.#groups.set(joined, group.set(after.metadata.uid, after));
  }

  async #tryList(): Promise<boolean> {
    try {
      const reply = await this.#options.client.get(this.#options.path);
      if (reply.code !== 200) throw new Error(`answered ${reply.code} ${textAt(reply.body, "message")}`);
      this.#version = textAt(reply.body, "metadata", "resourceVersion");
      const listed = listAt(reply.body, "items").map((item) => this.#options.parse(item));
      const uids = new Set(listed.map((object) => object.metadata.uid));
      for (const known of this.all()) if (!uids.has(known.metadata.uid)) this.#forget(known);
      for (const object of listed) this.observe(object);
      return true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.onProblem(`list of ${this.#options.path}: ${describe(error)}`);
      return false;
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {
      // Stopped while waiting: the caller looks at the signal next.
    });
  }
}

function keyOf(object: WatchedObject): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
