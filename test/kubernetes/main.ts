import path from "node:path";
import { parseArgs } from "node:util";
import { readIfThere, writePrivately } from "../../dev/cluster/credentials.ts";
import { killQuietly } from "../../dev/support/processes.ts";
import { type Level, startKubernetes } from "./cluster/cluster.ts";

const HELP = `npm run kubernetes: a real Kubernetes on this machine, for development and tests.

  up [--real] [--state DIR]     starts it and stays until Ctrl-C; the first time it builds Kubernetes, 6 to 10 minutes
      (without --real)          etcd, kube-apiserver, kube-controller-manager; containers are local processes
      --real                    also kube-scheduler, kubelet and containerd, in namespaces of their own; needs root
  down [--state DIR]            ends it from another terminal
  kubeconfig [--state DIR]      prints the path of the admin's kubeconfig, for kubectl and for KUBECONFIG=… npm start

  compare                       runs the same jobs on the embedded cluster and both real ones, and prints what differs in their
                                Jobs, Pods and events; two minutes

  --state DIR                   folder of all its state (default .watchbell/kubernetes)
`;

/** How long \`down\` waits for the end, ms: more than the components' graces together. */
const DOWN_WITHIN_MS = 30_000;

function say(line: string): void {
  process.stderr.write(`kubernetes: ${line}\n`);
}

async function up(level: Level, dir: string): Promise<number> {
  const asked = new AbortController();
  // The same Ctrl-C may come twice: by the terminal and by npm.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => asked.abort());
  const ended = new Promise<void>((resolve) => asked.signal.addEventListener("abort", () => resolve()));
  const cluster = await startKubernetes(level, dir, say, asked.signal).catch((error: unknown) => {
    // What a start says that is ended in its midst is no news.
    if (asked.signal.aborted) return null;
    throw error;
  });
  if (cluster === null) return 0;
  try {
    writePrivately(pidPath(dir), String(process.pid));
    process.stdout.write(`kubernetes ready: ${cluster.url} kubeconfig=${cluster.folder.kubeconfig}\n`);
    await ended;
    say("stopping …");
    return 0;
  } finally {
    await cluster.stop();
  }
}

async function down(dir: string): Promise<number> {
  const pid = Number(readIfThere(pidPath(dir)) ?? 0);
  if (pid === 0 || !killQuietly(pid, "SIGTERM")) {
    say(`nothing runs in ${dir}`);
    return 0;
  }
  const deadline = performance.now() + DOWN_WITHIN_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadline) {
      say(`process ${pid} does not end`);
      return 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return 0;
}

function pidPath(dir: string): string {
  return path.join(dir, "up.pid");
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: it has ended.
    return false;
  }
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { real: { type: "boolean", default: false }, state: { type: "string" }, help: { type: "boolean" } },
  });
  const dir = path.resolve(values.state ?? ".watchbell/kubernetes");
  switch (values.help ? "help" : positionals[0]) {
    case "up":
      return await up(values.real ? "real" : "stand-in", dir);
    case "down":
      return await down(dir);
    case "kubeconfig":
      process.stdout.write(`${path.join(dir, "kubeconfig")}\n`);
      return 0;
    case "compare": {
      const { compareClusters } = await import("./compare/clusters.ts");
      await compareClusters();
      return 0;
    }
    case "help":
      process.stdout.write(HELP);
      return 0;
    default:
      process.stderr.write(HELP);
      return 2;
  }
}

// The reaper's handle does not hold the event loop, and one that is empty ends before the stop is done.
setInterval(() => undefined, 60_000);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();
