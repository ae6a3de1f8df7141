import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { ComponentSpec } from "../cluster/component.ts";
import type { ClusterFolder } from "../cluster/folder.ts";

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

/** What to put before a command so that it runs in those namespaces; `pid` is that of `unshare`, whose only child is inside. */
export function enter(pid: number): string[] {
  const inside = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0];
  if (!inside) throw new Error("the node's namespaces ended while they were made");
  return ["nsenter", "--target", inside, "--mount", "--net", "--pid", "--"];
}
