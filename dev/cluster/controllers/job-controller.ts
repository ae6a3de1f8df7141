import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, objectAt } from "../api/json.ts";
import type { Informer } from "../client/informer.ts";
import type { KubeClient, Reply } from "../client/kube-client.ts";
import { Job, type JobStatus, Pod } from "../client/objects.ts";
import { jobPath, podPath, podsPath } from "../client/paths.ts";
import { type JobPlan, planJob } from "./job-plan.ts";
import { isPodTracked, trackingFinalizer } from "./pod-facts.ts";
import { podOf } from "./pod-template.ts";
import { WorkQueue, type WorkResult } from "./work-queue.ts";

/** What the controllers work with: one API client and the two caches they share. */
export type ControllerContext = {
  client: KubeClient;
  jobs: Informer<Job>;
  pods: Informer<Pod>;
  onProblem: (problem: string) => void;
};

/** Jobs worked on at the same time: low, so that callers' requests get their turn in between. */
const concurrency = 4;
/** A change that ends nothing (a pod became ready) waits for others this long, ms; the real controller waits a second. */
const batchMs = 150;

/** The Job controller: makes pods, counts them, and writes the Job's status. Speaks the Kubernetes API only. */
export class JobController {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #strays: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ work: (key) => this.#sync(key), concurrency, onProblem: context.onProblem });
    const work = (key: string) => this.#releaseStray(key);
    this.#strays = new WorkQueue({ work, concurrency: 1, onProblem: context.onProblem });
  }

  /** Tells it that a Job changed. */
  jobChanged(job: Job): void {
    this.#queue.add(keyOf(job.metadata.namespace, job.metadata.name));
  }

  /** Tells it that a pod changed. */
  podChanged(current: Pod | undefined, last: Pod): void {
    const owner = controllerOf(current ?? last);
    if (owner === undefined) {
      if (isPodTracked(current ?? last)) this.#strays.add(keyOf(last.metadata.namespace, last.metadata.name));
      return;
    }
    const isMinor =
      current !== undefined && current.status.phase === "Running" && current.metadata.deletionTimestamp === undefined;
    this.#queue.add(keyOf(last.metadata.namespace, owner.name), isMinor && !hasRestarted(current, last) ? batchMs : 0);
  }

  /** Stops taking work. */
  stop(): void {
    this.#queue.stop();
    this.#strays.stop();
  }

  async #sync(key: string): Promise<WorkResult> {
    const slash = key.indexOf("/");
    const job = this.#context.jobs.get(key.slice(0, slash), key.slice(slash + 1));
    await this.#releaseOrphans(key, job);
    if (job === undefined || !isOurs(job)) return { againInMs: undefined };
    const pods = this.#podsOf(job);
    const plan = planJob(job, pods, Date.now());
    await this.#carryOut(job, plan);
    return { againInMs: plan.againInMs };
  }

  #podsOf(job: Job): Pod[] {
    const ofName = this.#context.pods.indexed(keyOf(job.metadata.namespace, job.metadata.name));
    return ofName.filter((pod) => controllerOf(pod)?.uid === job.metadata.uid);
  }

  async #carryOut(job: Job, plan: JobPlan): Promise<void> {
    const { client, pods } = this.#context;
    for (const pod of plan.remove) {
      const options = { propagationPolicy: "Background", preconditions: { uid: pod.metadata.uid } };
      const reply = await client.remove(podPath(pod), options);
      mustBe(reply, [200, 404, 409], `delete of pod ${pod.metadata.name}`);
      if (reply.code === 200) pods.observe(Pod.parse(reply.body));
    }
    for (const index of plan.create) {
      const reply = await client.create(podsPath(job.metadata.namespace), podOf(job, index));
      // A namespace on its way out takes no pods; the Job goes with it.
      mustBe(reply, [201, 403], `create of a pod of ${job.metadata.name}`);
      if (reply.code === 201) pods.observe(Pod.parse(reply.body));
    }
    if (!(await this.#writeStatus(job, plan.status))) return;
    for (const pod of plan.release) await this.#release(pod);
  }

  /** Writes the status where it changed; false where the Job is gone. */
  async #writeStatus(job: Job, status: JobStatus): Promise<boolean> {
    const patch = statusPatch(job, status);
    if (patch === undefined) return true;
    const body = { metadata: { uid: job.metadata.uid }, status: patch };
    const reply = await this.#context.client.patch(`${jobPath(job)}/status`, "merge", body);
    // 422: the name belongs to another Job by now (the uid differs).
    mustBe(reply, [200, 404, 422], `status of job ${job.metadata.name}`);
    if (reply.code !== 200) return false;
    this.#context.jobs.observe(Job.parse(reply.body));
    return true;
  }

  async #release(pod: Pod): Promise<void> {
    const body = { metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } };
    const reply = await this.#context.client.patch(podPath(pod), "strategic-merge", body);
    mustBe(reply, [200, 404, 422], `finalizer of pod ${pod.metadata.name}`);
    if (reply.code === 200) this.#context.pods.observe(Pod.parse(reply.body));
  }

  /** A pod that lost its owner (its Job was deleted with Orphan) is held by nobody either. */
  async #releaseStray(key: string): Promise<WorkResult> {
    const slash = key.indexOf("/");
    const pod = this.#context.pods.get(key.slice(0, slash), key.slice(slash + 1));
    if (pod !== undefined && controllerOf(pod) === undefined && isPodTracked(pod)) await this.#release(pod);
    return { againInMs: undefined };
  }

  /** A pod whose Job is gone will never be counted: nothing may hold it. */
  async #releaseOrphans(key: string, job: Job | undefined): Promise<void> {
    for (const pod of this.#context.pods.indexed(key)) {
      if (controllerOf(pod)?.uid !== job?.metadata.uid && isPodTracked(pod)) await this.#release(pod);
    }
  }
}

/** Groups pods by the Job that owns them: `namespace/name`; undefined where none does. */
export function jobKeyOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  return owner === undefined ? undefined : keyOf(pod.metadata.namespace, owner.name);
}

/** The Job that owns a pod; undefined where none does. */
export function controllerOf(pod: Pod): { name: string; uid: string } | undefined {
  return pod.metadata.ownerReferences.find((owner) => owner.kind === "Job" && owner.controller === true);
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function hasRestarted(current: Pod, last: Pod): boolean {
  const count = (pod: Pod) => pod.status.containerStatuses.reduce((total, status) => total + status.restartCount, 0);
  return count(current) !== count(last);
}

function isOurs(job: Job): boolean {
  return job.spec.managedBy === undefined || job.spec.managedBy === "kubernetes.io/job-controller";
}

/** The merge patch from the stored to the wanted status; undefined where they are equal. Zero counters are absent, as in Go's JSON. */
function statusPatch(job: Job, status: JobStatus): JsonObject | undefined {
  const wanted: JsonObject = objectAt(JSON.parse(JSON.stringify({ status })), "status");
  for (const name of ["active", "succeeded", "failed"]) if (wanted[name] === 0) delete wanted[name];
  wanted.uncountedTerminatedPods = withoutEmptyLists(objectAt(wanted, "uncountedTerminatedPods"));
  const stored: JsonObject = objectAt(JSON.parse(JSON.stringify({ status: job.status })), "status");
  stored.uncountedTerminatedPods = withoutEmptyLists(objectAt(stored, "uncountedTerminatedPods"));
  const patch: JsonObject = {};
  for (const name of new Set([...Object.keys(stored), ...Object.keys(wanted)])) {
    const value = wanted[name];
    if (isDeepStrictEqual(stored[name], value)) continue;
    patch[name] = name === "uncountedTerminatedPods" ? replacedLists(objectAt(wanted, name)) : (value ?? null);
  }
  if (Object.keys(patch).length === 0) return undefined;
  // The real controller writes it with its first status, empty or not.
  if (job.status.startTime === undefined) patch.uncountedTerminatedPods ??= {};
  return patch;
}

function withoutEmptyLists(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => Array.isArray(value) && value.length > 0));
}

/** A merge patch keeps keys it does not name, so an emptied list is named as null. */
function replacedLists(object: JsonObject): Json {
  return { succeeded: object.succeeded ?? null, failed: object.failed ?? null };
}

function mustBe(reply: Reply, codes: number[], what: string): void {
  if (!codes.includes(reply.code))
    throw new Error(`${what} was answered ${reply.code}: ${JSON.stringify(reply.body).slice(0, 300)}`);
}
