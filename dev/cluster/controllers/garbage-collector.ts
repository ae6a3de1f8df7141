import { textAt } from "../api/json.ts";
import type { Job, Pod } from "../client/objects.ts";
import { jobPath, podPath } from "../client/paths.ts";
import { type ControllerContext, controllerOf } from "./job-controller.ts";
import { isPodDeleting } from "./pod-facts.ts";
import { WorkQueue, type WorkResult } from "./work-queue.ts";

const concurrency = 2;

/**
 * The garbage collector, for what exists here: pods that Jobs own. Foreground: pods first, then the Job's finalizer goes.
 * Orphan: pods lose their owner. Background: pods whose Job is gone are deleted.
 */
export class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ work: (key) => this.#collect(key), concurrency, onProblem: context.onProblem });
  }

  /** Tells it that a Job changed or went. */
  jobChanged(current: Job | undefined, last: Job): void {
    const isOfInterest = current === undefined || current.metadata.deletionTimestamp !== undefined;
    if (isOfInterest) this.#queue.add(keyOf(last.metadata.namespace, last.metadata.name));
  }

  /** Tells it that a pod changed or went. */
  podChanged(last: Pod): void {
    const owner = controllerOf(last);
    if (owner === undefined) return;
    const job = this.#context.jobs.get(last.metadata.namespace, owner.name);
    const isOwned = job !== undefined && job.metadata.uid === owner.uid && job.metadata.deletionTimestamp === undefined;
    if (!isOwned) this.#queue.add(keyOf(last.metadata.namespace, owner.name));
  }

  /** Stops taking work. */
  stop(): void {
    this.#queue.stop();
  }

  async #collect(key: string): Promise<WorkResult> {
    const slash = key.indexOf("/");
    const namespace = key.slice(0, slash);
    const name = key.slice(slash + 1);
    const job = this.#context.jobs.get(namespace, name);
    const owned = this.#context.pods.indexed(key);
    const current = owned.filter((pod) => controllerOf(pod)?.uid === job?.metadata.uid);
    const ownerless = owned.filter((pod) => controllerOf(pod)?.uid !== job?.metadata.uid && !isPodDeleting(pod));
    for (const pod of ownerless) await this.#deleteIfOwnerless(pod);
    if (job?.metadata.deletionTimestamp === undefined) return { againInMs: undefined };
    if (job.metadata.finalizers.includes("orphan")) await this.#orphan(job, current);
    else if (job.metadata.finalizers.includes("foregroundDeletion")) await this.#deleteInForeground(job, current);
    return { againInMs: undefined };
  }

  /** Asks the API server itself before it deletes: the cache may be behind (absentOwnerCache). */
  async #deleteIfOwnerless(pod: Pod): Promise<void> {
    const owner = controllerOf(pod);
    if (owner === undefined) return;
    const { client } = this.#context;
    const reply = await client.get(`/apis/batch/v1/namespaces/${pod.metadata.namespace}/jobs/${owner.name}`);
    const isThere = reply.code === 200 && textAt(reply.body, "metadata", "uid") === owner.uid;
    if (isThere || (reply.code !== 200 && reply.code !== 404)) return;
    await this.#deletePod(pod);
  }

  async #deleteInForeground(job: Job, pods: Pod[]): Promise<void> {
    for (const pod of pods) if (!isPodDeleting(pod)) await this.#deletePod(pod);
    if (pods.length === 0) await this.#removeFinalizer(job, "foregroundDeletion");
  }

  async #orphan(job: Job, pods: Pod[]): Promise<void> {
    for (const pod of pods) {
      const body = {
        metadata: { uid: pod.metadata.uid, ownerReferences: [{ $patch: "delete", uid: job.metadata.uid }] },
      };
      await this.#context.client.patch(podPath(pod), "strategic-merge", body);
    }
    await this.#removeFinalizer(job, "orphan");
  }

  async #deletePod(pod: Pod): Promise<void> {
    const options = { propagationPolicy: "Background", preconditions: { uid: pod.metadata.uid } };
    const reply = await this.#context.client.remove(podPath(pod), options);
    if (![200, 404, 409].includes(reply.code))
      throw new Error(`delete of pod ${pod.metadata.name} was answered ${reply.code}`);
  }

  async #removeFinalizer(job: Job, finalizer: string): Promise<void> {
    const body = { metadata: { uid: job.metadata.uid, "$deleteFromPrimitiveList/finalizers": [finalizer] } };
    const reply = await this.#context.client.patch(jobPath(job), "strategic-merge", body);
    if (![200, 404, 422].includes(reply.code))
      throw new Error(`finalizer of job ${job.metadata.name} was answered ${reply.code}`);
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
