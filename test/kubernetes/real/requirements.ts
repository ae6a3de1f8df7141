import { accessSync, constants } from "node:fs";
import { run } from "../binaries/run.ts";

/** What a node's namespaces are made of, and what is tried once before anything is built or started on them. */
const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--mount-proc"];

/** One sentence that says what this machine or this user has not and a real node needs; null: all is there. */
export async function missingForRealNode(): Promise<string | null> {
  if (process.platform !== "linux") return `a real node needs Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "a real node needs root: it lives in namespaces and control groups of its own";
  for (const program of ["unshare", "nsenter", "ip", "bash", "tar"]) {
    if ((await run("which", [program])).code !== 0)
      return `a real node needs ${program} (Debian: util-linux, iproute2, bash, tar)`;
  }
  const tried = await run("unshare", [...NAMESPACES, "true"]);
  if (tried.code !== 0) {
    return `a real node needs mount, network and pid namespaces, which this machine refuses: ${tried.output.trim()}`;
  }
  try {
    accessSync("/sys/fs/cgroup", constants.W_OK);
  } catch {
    return "a real node needs control groups: /sys/fs/cgroup can't be written to";
  }
  return null;
}
