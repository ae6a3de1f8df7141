import path from "node:path";
import { PART_OF } from "./leftovers.ts";
import type { PartSpec } from "./part.ts";
import { ClusterReady, HOST, RelayReady, ROOT, WorkerReady } from "./ready.ts";
import type { Settings } from "./settings.ts";
import type { StateFolder } from "./state-folder.ts";

/** A start takes a second or two; this is for a machine that is busy with something else. */
const READY_WITHIN_MS = 30_000;

/** What each part inherits: the machine's environment without the secrets that are not its own. */
function baseEnv(folder: StateFolder): NodeJS.ProcessEnv {
  const {
    WATCHBELL_TOKEN: _token,
    WATCHBELL_CALLBACK_SECRETS: _secrets,
    NODE_CHANNEL_FD: _channel,
    ...env
  } = process.env;
  return { ...env, [PART_OF]: folder.dir, WATCHBELL_STATE: folder.dir };
}

/** The Worker's host. It finds the token and the secrets of callbacks in the state folder. */
export function workerSpec(settings: Settings, folder: StateFolder, port: number): PartSpec<WorkerReady> {
  return {
    name: "worker",
    command: () => ({
      args: [path.join(ROOT, "dev/start/worker.ts")],
      env: {
        ...baseEnv(folder),
        PORT: String(port),
        WATCHBELL_ALLOW_PRIVATE_CALLBACKS: settings.allowPrivateCallbacks,
        WATCHBELL_DRAINING: settings.draining,
      },
    }),
    logPath: path.join(folder.logsDir, "worker.log"),
    ready: WorkerReady,
    readyWithinMs: READY_WITHIN_MS,
  };
}

/** The embedded cluster. */
export function clusterSpec(folder: StateFolder): PartSpec<ClusterReady> {
  return {
    name: "cluster",
    command: () => ({
      args: [
        path.join(ROOT, "dev/cluster/main.ts"),
        ...["--state", folder.clusterDir],
        ...["--kubeconfig", folder.kubeconfigPath],
        ...["--audit-log", folder.auditLogPath],
      ],
      env: baseEnv(folder),
    }),
    logPath: path.join(folder.logsDir, "cluster.log"),
    ready: ClusterReady,
    readyWithinMs: READY_WITHIN_MS,
  };
}

/** The relay, between the two. Its health port is any free one: the system's only fixed port is PORT. */
export function relaySpec(
  settings: Settings,
  folder: StateFolder,
  link: { url: string; joinToken: string },
): PartSpec<RelayReady> {
  return {
    name: "relay",
    command: () => ({
      args: [path.join(ROOT, "relay/main.ts")],
      env: {
        ...baseEnv(folder),
        WATCHBELL_URL: link.url,
        WATCHBELL_CLUSTER: settings.cluster,
        WATCHBELL_JOIN_TOKEN: link.joinToken,
        WATCHBELL_HEALTH_PORT: "0",
        WATCHBELL_HEALTH_HOST: HOST,
        KUBECONFIG: settings.kubeconfig ?? folder.kubeconfigPath,
      },
    }),
    logPath: path.join(folder.logsDir, "relay.log"),
    ready: RelayReady,
    readyWithinMs: READY_WITHIN_MS,
  };
}
