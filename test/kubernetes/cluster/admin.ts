import { readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { z } from "zod";
import { type KubeClient, kubeClient } from "../../../dev/cluster/client/kube-client.ts";
import { writePrivately } from "../../../dev/cluster/credentials.ts";
import { mustRun } from "../binaries/run.ts";
import type { ClusterFolder } from "./folder.ts";

/** Who may do everything, from here. */
export type Admin = { url: string; client: KubeClient; kubectl: (...args: string[]) => Promise<string> };

const NodeObject = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
    daemonEndpoints: z.object({ kubeletEndpoint: z.object({ Port: z.number() }).optional() }).optional(),
  }),
});

/** Path of the certificate that the API server made for itself, which is its own authority. */
export function caPath(folder: ClusterFolder): string {
  return path.join(folder.certs, "apiserver", "apiserver.crt");
}

/** A kubeconfig for one token, for its owner alone. JSON is YAML, and every client reads it. */
export function writeTokenKubeconfig(file: string, url: string, ca: string, token: string, namespace: string): void {
  const cluster = { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "watchbell-test", cluster }],
    users: [{ name: "user", user: { token } }],
    contexts: [{ name: "watchbell-test", context: { cluster: "watchbell-test", user: "user", namespace } }],
    "current-context": "watchbell-test",
  };
  writePrivately(file, `${JSON.stringify(config, null, 2)}\n`);
}

/** The admin's ways in: the API as it is, and the real kubectl. */
export function openAdmin(folder: ClusterFolder, url: string, bin: string): Admin {
  const client = kubeClient({ url, ca: readFileSync(caPath(folder), "utf8"), token: folder.adminToken });
  const kubectl = (...args: string[]) =>
    mustRun(path.join(bin, "kubectl"), ["--kubeconfig", folder.kubeconfig, ...args]);
  return { url, client, kubectl };
}

/** Whether a node says that it is ready. */
export async function isNodeReady(client: KubeClient, name: string): Promise<boolean> {
  const node = NodeObject.safeParse((await client.get(`/api/v1/nodes/${name}`)).body);
  return node.data?.status.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
}

/** Whether something listens where a node says its kubelet is: what an earlier kubelet wrote names a closed port. */
export async function isKubeletListening(client: KubeClient, name: string): Promise<boolean> {
  const node = NodeObject.safeParse((await client.get(`/api/v1/nodes/${name}`)).body);
  const port = node.data?.status.daemonEndpoints?.kubeletEndpoint?.Port;
  if (port === undefined) return false;
  return await new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
