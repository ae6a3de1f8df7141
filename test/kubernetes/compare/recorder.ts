import { z } from "zod";
import type { Json } from "../../../dev/cluster/api/json.ts";
import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";
import { linesOf } from "./lines.ts";

const Condition = z.looseObject({ type: z.string(), status: z.string() });
const Seen = z.looseObject({
  type: z.string(),
  object: z.looseObject({
    metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
    status: z.looseObject({ conditions: z.array(Condition).optional(), phase: z.string().optional() }).optional(),
    involvedObject: z.looseObject({ kind: z.string(), name: z.string() }).optional(),
    reason: z.string().optional(),
    message: z.string().optional(),
    source: z.looseObject({ component: z.string().optional() }).optional(),
  }),
});
type Seen = z.infer<typeof Seen>;

/** What can be seen of one job in a cluster, as lines: its last state, what came in which order, and the events about it. */
export type Observed = { job: string[]; pod: string[]; order: string[]; events: string[] };

/** Watches Jobs, Pods and events of a namespace until it is stopped, and keeps every state. */
export class Recorder {
  readonly #seen: { resource: "jobs" | "pods" | "events"; seen: Seen; object: Json }[] = [];
  readonly #end = new AbortController();
  readonly #watches: Promise<void>[];

  constructor(client: KubeClient, namespace: string) {
    this.#watches = [
      this.#watch(client, `/apis/batch/v1/namespaces/${namespace}/jobs`, "jobs"),
      this.#watch(client, `/api/v1/namespaces/${namespace}/pods`, "pods"),
      this.#watch(client, `/api/v1/namespaces/${namespace}/events`, "events"),
    ];
  }

  async #watch(client: KubeClient, path: string, resource: "jobs" | "pods" | "events"): Promise<void> {
    try {
      for await (const event of client.watch(`${path}?watch=true`, this.#end.signal)) {
        const seen = Seen.parse(event);
        const object = event !== null && typeof event === "object" && !Array.isArray(event) ? event.object : null;
        this.#seen.push({ resource, seen, object: object ?? null });
      }
    } catch (error) {
      if (!this.#end.signal.aborted) throw error;
    }
  }

  /** Ends the watches; throws where one broke before. */
  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#watches);
  }

  /** What was seen of one job. */
  of(name: string): Observed {
    const ofJob = this.#seen.filter(({ seen }) => seen.object.metadata.labels?.job_name === name);
    const last = (resource: "jobs" | "pods") =>
      ofJob.filter((one) => one.resource === resource && one.seen.type !== "DELETED").at(-1);
    const about = this.#seen.filter(({ seen }) => isAbout(seen.object.involvedObject?.name ?? "", name));
    return {
      job: linesOf(last("jobs")?.object ?? null, name),
      pod: linesOf(last("pods")?.object ?? null, name),
      order: orderOf(ofJob.map(({ resource, seen }) => ({ resource, seen }))),
      events: about.flatMap(({ seen: { object } }) =>
        linesOf(
          `${object.involvedObject?.kind} ${object.reason} (${object.source?.component}): ${object.message}`,
          name,
        ),
      ),
    };
  }
}

function isAbout(object: string, job: string): boolean {
  return object === job || (object.startsWith(`${job}-`) && /^(\d-)?[a-z0-9]{5}$/.test(object.slice(job.length + 1)));
}

/** Types of events, phases and conditions in the order in which each first showed, per resource: counters come in any steps. */
function orderOf(all: { resource: string; seen: Seen }[]): string[] {
  const lines: string[] = [];
  for (const resource of ["jobs", "pods"]) {
    const steps = all
      .filter((one) => one.resource === resource)
      .flatMap(({ seen: { type, object } }) => {
        const conditions = (object.status?.conditions ?? [])
          .filter(({ status }) => status === "True")
          .map((one) => one.type);
        const phase = object.status?.phase;
        return [...(type === "MODIFIED" ? [] : [type]), ...(phase === undefined ? [] : [phase]), ...conditions];
      });
    lines.push(`${resource}: ${[...new Set(steps)].join(" → ")}`);
  }
  return lines;
}
