import { once } from "node:events";
import { accessSync, constants, mkdirSync } from "node:fs";
import type { Server } from "node:https";
import { dirname, join, resolve } from "node:path";
import { type AuditLog, openAuditLog } from "./api/audit.ts";
import { tokenAuthenticator } from "./api/authenticator.ts";
import { type ApiContext, writeContext } from "./api/context.ts";
import { Faults } from "./api/faults.ts";
import { namespaces, resources } from "./api/resources.ts";
import { createApiServer } from "./api/server.ts";
import { openStorage } from "./api/storage.ts";
import { Store } from "./api/store.ts";
import { WatchStreams } from "./api/watch-streams.ts";
import { newObject } from "./api/writing.ts";
import { type Credentials, loadCredentials, readIfThere, writeKubeconfig, writePrivately } from "./credentials.ts";
import { lockFolder } from "./lock.ts";
import { startNodeThread } from "./node-thread-client.ts";

/** How an embedded cluster is started. */
export type ClusterOptions = {
  stateFolder: string;
  /** Default: `kubeconfig` beside the state folder. */
  kubeconfig?: string;
  /** 0 or absent: the port of the last start where it is free, else any. */
  port?: number;
  auditLog?: string;
  /** Serves fault injection over HTTP too, at /watchbell/faults. */
  hasFaultPath?: boolean;
  /** Told what went wrong inside, one line each. */
  onProblem?: (problem: string) => void;
};

/** An embedded cluster at work. */
export type Cluster = {
  url: string;
  port: number;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  token: string;
  /** PEM, the authority of its certificate. */
  ca: string;
  faults: Faults;
  /** Ends every container and all of it. */
  stop: () => Promise<void>;
};

/** The node's name, also after a restart: pods are bound to it. */
const nodeName = "watchbell";

/** Starts a cluster: API server, controllers and kubelet. Throws with one sentence where the folder or the port can't be used. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const stateFolder = resolve(options.stateFolder);
  const kubeconfig = resolve(options.kubeconfig ?? join(dirname(stateFolder), "kubeconfig"));
  makeFolder(stateFolder);
  const unlock = lockFolder(stateFolder);
  const parts: (() => unknown)[] = [unlock];
  try {
    return await assemble(options, stateFolder, kubeconfig, parts);
  } catch (error) {
    for (const undo of parts.reverse()) await undo();
    throw error;
  }
}

async function assemble(
  options: ClusterOptions,
  stateFolder: string,
  kubeconfig: string,
  parts: (() => unknown)[],
): Promise<Cluster> {
  const onProblem = options.onProblem ?? ((problem) => console.error(`cluster: ${problem}`));
  const credentials = await loadCredentials(stateFolder);
  const store = new Store(openStorage(join(stateFolder, "objects.db")), resources);
  parts.push(() => store.close());
  const watches = new WatchStreams();
  const kubelet = { ca: credentials.cert, token: credentials.kubeletToken };
  const context: ApiContext = { store, watches, kubelet, now: Date.now };
  makeFirstNamespaces(context);
  const faults = new Faults(watches, store);
  const audit = options.auditLog === undefined ? undefined : openAuditLog(resolve(options.auditLog));
  parts.push(() => audit?.close());
  const server = apiServer(options, context, faults, credentials, audit);
  const port = await listen(server, options.port ?? 0, join(stateFolder, "port"));
  parts.push(() => closeServer(server, watches));
  const url = `https://127.0.0.1:${port}`;
  const { key, cert, systemToken, kubeletToken, userToken } = credentials;
  const config = { url, ca: cert, token: systemToken };
  const thread = await startNodeThread(
    { config, nodeName, stateFolder, tls: { key, cert }, logToken: kubeletToken },
    onProblem,
  );
  parts.push(() => thread.stop());
  mkdirSync(dirname(kubeconfig), { recursive: true });
  writeKubeconfig(kubeconfig, url, cert, userToken);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    for (const undo of parts.reverse()) await undo();
  };
  return { url, port, kubeconfig, token: userToken, ca: cert, faults, stop: () => (stopping ??= stop()) };
}

function apiServer(
  options: ClusterOptions,
  context: ApiContext,
  faults: Faults,
  credentials: Credentials,
  audit: AuditLog | undefined,
): Server {
  const authenticator = tokenAuthenticator([
    { token: credentials.userToken, caller: { name: "watchbell:admin", isInternal: false } },
    { token: credentials.systemToken, caller: { name: `system:node:${nodeName}`, isInternal: true } },
  ]);
  const tls = { key: credentials.key, cert: credentials.cert };
  return createApiServer({
    context,
    faults,
    isFaultPathOpen: options.hasFaultPath ?? false,
    authenticator,
    audit,
    tls,
  });
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new Error(
      `The state folder ${folder} can't be written: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/** `kube-system` is where clients read the cluster's identity: made once, its uid stays. */
function makeFirstNamespaces(context: ApiContext): void {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    if (context.store.get(namespaces, "", name) !== undefined) continue;
    const built = newObject(namespaces, "", { metadata: { name } }, writeContext(context));
    if (built.ok) context.store.put(namespaces, built.value);
  }
}

/** Listens on the wanted port; without one on the last start's, so that a kubeconfig in use stays good, or on any free one. */
async function listen(server: Server, wanted: number, notePath: string): Promise<number> {
  const last = Number(readIfThere(notePath) ?? 0);
  const tries = wanted !== 0 ? [wanted] : Number.isInteger(last) && last > 0 && last < 65_536 ? [last, 0] : [0];
  for (const port of tries) {
    const problem = await tryListen(server, port);
    if (problem === undefined) break;
    if (port === tries.at(-1)) throw new Error(problem);
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The API server has no port.");
  writePrivately(notePath, String(address.port));
  return address.port;
}

async function tryListen(server: Server, port: number): Promise<string | undefined> {
  const failed = once(server, "error").then(([error]: NodeJS.ErrnoException[]) => error);
  const listening = once(server, "listening").then(() => undefined);
  server.listen(port, "127.0.0.1");
  const error = await Promise.race([failed, listening]);
  if (error === undefined) return undefined;
  return error.code === "EADDRINUSE"
    ? `Port ${port} on 127.0.0.1 is taken.`
    : `Port ${port} can't be used: ${error.message}.`;
}

async function closeServer(server: Server, watches: WatchStreams): Promise<void> {
  watches.endAll();
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  await closed;
}
