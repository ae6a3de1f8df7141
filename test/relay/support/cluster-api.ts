import { systemClock } from "../../../relay/clock.ts";
import { KubernetesApi } from "../../../relay/kubernetes/api.ts";
import { KubernetesCalls } from "../../../relay/kubernetes/calls.ts";
import { loadClusterAccess } from "../../../relay/kubernetes/config.ts";
import { waitUntil } from "./wait-until.ts";

/** Direct access to the cluster, as an admin beside the relay has it. */
export class ClusterApi {
  readonly api: KubernetesApi;
  readonly calls: KubernetesCalls;

  constructor(kubeconfig: string) {
    const access = loadClusterAccess(kubeconfig);
    if (!access.ok) throw new Error(access.sentence);
    this.api = new KubernetesApi(access.value, systemClock, () => {});
    this.calls = new KubernetesCalls(this.api);
  }

  /** The Job's raw object; null: there is none. */
  async job(name: string): Promise<{ metadata: Record<string, unknown>; spec: Record<string, unknown> } | null> {
    const answer = await this.api.request({ method: "GET", path: `/apis/batch/v1/namespaces/default/jobs/${name}` });
    if (answer.ok) return answer.body as { metadata: Record<string, unknown>; spec: Record<string, unknown> };
    if (answer.failure.status === 404) return null;
    throw new Error(JSON.stringify(answer.failure));
  }

  /** Creates a Job as it is, and answers its uid. */
  async create(manifest: unknown): Promise<string> {
    const created = await this.calls.createJob("default", manifest, 5_000);
    if (!created.ok) throw new Error(JSON.stringify(created.failure));
    return created.value.metadata.uid;
  }

  async delete(name: string, uid: string): Promise<void> {
    const answer = await this.calls.deleteJob({ namespace: "default", name }, uid);
    if (!answer.ok) throw new Error(JSON.stringify(answer.failure));
  }

  /** Waits until the Job says that its end was reported; answers it. */
  reported(name: string): Promise<{ metadata: Record<string, unknown>; spec: Record<string, unknown> }> {
    return waitUntil(
      async () => {
        const job = await this.job(name);
        const annotations = job?.metadata.annotations as Record<string, string> | undefined;
        return annotations?.["watchbell.dev/reported-at"] ? job : null;
      },
      () => `${name} is not reported`,
    );
  }

  /** Waits until there is no Job of that name. */
  async absent(name: string): Promise<void> {
    await waitUntil(
      async () => ((await this.job(name)) === null ? true : null),
      () => `${name} is still there`,
    );
  }

  close(): Promise<void> {
    return this.api.close();
  }
}
