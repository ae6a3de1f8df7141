import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { kubeClient } from "../../../dev/cluster/client/kube-client.ts";
import { lockFolder } from "../../../dev/start/lock.ts";
import { freePort } from "../../../dev/start/ports.ts";
import { nobody, type Reaper, startReaper } from "../../../dev/support/reaper-client.ts";
import type { Progress } from "../binaries/cache.ts";
import { debianPrograms } from "../binaries/debian.ts";
import { kubernetesPrograms } from "../binaries/kubernetes.ts";
import { NODE_ADDRESS } from "../real/namespaces.ts";
import { openNamespaces, openWayIn, startRealNode } from "../real/real-node.ts";
import { type Admin, caPath, isKubeletListening, openAdmin, writeTokenKubeconfig } from "./admin.ts";
import { Component, type ComponentSpec } from "./component.ts";
import { apiServerSpec, type ControlPlane, controllerManagerSpec, etcdSpec } from "./control-plane.ts";
import { type ClusterFolder, openClusterFolder } from "./folder.ts";

/** `stand-in`: containers are local processes. `real`: kubelet and containerd in namespaces of their own. */
export type Level = "stand-in" | "real";

/** What can be killed, stopped and started again. `node` is the kubelet or its stand-in, which has no containerd. */
export type Parts = {
  apiServer: Component;
  controllerManager: Component;
  node: Component;
  containerd: Component | null;
};

/** A real Kubernetes at work. */
export type KubernetesCluster = {
  level: Level;
  url: string;
  folder: ClusterFolder;
  admin: Admin;
  parts: Parts;
  stop: () => Promise<void>;
};

export const NODE_NAME = "watchbell-node";

const STAND_IN = path.join(import.meta.dirname, "stand-in-node.ts");

/** The longest path of a Unix socket is 107 bytes (unix(7)); containerd's own adds this much to the folder's. */
const LONGEST_FOLDER_BYTES = 107 - "/node/containerd.sock.ttrpc".length;

/**
 * Starts a cluster in a folder of its own; throws one sentence where it can't, and where `signal` is aborted meanwhile. `progress`
 * also hears of what goes wrong later.
 */
export async function startKubernetes(
  level: Level,
  dir: string,
  progress: Progress,
  signal: AbortSignal = new AbortController().signal,
): Promise<KubernetesCluster> {
  if (Buffer.byteLength(path.resolve(dir)) > LONGEST_FOLDER_BYTES) {
    throw new Error(
      `the path ${path.resolve(dir)} is longer than ${LONGEST_FOLDER_BYTES} bytes: no socket fits below it`,
    );
  }
  const folder = openClusterFolder(path.resolve(dir));
  const lock = lockFolder(folder.dir);
  if (!lock.ok) throw new Error(`the folder ${folder.dir} is in use by process ${lock.holder ?? "of another start"}`);
  const undo: (() => unknown)[] = [() => lock.release()];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await assemble(level, folder, { progress, undo, signal })), level, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  level: Level,
  folder: ClusterFolder,
  { progress, undo, signal }: { progress: Progress; undo: (() => unknown)[]; signal: AbortSignal },
): Promise<Pick<KubernetesCluster, "url" | "admin" | "parts">> {
  const reaper = startReaper(progress);
  undo.push(() => reaper.close());
  const bin = await kubernetesPrograms(progress, {
    signal,
    spawned: (group) => reaper.watch("build", { ...nobody, groups: [group] }),
  });
  reaper.forget("build");
  const programs = await debianPrograms(progress);
  const begin = starter(reaper, undo, signal);
  const isReal = level === "real";
  const prefix = isReal ? await openNamespaces(folder, begin, undo) : [];
  const ports = { etcd: await somePort(), etcdPeer: await somePort(), apiServer: await lastPort(folder) };
  const url = `https://127.0.0.1:${ports.apiServer}`;
  const advertiseAddress = isReal ? NODE_ADDRESS : "127.0.0.1";
  const plane: ControlPlane = { folder, ports, bin, etcd: programs.etcd, prefix, url, advertiseAddress };
  progress("starting etcd and the API server …");
  if (isReal) await openWayIn(plane, begin, undo);
  await begin(etcdSpec(plane));
  const apiServer = await begin(apiServerSpec(plane));
  writeTokenKubeconfig(folder.kubeconfig, url, readFileSync(caPath(folder), "utf8"), folder.adminToken, "default");
  const admin = openAdmin(folder, url, bin);
  undo.push(() => admin.client.close());
  progress("starting the controllers and the node …");
  const controllerManager = await begin(controllerManagerSpec(plane, isReal));
  const node = isReal
    ? await startRealNode(plane, programs, admin.client, NODE_NAME, { begin, undo })
    : { node: await begin(standInSpec(plane)), containerd: null };
  return { url, admin, parts: { apiServer, controllerManager, ...node } };
}

/** Starts a component and notes how it is ended, in reverse order. */
function starter(
  reaper: Reaper,
  undo: (() => unknown)[],
  signal: AbortSignal,
): (spec: ComponentSpec) => Promise<Component> {
  return async (spec) => {
    signal.throwIfAborted();
    const component = new Component(spec, reaper);
    undo.push(() => component.stop());
    await component.start(signal);
    return component;
  };
}

function standInSpec(plane: ControlPlane): ComponentSpec {
  const { folder, url } = plane;
  const ca = readFileSync(caPath(folder), "utf8");
  const isReady = async () => {
    const client = kubeClient({ url, ca, token: folder.adminToken });
    try {
      return await isKubeletListening(client, NODE_NAME);
    } finally {
      await client.close();
    }
  };
  return {
    name: "node",
    command: process.execPath,
    args: [STAND_IN, folder.node, url, caPath(folder), NODE_NAME],
    env: { PATH: process.env.PATH, NODE_TOKEN: folder.adminToken },
    logPath: path.join(folder.logs, "node.log"),
    isReady,
    readyWithinMs: 20_000,
    stopGraceMs: 5_000,
    endsWithInput: true,
  };
}

async function somePort(): Promise<number> {
  const port = await freePort(0);
  if (port === null) throw new Error("no port on 127.0.0.1 is free");
  return port;
}

/** The port of the last start where it is free, so that a kubeconfig in use stays good. */
async function lastPort(folder: ClusterFolder): Promise<number> {
  const last = existsSync(folder.kubeconfig)
    ? Number(/127\.0\.0\.1:(\d+)/.exec(readFileSync(folder.kubeconfig, "utf8"))?.[1] ?? 0)
    : 0;
  return (last === 0 ? null : await freePort(last)) ?? (await somePort());
}
