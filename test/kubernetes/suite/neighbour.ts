import { setTimeout as delay } from "node:timers/promises";
import type { Target } from "./target.ts";

const NAME = "neighbour";
/** Well within the controllers' grace (`--node-monitor-grace-period`), ms. */
const BEAT_MS = 2_000;

/**
 * A second node that is ready and takes no pod, for as long as `meanwhile` goes on. Where every node of a cluster is silent
 * Kubernetes blames its own network and evicts nobody; it gives a dead node's pods up only beside one that lives.
 */
export async function withNeighbour({ client }: Target, meanwhile: () => Promise<void>): Promise<void> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: NAME }, spec: { unschedulable: true } };
  const made = await client.create("/api/v1/nodes", node);
  if (made.code !== 201) throw new Error(`the second node was answered ${made.code}: ${JSON.stringify(made.body)}`);
  const since = new Date().toISOString();
  const beat = async () => {
    const times = { lastHeartbeatTime: new Date().toISOString(), lastTransitionTime: since };
    const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady", message: "it beats", ...times }];
    const answer = await client.patch(`/api/v1/nodes/${NAME}/status`, "merge", { status: { conditions } });
    if (answer.code !== 200) throw new Error(`the second node's status was answered ${answer.code}`);
  };
  await beat();
  const ended = new AbortController();
  const beating = (async () => {
    while (!ended.signal.aborted) {
      await delay(BEAT_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      if (!ended.signal.aborted) await beat();
    }
  })();
  try {
    await Promise.race([meanwhile(), beating]);
  } finally {
    ended.abort();
    await Promise.allSettled([beating]);
    await client.remove(`/api/v1/nodes/${NAME}`, {});
  }
}
