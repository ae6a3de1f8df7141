import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processInfo } from "../../../dev/support/processes.ts";
import type { ComponentSpec } from "../cluster/component.ts";
import type { ClusterFolder } from "../cluster/folder.ts";

/** The kernel needs a moment for a hundred processes, ms. */
const GONE_WITHIN_MS = 10_000;

/** The node's address inside its network namespace; it is reachable from nowhere else. */
export const NODE_ADDRESS = "10.99.0.1";

/**
 * The first process of the namespaces that a real node lives in. When it ends, however it ends, the kernel ends every process in
 * them, containers and their shims included, and their mounts and addresses go with them.
 */
export function namespacesSpec(folder: ClusterFolder): ComponentSpec {
  const ready = path.join(folder.node, "inside.ready");
  rmSync(ready, { force: true });
  const kinds = ["--mount", "--net", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
  const script = path.join(import.meta.dirname, "inside.sh");
  return {
    name: "namespaces",
    command: "unshare",
    args: [...kinds, "--propagation", "private", "bash", script, folder.node, NODE_ADDRESS],
    logPath: path.join(folder.logs, "namespaces.log"),
    isReady: async () => existsSync(ready),
    readyWithinMs: 10_000,
    stopGraceMs: 0,
  };
}

/** The first process inside; `pid` is that of `unshare`, whose only child it is. */
export function firstInside(pid: number): number {
  const inside = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
  if (!inside) throw new Error("the node's namespaces ended while they were made");
  return inside;
}

/** What to put before a command so that it runs in the namespaces of that process. */
export function enter(inside: number): string[] {
  return ["nsenter", "--target", String(inside), "--mount", "--net", "--pid", "--"];
}

/** Waits for the end of a first process that was killed: the kernel ends every other process inside before it. */
export async function untilGone(inside: number): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (!(processInfo(inside)?.isZombie ?? true)) {
    if (performance.now() > deadline) throw new Error(`process ${inside} of the node's namespaces does not end`);
    await delay(10);
  }
}
