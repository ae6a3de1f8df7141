import { ANNOTATIONS, JOB_FROM, JobId, LABELS, type RunKey } from "../../protocol/words.ts";
import { runKeyText } from "../facts.ts";
import type { KubeJob, KubePod } from "./objects.ts";
import { jobUidOf, type PodRecord, recordPod } from "./pods.ts";
import type { Waiting } from "./waiting.ts";

/** What this process knows of one Job of ours, and what it has said about it. Times are monotonic ms. */
export type TrackedRun = {
  key: RunKey;
  uid: string;
  namespace: string;
  name: string;
  job: KubeJob;
  /** Since when no pod of it lives, as far as the clock has looked; null: one does. */
  noPodSinceMs: number | null;
  /** What its events say of that. */
  noPodWhy: Waiting | null;
  /** False until its first reconcile where it was found in a list: what it shows then happened earlier, who knows when. */
  live: boolean;
  /** The API server no longer has it. */
  vanished: boolean;
  /** Its Job is gone, but a pod of it may still run: when to look again, monotonic ms; null: the Job is there. */
  lookAgainMs: number | null;
  /** Its end is settled with the control plane, or nobody knows it there: nothing more is said. */
  settled: boolean;
  /** `unseen`: that the relay may not look at it. `cause`: the last that it waited for, but for its own ending. */
  said: {
    created: boolean;
    started: boolean;
    ended: boolean;
    waiting: string;
    waitingMs: number;
    cause: string;
    unseen: boolean;
  };
  /** Why it does not get on, as of the last look, and since when it is so. */
  waits: { words: string; sinceMs: number };
  lastHappenedMs: number;
  /** Whether its pods were asked for by a call, since their watch lagged behind the Job's. */
  podsAsked: "no" | "asking" | "answered";
  eventsAskedMs: number;
};

const NOTHING_SAID: TrackedRun["said"] = {
  ...{ created: false, started: false, ended: false, unseen: false },
  ...{ waiting: "", waitingMs: Number.NEGATIVE_INFINITY, cause: "" },
};

/** Runs that a command is working on in this process, by {@link runKeyText}. */
export type UnderWay = {
  /** Their create's own answer says `created`, not the watch. */
  creating: Set<string>;
  /** Their Job's going is no loss. */
  removing: Set<string>;
};

/** The Jobs and pods of this cluster's label, as last seen. No I/O. */
export class RunStore {
  readonly #runs = new Map<string, TrackedRun>();
  readonly #pods = new Map<string, Map<string, PodRecord>>();
  readonly #uidsOfRun = new Map<string, Set<string>>();

  /** Every Job of ours. */
  runs(): IterableIterator<TrackedRun> {
    return this.#runs.values();
  }

  /** By the Job's uid. */
  get(uid: string): TrackedRun | undefined {
    return this.#runs.get(uid);
  }

  /** The run's Jobs: mostly one. */
  ofRun(key: RunKey): TrackedRun[] {
    return [...(this.#uidsOfRun.get(runKeyText(key)) ?? [])].flatMap((uid) => this.#runs.get(uid) ?? []);
  }

  /** The pods of one Job, gone ones included, in the order in which they were first seen. */
  podsOf(uid: string): PodRecord[] {
    return [...(this.#pods.get(uid)?.values() ?? [])];
  }

  /** Takes a Job in that a list or a watch told; null where its labels and annotations name no run. */
  takeJob(job: KubeJob, nowMs: number, live: boolean): TrackedRun | null {
    const known = this.#runs.get(job.metadata.uid);
    if (known) {
      known.job = job;
      return known;
    }
    const key = runKeyOf(job);
    if (key === null) return null;
    const run: TrackedRun = {
      key,
      uid: job.metadata.uid,
      namespace: job.metadata.namespace,
      name: job.metadata.name,
      job,
      noPodSinceMs: nowMs,
      noPodWhy: null,
      live,
      vanished: false,
      lookAgainMs: null,
      settled: false,
      said: { ...NOTHING_SAID },
      waits: { words: "", sinceMs: nowMs },
      lastHappenedMs: Number.NEGATIVE_INFINITY,
      podsAsked: "no",
      eventsAskedMs: Number.NEGATIVE_INFINITY,
    };
    this.#runs.set(run.uid, run);
    const text = runKeyText(key);
    this.#uidsOfRun.set(text, (this.#uidsOfRun.get(text) ?? new Set()).add(run.uid));
    return run;
  }

  /**
   * Takes in a Job that a call was answered with, unless the watch has told something newer meanwhile: the two come on different
   * connections, and what is overwritten is never told again.
   */
  takeAnswer(job: KubeJob, nowMs: number, live: boolean): TrackedRun | null {
    const known = this.#runs.get(job.metadata.uid);
    const isStale = known !== undefined && isOlder(job.metadata.resourceVersion, known.job.metadata.resourceVersion);
    return isStale ? known : this.takeJob(job, nowMs, live);
  }

  /** Takes a pod in; answers the run it belongs to, null: none that is known (yet). */
  takePod(pod: KubePod, gone: boolean): TrackedRun | null {
    const jobUid = jobUidOf(pod);
    if (jobUid === null) return null;
    const run = this.#runs.get(jobUid) ?? null;
    if (run?.settled || (run === null && gone)) return null;
    const pods = this.#pods.get(jobUid) ?? new Map<string, PodRecord>();
    pods.set(pod.metadata.uid, recordPod(pod, jobUid, pods.get(pod.metadata.uid), gone));
    this.#pods.set(jobUid, pods);
    return run;
  }

  /** Marks every pod of a namespace (null: of all) that a list did not name as gone; answers the runs concerned. */
  keepPods(namespace: string | null, listed: ReadonlySet<string>): TrackedRun[] {
    const concerned: TrackedRun[] = [];
    for (const [jobUid, pods] of this.#pods) {
      const run = this.#runs.get(jobUid);
      if (run && namespace !== null && run.namespace !== namespace) continue;
      for (const [podUid, pod] of pods) {
        if (pod.gone || listed.has(podUid)) continue;
        pods.set(podUid, { ...pod, gone: true });
        if (run) concerned.push(run);
      }
      if (!run && ![...pods.values()].some((pod) => !pod.gone)) this.#pods.delete(jobUid);
    }
    return concerned;
  }

  /** The runs of a namespace; null: of all. */
  within(namespace: string | null): TrackedRun[] {
    return [...this.#runs.values()].filter((run) => namespace === null || run.namespace === namespace);
  }

  /** The runs of a namespace (null: of all) whose Jobs a list did not name. */
  missing(namespace: string | null, listed: ReadonlySet<string>): TrackedRun[] {
    return this.within(namespace).filter((run) => !listed.has(run.uid));
  }

  /** Nothing more will be said about the run; the Job itself stays in view while it exists. */
  settle(run: TrackedRun): void {
    run.settled = true;
    this.#pods.delete(run.uid);
    if (run.vanished) this.forget(run);
  }

  /** The Job is gone from the API server and nothing is left to say of it. */
  forget(run: TrackedRun): void {
    this.#runs.delete(run.uid);
    this.#pods.delete(run.uid);
    const text = runKeyText(run.key);
    const uids = this.#uidsOfRun.get(text);
    uids?.delete(run.uid);
    if (uids?.size === 0) this.#uidsOfRun.delete(text);
  }
}

/**
 * Whether one version of an object comes before another. Kubernetes promises that versions are numbers only since 1.35 (KEP-5504);
 * every release before it numbers them too, and of others nothing is known: then the answer counts.
 */
function isOlder(version: string, than: string): boolean {
  const areNumbers = /^\d+$/.test(version) && /^\d+$/.test(than);
  return areNumbers && BigInt(version) < BigInt(than);
}

/**
 * Which run a Job is, by its labels and annotations; null: none. A copy that somebody made by hand, labels and all, has another
 * name, and is not the run's.
 */
export function runKeyOf(job: KubeJob): RunKey | null {
  const labels = job.metadata.labels ?? {};
  const jobId = JobId.safeParse(labels[LABELS.jobId]);
  const run = Number(job.metadata.annotations?.[ANNOTATIONS.run]);
  if (!jobId.success || !Number.isSafeInteger(run) || run < 1) return null;
  if (labels[LABELS.from] !== JOB_FROM || !isNameOfRun(job.metadata.name, labels[LABELS.jobName], run)) return null;
  return { jobId: jobId.data, run };
}

/** Whether a Job of that name may be that run of the job so named (contract, part 3): the name itself, `-r<run>`, or a slot's. */
export function isNameOfRun(name: string, jobName: string | undefined, run: number): boolean {
  if (jobName === undefined || !name.startsWith(jobName)) return false;
  const rest = name.slice(jobName.length);
  return rest === "" || rest === `-r${run}` || /^-\d+$/.test(rest);
}
