import type { Condition, Job } from "../client/objects.ts";
import { jobPath } from "../client/paths.ts";
import type { ControllerContext } from "./job-controller.ts";
import { WorkQueue, type WorkResult } from "./work-queue.ts";

/** Deletes finished Jobs whose ttlSecondsAfterFinished is over: in the foreground, guarded by uid (pkg/controller/ttlafterfinished). */
export class TtlController {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ work: (key) => this.#look(key), concurrency: 2, onProblem: context.onProblem });
  }

  /** Tells it that a Job changed. */
  jobChanged(job: Job): void {
    if (msToExpiry(job, Date.now()) !== undefined) this.#queue.add(`${job.metadata.namespace}/${job.metadata.name}`);
  }

  /** Stops taking work. */
  stop(): void {
    this.#queue.stop();
  }

  async #look(key: string): Promise<WorkResult> {
    const slash = key.indexOf("/");
    const job = this.#context.jobs.get(key.slice(0, slash), key.slice(slash + 1));
    const leftMs = job === undefined ? undefined : msToExpiry(job, Date.now());
    if (job === undefined || leftMs === undefined) return { againInMs: undefined };
    if (leftMs > 0) return { againInMs: leftMs };
    const options = { propagationPolicy: "Foreground", preconditions: { uid: job.metadata.uid } };
    const reply = await this.#context.client.remove(jobPath(job), options);
    if (![200, 404, 409].includes(reply.code))
      throw new Error(`delete of expired job ${job.metadata.name} was answered ${reply.code}`);
    return { againInMs: undefined };
  }
}

/** How long a Job may still stay, ms; undefined where it stays for good: no TTL, not finished, or on its way out. */
export function msToExpiry(job: Job, nowMs: number): number | undefined {
  const ttl = job.spec.ttlSecondsAfterFinished;
  const end = job.status.conditions.find(isFinal);
  if (ttl === undefined || end === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
  return Date.parse(end.lastTransitionTime ?? "") + ttl * 1000 - nowMs;
}

function isFinal(condition: Condition): boolean {
  return condition.status === "True" && (condition.type === "Complete" || condition.type === "Failed");
}
