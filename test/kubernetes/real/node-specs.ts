import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { writePrivately } from "../../../dev/cluster/credentials.ts";
import type { DebianPrograms } from "../binaries/debian.ts";
import { run } from "../binaries/run.ts";
import type { ComponentSpec } from "../cluster/component.ts";
import { type ControlPlane, component } from "../cluster/control-plane.ts";
import { BOX_IMAGE } from "./box-image.ts";
import { NODE_ADDRESS } from "./namespaces.ts";

/** Pods' addresses, inside the node's network namespace alone. */
const POD_RANGE = "10.88.0.0/16";

/** Where containerd listens; a path, so it holds across network namespaces. */
export function containerdSocket(plane: ControlPlane): string {
  return path.join(plane.folder.node, "containerd.sock");
}

/** containerd with runc and a bridge, all of its state below the node's folder. */
export function containerdSpec(plane: ControlPlane, programs: DebianPrograms): ComponentSpec {
  const at = (...names: string[]) => path.join(plane.folder.node, ...names);
  mkdirSync(at("cni"), { recursive: true });
  writePrivately(at("cni", "10-bridge.conflist"), JSON.stringify(cniConfig(at("cni-addresses"))));
  writePrivately(at("containerd.toml"), containerdConfig(plane, programs));
  const socket = containerdSocket(plane);
  const isReady = async () =>
    existsSync(socket) && (await run(programs.ctr, ["--address", socket, "version"])).code === 0;
  const spec = component(plane, "containerd", programs.containerd, ["--config", at("containerd.toml")], isReady, 0);
  return { ...spec, env: withPath(programs) };
}

/** The kubelet; `isReady` asks whether its node is. */
export function kubeletSpec(
  plane: ControlPlane,
  programs: DebianPrograms,
  node: { name: string; cgroup: string; isReady: () => Promise<boolean> },
): ComponentSpec {
  const at = (...names: string[]) => path.join(plane.folder.node, ...names);
  writePrivately(at("kubelet.json"), JSON.stringify(kubeletConfig(plane, node.cgroup)));
  const args = [
    `--config=${at("kubelet.json")}`,
    `--kubeconfig=${plane.folder.kubeconfig}`,
    ...[`--root-dir=${at("kubelet")}`, `--cert-dir=${path.join(plane.folder.certs, "kubelet")}`],
    ...[`--hostname-override=${node.name}`, `--node-ip=${NODE_ADDRESS}`],
  ];
  const spec = component(plane, "kubelet", path.join(plane.bin, "kubelet"), args, node.isReady, 0);
  return { ...spec, env: withPath(programs) };
}

function withPath(programs: DebianPrograms): NodeJS.ProcessEnv {
  const folders = [programs.containerd, programs.runc].map((program) => path.dirname(program));
  return { ...process.env, PATH: [...folders, process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin"].join(":") };
}

function kubeletConfig(plane: ControlPlane, cgroup: string): object {
  const at = (...names: string[]) => path.join(plane.folder.node, ...names);
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    // From 1.35 on cgroup v1 has to be asked for.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    address: NODE_ADDRESS,
    readOnlyPort: 0,
    // It listens inside its namespace alone.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: `unix://${containerdSocket(plane)}`,
    // A disk that others fill must not evict a test's pods.
    evictionHard: { "nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "50Mi" },
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    resolvConf: "/dev/null",
    syncFrequency: "5s",
    // Renewed every 2 s, so that the controllers can tell a dead node within seconds.
    nodeLeaseDurationSeconds: 8,
    podLogsDir: at("pod-logs"),
    volumePluginDir: at("volume-plugins"),
  };
}

function cniConfig(addresses: string): object {
  const ipam = { type: "host-local", dataDir: addresses, ranges: [[{ subnet: POD_RANGE }]] };
  const bridge = { type: "bridge", bridge: "pods0", isGateway: true, ipMasq: false, ipam };
  return { cniVersion: "1.0.0", name: "pods", plugins: [bridge, { type: "loopback" }] };
}

function containerdConfig(plane: ControlPlane, programs: DebianPrograms): string {
  const at = (...names: string[]) => JSON.stringify(path.join(plane.folder.node, ...names));
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${at("containerd")}
state = ${at("containerd-state")}
disabled_plugins = ["btrfs", "zfs", "devmapper", "aufs"]
[grpc]
  address = ${JSON.stringify(containerdSocket(plane))}
[${cri}]
  sandbox_image = "${BOX_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
[${cri}.containerd]
  snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
  BinaryName = ${JSON.stringify(programs.runc)}
[${cri}.cni]
  bin_dir = ${JSON.stringify(programs.cni)}
  conf_dir = ${at("cni")}
[plugins."io.containerd.internal.v1.opt"]
  path = ${at("opt")}
`.replace(/"(btrfs|zfs|devmapper|aufs)"/g, '"io.containerd.snapshotter.v1.$1"');
}
