import path from "node:path";
import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";
import type { DebianPrograms } from "../binaries/debian.ts";
import { mustRun } from "../binaries/run.ts";
import { isNodeReady } from "../cluster/admin.ts";
import type { Component, ComponentSpec } from "../cluster/component.ts";
import { type ControlPlane, component, schedulerSpec } from "../cluster/control-plane.ts";
import type { ClusterFolder } from "../cluster/folder.ts";
import { makeBoxImage } from "./box-image.ts";
import { cgroupName, makeCgroups } from "./cgroups.ts";
import { forward } from "./forward.ts";
import { enter, firstInside, namespacesSpec, untilGone } from "./namespaces.ts";
import { containerdSocket, containerdSpec, kubeletSpec } from "./node-specs.ts";
import { missingForRealNode } from "./requirements.ts";

/** Starts a component and notes how it is ended. */
export type Begin = (spec: ComponentSpec) => Promise<Component>;

/** The program that waits inside for connections from outside. */
const FORWARD = path.join(import.meta.dirname, "forward.ts");

/** The namespaces of a real node: how to enter them. Throws one sentence where this machine or this user has no such thing. */
export async function openNamespaces(folder: ClusterFolder, begin: Begin, undo: (() => unknown)[]): Promise<string[]> {
  const missing = await missingForRealNode();
  if (missing !== null) throw new Error(missing);
  let inside: number | null = null;
  // Before the component's own stop, so that it is undone after it: `unshare` ends before the process that it started.
  undo.push(() => (inside === null ? undefined : untilGone(inside)));
  const namespaces = await begin(namespacesSpec(folder));
  inside = firstInside(namespaces.pid ?? 0);
  return enter(inside);
}

/** Makes the API server's port inside the namespaces the same port on this machine's loopback. */
export async function openWayIn(plane: ControlPlane, begin: Begin, undo: (() => unknown)[]): Promise<void> {
  const socket = path.join(plane.folder.node, "api.sock");
  const port = plane.ports.apiServer;
  await begin(component(plane, "forward", process.execPath, [FORWARD, socket, String(port)], async () => true, 0));
  const outside = await forward({ host: "127.0.0.1", port }, { path: socket });
  undo.push(() => outside.close());
}

/** Starts scheduler, containerd and kubelet, and waits until the node is ready. */
export async function startRealNode(
  plane: ControlPlane,
  programs: DebianPrograms,
  client: KubeClient,
  name: string,
  tools: { begin: Begin; undo: (() => unknown)[] },
): Promise<{ node: Component; containerd: Component }> {
  const { folder } = plane;
  const cgroup = cgroupName(folder.dir, process.pid);
  const cgroups = makeCgroups(cgroup);
  // Before everything that lives in them, so that it is undone after all of that has ended.
  tools.undo.unshift(() => cgroups.remove());
  const [image, containerd] = await Promise.all([
    makeBoxImage(programs.busybox, folder.node),
    tools.begin(containerdSpec(plane, programs)),
    tools.begin(schedulerSpec(plane)),
  ]);
  const [command = "", ...rest] = [...plane.prefix, programs.ctr];
  await mustRun(command, [...rest, "--address", containerdSocket(plane), "-n", "k8s.io", "images", "import", image]);
  const isReady = () => isNodeReady(client, name);
  return { node: await tools.begin(kubeletSpec(plane, programs, { name, cgroup, isReady })), containerd };
}
