import { wholeSeconds } from "../api/deleting.ts";
import { gitVersion } from "../api/discovery.ts";
import type { KubeClient } from "../client/kube-client.ts";

/** Registers this node, or brings its address up to date; throws where the API server refuses. */
export async function registerNode(client: KubeClient, name: string, logPort: number, nowMs: number): Promise<void> {
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": process.platform,
    "kubernetes.io/arch": process.arch,
  };
  const created = await client.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  if (created.code !== 201 && created.code !== 409)
    throw new Error(`the node was answered ${created.code}: ${JSON.stringify(created.body)}`);
  const now = wholeSeconds(nowMs);
  const room = { cpu: "64", memory: "64Gi", pods: "10000" };
  const status = {
    capacity: room,
    allocatable: room,
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "containers run as local processes",
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    addresses: [
      { type: "InternalIP", address: "127.0.0.1" },
      { type: "Hostname", address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: logPort } },
    nodeInfo: {
      kubeletVersion: gitVersion,
      operatingSystem: process.platform,
      architecture: process.arch,
      containerRuntimeVersion: "watchbell://1",
    },
  };
  const patched = await client.patch(`/api/v1/nodes/${name}/status`, "strategic-merge", { status });
  if (patched.code !== 200)
    throw new Error(`the node's status was answered ${patched.code}: ${JSON.stringify(patched.body)}`);
}
