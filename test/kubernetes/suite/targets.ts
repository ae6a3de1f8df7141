import type { ChildProcess, StdioOptions } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { type KubeClient, kubeClient } from "../../../dev/cluster/client/kube-client.ts";
import { writePrivately } from "../../../dev/cluster/credentials.ts";
import { spawnDetached } from "../../support/detached.ts";
import { kubernetesPrograms } from "../binaries/kubernetes.ts";
import { mustRun } from "../binaries/run.ts";
import { type KubernetesCluster, type Level, startKubernetes } from "../cluster/cluster.ts";
import { grantRelay } from "../cluster/relay-access.ts";
import { grantFewRights } from "./few-rights.ts";
import { makeNamespace, makeNamespaceWithAccount } from "./namespaces.ts";
import { ALLOWED, FEW_RIGHTS, NAMESPACES, READ_ONLY, type Target } from "./target.ts";

const Kubeconfig = z.looseObject({
  clusters: z.tuple([
    z.looseObject({ cluster: z.looseObject({ server: z.string(), "certificate-authority-data": z.string() }) }),
  ]),
  users: z.tuple([z.looseObject({ user: z.looseObject({ token: z.string() }) })]),
});

/** A folder for one file of tests; its real path, since processes are found by it. */
export function suiteFolder(): string {
  return realpathSync(mkdtempSync(path.join(tmpdir(), "watchbell-kubernetes-")));
}

/** For whoever looks for the cause of a failure: WATCHBELL_KEEP_LOGS names a folder that gets a copy of these logs. */
export function keepLogs(logs: string): void {
  const folder = process.env.WATCHBELL_KEEP_LOGS;
  if (folder) cpSync(logs, folder, { recursive: true });
}

/** The embedded cluster, as a process of its own and with its faults open. */
export async function startEmbedded(): Promise<Target> {
  const bin = await kubernetesPrograms(console.log);
  const dir = suiteFolder();
  const kubeconfig = path.join(dir, "kubeconfig");
  const auditLog = path.join(dir, "audit.log");
  const args = ["--state", path.join(dir, "cluster"), "--kubeconfig", kubeconfig, "--audit-log", auditLog, "--faults"];
  const stdio: StdioOptions = ["ignore", "pipe", "inherit", "ipc"];
  const child = spawnDetached(process.execPath, ["dev/cluster/main.ts", ...args], { stdio, stateDir: dir });
  await saysReady(child);
  const client = clientOf(kubeconfig);
  const stop = async () => {
    try {
      await client.close();
    } finally {
      await endOf(child);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  const prepared = async (): Promise<Target> => {
    for (const name of NAMESPACES) await makeNamespace(client, name);
    return {
      name: "embedded",
      relayKubeconfig: kubeconfig,
      relayKubeconfigAt: (url, ca) => kubeconfigAt(kubeconfig, url, ca),
      cluster: null,
      kubectl: (...words) => mustRun(path.join(bin, "kubectl"), ["--kubeconfig", kubeconfig, ...words]),
      client,
      auditLog,
      withoutApiServer: (meanwhile) => withFaults(client, meanwhile),
      stop,
    };
  };
  return await stoppedIfBroken(prepared, stop);
}

/** Every request is dropped, and every watch that is open, while `meanwhile` goes on. */
async function withFaults(client: KubeClient, meanwhile: () => Promise<void>): Promise<void> {
  const faults = "/watchbell/faults";
  try {
    await client.create(faults, { action: { kind: "drop" } });
    await client.create(faults, { openWatches: "drop" });
    await meanwhile();
  } finally {
    await client.remove(faults, {});
  }
}

/** What a start that breaks in its midst has begun is stopped. */
async function stoppedIfBroken<Value>(start: () => Promise<Value>, stop: () => Promise<void>): Promise<Value> {
  try {
    return await start();
  } catch (error) {
    await stop();
    throw error;
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** A real API server, with the stand-in or the real node. The relay gets the rights of deploy/rbac in the suite's namespaces. */
export async function startReal(level: Level): Promise<Target> {
  const dir = suiteFolder();
  const cluster = await startKubernetes(level, dir, console.log);
  const { admin, folder, parts } = cluster;
  const stop = async () => {
    try {
      await cluster.stop();
    } finally {
      keepLogs(folder.logs);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  const withoutApiServer = async (meanwhile: () => Promise<void>) => {
    await parts.apiServer.kill();
    try {
      await meanwhile();
    } finally {
      await parts.apiServer.start();
    }
  };
  const prepared = async (): Promise<Target> => {
    const relayKubeconfig = await prepare(cluster);
    return {
      name: level,
      relayKubeconfig,
      relayKubeconfigAt: (url, ca) => kubeconfigAt(relayKubeconfig, url, ca),
      cluster,
      kubectl: admin.kubectl,
      client: admin.client,
      auditLog: folder.auditLog,
      withoutApiServer,
      stop,
    };
  };
  return await stoppedIfBroken(prepared, stop);
}

/** Makes the namespaces of the suite and the rights in them; answers the path of the relay's kubeconfig. */
async function prepare({ admin, folder }: KubernetesCluster): Promise<string> {
  for (const name of NAMESPACES) await makeNamespaceWithAccount(admin.client, name);
  const relayKubeconfig = await grantRelay(admin, folder, ALLOWED);
  const account = ["--serviceaccount=watchbell:watchbell-relay"];
  const rights = ["--verb=list,watch,get", "--resource=jobs,pods,pods/log"];
  await admin.kubectl("create", "role", "reader", "-n", READ_ONLY, ...rights);
  await admin.kubectl("create", "rolebinding", "reader", "-n", READ_ONLY, "--role=reader", ...account);
  await grantFewRights(admin.client, FEW_RIGHTS);
  return relayKubeconfig;
}

function clientOf(kubeconfig: string): KubeClient {
  const { clusters, users } = readKubeconfig(kubeconfig);
  const { server, "certificate-authority-data": ca } = clusters[0].cluster;
  return kubeClient({ url: server, ca: Buffer.from(ca, "base64").toString(), token: users[0].user.token });
}

function readKubeconfig(file: string): z.infer<typeof Kubeconfig> {
  return Kubeconfig.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** A copy beside the original that names another address; it goes with the target's folder. */
function kubeconfigAt(original: string, url: string, ca: string | undefined): string {
  const config = readKubeconfig(original);
  const { cluster } = config.clusters[0];
  cluster.server = url;
  if (ca !== undefined) cluster["certificate-authority-data"] = Buffer.from(ca).toString("base64");
  const file = `${original}-${randomBytes(4).toString("hex")}`;
  writePrivately(file, JSON.stringify(config));
  return file;
}

async function saysReady(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the embedded cluster ended with code ${code}`);
  });
  await Promise.race([once(child, "message"), ended]);
}
