import { listAt } from "../api/json.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { Namespace } from "../client/objects.ts";
import { allNamespaces } from "../client/paths.ts";
import { WorkQueue, type WorkResult } from "./work-queue.ts";

/** How often a namespace that is not empty yet is looked at again, ms. */
const againMs = 100;

/** Empties a namespace that is being deleted, then lets it go (pkg/controller/namespace). */
export class NamespaceController {
  readonly #client: KubeClient;
  readonly #queue: WorkQueue;

  constructor(client: KubeClient, onProblem: (problem: string) => void) {
    this.#client = client;
    this.#queue = new WorkQueue({ work: (name) => this.#empty(name), concurrency: 1, onProblem });
  }

  /** Tells it that a namespace changed. */
  namespaceChanged(namespace: Namespace): void {
    if (namespace.metadata.deletionTimestamp !== undefined) this.#queue.add(namespace.metadata.name);
  }

  /** Stops taking work. */
  stop(): void {
    this.#queue.stop();
  }

  async #empty(name: string): Promise<WorkResult> {
    const collections = [
      `/apis/batch/v1/namespaces/${name}/jobs`,
      `/api/v1/namespaces/${name}/pods`,
      `/api/v1/namespaces/${name}/events`,
    ];
    let left = 0;
    for (const path of collections) {
      left += listAt((await this.#client.get(path)).body, "items").length;
      await this.#client.remove(path, { propagationPolicy: "Background" });
    }
    if (left > 0) return { againInMs: againMs };
    const reply = await this.#client.update(`${allNamespaces}/${name}/finalize`, {
      metadata: { name },
      spec: { finalizers: [] },
    });
    if (reply.code !== 200 && reply.code !== 404) throw new Error(`finalize was answered ${reply.code}`);
    return { againInMs: undefined };
  }
}
