import type { Readable } from "node:stream";
import type { z } from "zod";
import { LABELS } from "../../protocol/words.ts";
import type { KubernetesApi, StreamAnswer } from "./api.ts";
import { type ApiFailure, failureFromError } from "./failures.ts";
import { KubeEvent, KubeJob, KubeList, KubePod } from "./objects.ts";

/** The log of a container that has ended comes without a pause; a follow may be quiet for hours. */
const LOG_SILENCE_MS = 30_000;

/** A value, or why there is none. */
export type Got<Value> = { ok: true; value: Value } | { ok: false; failure: ApiFailure };

/** Where one Job is. */
export type JobPlace = { namespace: string; name: string };

/** Which container's log, and how it is to be read; `sinceTime` RFC 3339, whole seconds. */
export type LogRequest = {
  namespace: string;
  podName: string;
  container: string;
  previous: boolean;
  follow: boolean;
  sinceTime?: string;
  limitBytes?: number;
};

/** The calls that the relay makes, each with the object it answers with. */
export class KubernetesCalls {
  readonly api: KubernetesApi;

  constructor(api: KubernetesApi) {
    this.api = api;
  }

  /** POSTs the manifest as it is: typed models drop fields they do not know. The server gives up after `timeoutMs`, and so do we. */
  async createJob(namespace: string, manifest: unknown, timeoutMs: number): Promise<Got<KubeJob>> {
    const answer = await this.api.request({
      method: "POST",
      path: jobsPath(namespace),
      query: { timeout: `${Math.ceil(timeoutMs / 1000)}s` },
      body: manifest,
      timeoutMs,
    });
    return answer.ok ? parsed(KubeJob, answer.body) : answer;
  }

  /** Reads one Job by name. */
  async getJob({ namespace, name }: JobPlace): Promise<Got<KubeJob>> {
    const answer = await this.api.request({
      method: "GET",
      path: `${jobsPath(namespace)}/${encodeURIComponent(name)}`,
    });
    return answer.ok ? parsed(KubeJob, answer.body) : answer;
  }

  /** Reads one Job whole: a parsed one leaves out what its containers get. */
  async getWholeJob({ namespace, name }: JobPlace): Promise<Got<unknown>> {
    const path = `${jobsPath(namespace)}/${encodeURIComponent(name)}`;
    const answer = await this.api.request({ method: "GET", path });
    return answer.ok ? { ok: true, value: answer.body } : answer;
  }

  /** Deletes in the foreground, so that the name stays taken until no container of it is left. */
  async deleteJob({ namespace, name }: JobPlace, uid: string): Promise<Got<null>> {
    const answer = await this.api.request({
      method: "DELETE",
      path: `${jobsPath(namespace)}/${encodeURIComponent(name)}`,
      body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Foreground", preconditions: { uid } },
    });
    return answer.ok ? { ok: true, value: null } : answer;
  }

  /** Merge-patches a Job; the uid in it makes the server refuse another object of that name. */
  async patchJob({ namespace, name }: JobPlace, uid: string, patch: { annotations: object; spec: object }) {
    return await this.api.request({
      method: "PATCH",
      path: `${jobsPath(namespace)}/${encodeURIComponent(name)}`,
      contentType: "application/merge-patch+json",
      body: { metadata: { uid, annotations: patch.annotations }, spec: patch.spec },
    });
  }

  /** The pods that match a label selector in one namespace. */
  async listPods(namespace: string, labelSelector: string): Promise<Got<KubePod[]>> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const answer = await this.api.request({ method: "GET", path, query: { labelSelector } });
    if (!answer.ok) return answer;
    const list = parsed(KubeList, answer.body);
    if (!list.ok) return list;
    return collect(list.value.items ?? [], KubePod);
  }

  /** Events about one Job, as the server orders them. */
  async listJobEvents(namespace: string, uid: string): Promise<Got<z.infer<typeof KubeEvent>[]>> {
    const answer = await this.api.request({
      method: "GET",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
      query: { fieldSelector: `involvedObject.uid=${uid}` },
    });
    if (!answer.ok) return answer;
    const list = parsed(KubeList, answer.body);
    if (!list.ok) return list;
    return collect(list.value.items ?? [], KubeEvent);
  }

  /** Opens a container's log with timestamps, which alone tell output from kubelet's own error texts. */
  openLog(log: LogRequest, signal: AbortSignal): Promise<StreamAnswer> {
    const path = `/api/v1/namespaces/${encodeURIComponent(log.namespace)}/pods/${encodeURIComponent(log.podName)}/log`;
    const query: Record<string, string> = { container: log.container, timestamps: "true" };
    if (log.previous) query.previous = "true";
    if (log.follow) query.follow = "true";
    if (log.sinceTime !== undefined) query.sinceTime = log.sinceTime;
    if (log.limitBytes !== undefined) query.limitBytes = String(log.limitBytes);
    return this.api.stream({ path, query, signal, ...(log.follow ? {} : { silenceMs: LOG_SILENCE_MS }) });
  }
}

/** Selects every object of one cluster id's. */
export function clusterSelector(clusterLabel: string): string {
  return `${LABELS.cluster}=${clusterLabel}`;
}

/** The collection's path: of one namespace, or of all where it is null. */
export function collectionPath(resource: "jobs" | "pods", namespace: string | null): string {
  const root = resource === "jobs" ? "/apis/batch/v1" : "/api/v1";
  return namespace === null ? `${root}/${resource}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}

/** Ends a body that is not read to its end. */
export function abandon(body: Readable): void {
  body.on("error", () => {
    // The abort itself: nobody waits for this body any more.
  });
  body.destroy();
}

function jobsPath(namespace: string): string {
  return collectionPath("jobs", namespace);
}

function parsed<Value>(schema: z.ZodType<Value>, body: unknown): Got<Value> {
  const result = schema.safeParse(body);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, failure: failureFromError(new Error("the API server's answer has an unknown form")) };
}

function collect<Value>(items: readonly unknown[], schema: z.ZodType<Value>): Got<Value[]> {
  const values: Value[] = [];
  for (const item of items) {
    const one = parsed(schema, item);
    if (!one.ok) return one;
    values.push(one.value);
  }
  return { ok: true, value: values };
}
