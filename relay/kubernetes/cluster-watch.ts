import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { Semaphore } from "../semaphore.ts";
import type { KubernetesApi } from "./api.ts";
import { clusterSelector, collectionPath } from "./calls.ts";
import { KubeJob, KubePod } from "./objects.ts";
import type { Reconciler } from "./reconciler.ts";
import type { RunStore, TrackedRun } from "./run-store.ts";
import { type WatchEvents, watchCollection } from "./watch.ts";

const TICK_MS = 1_000;
/** How many Jobs that a list lacks are asked for at once. */
const MAX_QUESTIONS = 8;

/** What is known of one collection. `forbidden`: the relay may not read it (any more). */
type View = "unknown" | "listed" | "forbidden";
type Scope = { namespace: string | null; jobs: View; pods: View };

/** What a watch of the whole cluster id is made of. `mayReport`: a standby keeps watching, but says nothing. */
export type ClusterWatchOptions = {
  api: KubernetesApi;
  clock: Clock;
  log: Log;
  store: RunStore;
  reconciler: Reconciler;
  clusterLabel: string;
  namespaces: readonly string[];
  signal: AbortSignal;
  mayReport: () => boolean;
  onRestart: () => void;
  onRelist: () => void;
};

/** Keeps the store equal to what the API server has of our Jobs and their pods, and has every change reconciled. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #scopes: Scope[];
  readonly #failing = new Map<string, string>();
  readonly #forbidden = new Map<string, string>();
  readonly #questions = new Semaphore(MAX_QUESTIONS);
  readonly #synced = Promise.withResolvers<void>();
  readonly #odd = new Set<string>();

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { namespaces } = options;
    const names = namespaces.length > 0 ? namespaces : [null];
    this.#scopes = names.map((namespace) => ({ namespace, jobs: "unknown", pods: "unknown" }));
  }

  /** Resolves once every collection was listed. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Why the view is not up to date; null: it is. */
  get problem(): string | null {
    const failing = [...this.#failing.values()][0];
    if (failing !== undefined) return failing;
    return this.#isSynced ? null : ([...this.#forbidden.values()][0] ?? "the Jobs are not listed yet");
  }

  /** What of it can't be read for want of a right, while the rest works; empty: nothing. */
  get remark(): string {
    return [...this.#forbidden].map(([path, why]) => `; ${path} can't be read: ${why}`).join("");
  }

  /** Starts all loops; they end when the signal aborts. */
  start(): void {
    const { signal, reconciler, mayReport } = this.#options;
    for (const scope of this.#scopes) {
      void this.#watch("jobs", scope);
      void this.#watch("pods", scope);
    }
    const timer = setInterval(() => {
      if (mayReport()) reconciler.tick();
    }, TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  /** Everything is compared anew, for a relay that has just become active. */
  reconcileAll(): void {
    for (const run of [...this.#options.store.runs()]) this.#reconcile(run);
  }

  /** One namespace without rights must not keep the others from being served; with none readable there is nothing to serve. */
  get #isSynced(): boolean {
    const isKnown = this.#scopes.every((scope) => scope.jobs !== "unknown" && scope.pods !== "unknown");
    return isKnown && this.#scopes.some((scope) => scope.jobs === "listed" && scope.pods === "listed");
  }

  async #watch(resource: "jobs" | "pods", scope: Scope): Promise<void> {
    const { api, clock, log, signal, clusterLabel } = this.#options;
    const path = collectionPath(resource, scope.namespace);
    const events: WatchEvents = {
      onHealth: (health, why) => {
        this.#failing.delete(path);
        this.#forbidden.delete(path);
        if (health === "failing") this.#failing.set(path, why);
        if (health === "healthy" && resource === "jobs") this.#seenAgain(scope);
        if (health !== "forbidden") return;
        if (resource === "jobs") this.#sayUnseen(scope, `its Job can't be watched: ${why}`);
        this.#forbidden.set(path, why);
        if (scope[resource] === "unknown") this.#seen(scope, resource, "forbidden");
      },
      onRestart: (why) => {
        log("debug", "watch starts again", { path, why });
        this.#options.onRestart();
      },
      ...(resource === "jobs" ? this.#jobEvents(scope) : this.#podEvents(scope)),
    };
    await watchCollection({ api, path, labelSelector: clusterSelector(clusterLabel), clock, log, signal, events });
  }

  #jobEvents(scope: Scope): Pick<WatchEvents, "onList" | "onChange"> {
    const { store, clock } = this.#options;
    return {
      onList: (items) => {
        const relist = scope.jobs === "listed";
        const uids = new Set<string>();
        for (const item of items) {
          const job = this.#job(item);
          if (!job) continue;
          uids.add(job.metadata.uid);
          store.takeJob(job, clock.monotonicMs(), false);
        }
        const missing = store.missing(scope.namespace, uids);
        for (const run of missing) this.#vanished(run);
        this.#seen(scope, "jobs", "listed");
        if (relist) this.#options.onRelist();
      },
      onChange: (type, object) => {
        const job = this.#job(object);
        if (!job) return;
        const run = store.takeJob(job, clock.monotonicMs(), type === "ADDED");
        if (!run) return;
        if (type === "DELETED") this.#vanished(run);
        else this.#reconcile(run);
      },
    };
  }

  #podEvents(scope: Scope): Pick<WatchEvents, "onList" | "onChange"> {
    const { store } = this.#options;
    return {
      onList: (items) => {
        const uids = new Set<string>();
        for (const item of items) {
          const pod = this.#pod(item);
          if (!pod) continue;
          uids.add(pod.metadata.uid);
          store.takePod(pod, false);
        }
        store.keepPods(scope.namespace, uids);
        this.#seen(scope, "pods", "listed");
      },
      onChange: (type, object) => {
        const pod = this.#pod(object);
        const run = pod ? store.takePod(pod, type === "DELETED") : null;
        if (run) this.#reconcile(run);
      },
    };
  }

  #seen(scope: Scope, resource: "jobs" | "pods", view: View): void {
    scope[resource] = view;
    if (!this.#isSynced) return;
    this.#synced.resolve();
    this.reconcileAll();
  }

  #reconcile(run: TrackedRun): void {
    if (this.#isSynced && this.#options.mayReport()) this.#options.reconciler.reconcile(run);
  }

  #sayUnseen(scope: Scope, message: string): void {
    const { store, reconciler, mayReport } = this.#options;
    if (mayReport()) for (const run of store.within(scope.namespace)) reconciler.sayUnseen(run, message);
  }

  #seenAgain(scope: Scope): void {
    const { store, reconciler } = this.#options;
    for (const run of store.within(scope.namespace)) reconciler.seenAgain(run);
  }

  #vanished(run: TrackedRun): void {
    if (!this.#options.mayReport()) this.#options.store.forget(run);
    else void this.#questions.run(1, () => this.#options.reconciler.vanished(run));
  }

  #job(item: unknown): KubeJob | null {
    return this.#checked(KubeJob.safeParse(item).data, item);
  }

  #pod(item: unknown): KubePod | null {
    return this.#checked(KubePod.safeParse(item).data, item);
  }

  /** An object of a form that this relay does not know is shown once and left alone. */
  #checked<Value>(value: Value | undefined, item: unknown): Value | null {
    if (value !== undefined) return value;
    const text = JSON.stringify(item)?.slice(0, 200) ?? "";
    if (!this.#odd.has(text) && this.#odd.size < 1_000) {
      this.#odd.add(text);
      this.#options.log("warn", "an object of ours has an unknown form", { object: text });
    }
    return null;
  }
}
