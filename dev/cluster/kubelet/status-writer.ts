import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "../api/json.ts";
import type { KubeClient } from "../client/kube-client.ts";
import { Pod } from "../client/objects.ts";
import { podPath } from "../client/paths.ts";

/** First and longest pause after a status that could not be written, ms. */
const firstRetryMs = 100;
const longestRetryMs = 5_000;

/** Writes one pod's status: one request at a time, always the newest, tried again until the API server took it or the pod is gone. */
export class StatusWriter {
  readonly #client: KubeClient;
  readonly #pod: Pod;
  readonly #onWritten: (pod: Pod) => void;
  #next: JsonObject | undefined;
  #working: Promise<void> | undefined;
  #isStopped = false;

  constructor(client: KubeClient, pod: Pod, onWritten: (pod: Pod) => void) {
    this.#client = client;
    this.#pod = pod;
    this.#onWritten = onWritten;
  }

  /** Hands over a newer status. */
  write(status: JsonObject): void {
    this.#next = status;
    this.#working ??= this.#work();
  }

  /** Resolves when everything handed over is written. */
  async settled(): Promise<void> {
    await this.#working;
  }

  /** Gives up what is not written yet: the kubelet stops. */
  stop(): void {
    this.#isStopped = true;
  }

  async #work(): Promise<void> {
    let waitMs = firstRetryMs;
    // A turn's pause: what a container does at once when it starts becomes one request.
    await Promise.resolve();
    while (this.#next !== undefined && !this.#isStopped) {
      const status = this.#next;
      this.#next = undefined;
      if (await this.#send(status)) {
        waitMs = firstRetryMs;
        continue;
      }
      this.#next ??= status;
      await sleep(waitMs);
      waitMs = Math.min(waitMs * 2, longestRetryMs);
    }
    this.#working = undefined;
  }

  /** One attempt; false where it has to be tried again. */
  async #send(status: JsonObject): Promise<boolean> {
    try {
      const body = { metadata: { uid: this.#pod.metadata.uid }, status };
      const reply = await this.#client.patch(`${podPath(this.#pod)}/status`, "strategic-merge", body);
      if (reply.code === 200) this.#onWritten(Pod.parse(reply.body));
      // Gone, or another pod of that name: nobody waits for this status any more.
      return reply.code === 200 || [404, 409, 422].includes(reply.code);
    } catch {
      // The connection broke; the loop tries again and the informer reports it.
      return false;
    }
  }
}
