import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processInfo } from "../support/processes.ts";

/** Keeps a second cluster off a state folder that is in use; throws with a sentence. The answer gives the folder back. */
export function lockFolder(folder: string): () => void {
  const path = join(folder, "lock");
  const mine = `${process.pid} ${processInfo(process.pid)?.startTicks ?? 0} ${heldHere.size}`;
  const holder = holderOf(path);
  if (holder !== undefined) throw new Error(`The state folder ${folder} is in use by process ${holder}.`);
  if (heldHere.has(folder)) throw new Error(`The state folder ${folder} is in use by this process.`);
  writeFileSync(path, mine, { mode: 0o600 });
  heldHere.add(folder);
  return () => {
    heldHere.delete(folder);
    rmSync(path, { force: true });
  };
}

/** Folders that clusters of this very process hold. */
const heldHere = new Set<string>();

/** The living process that holds a lock; a lock left by a crash holds nobody off, even where its pid was given away since. */
function holderOf(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const [pid = 0, startTicks = 0] = text.split(" ").map(Number);
  if (pid === process.pid || pid <= 0) return undefined;
  const info = processInfo(pid);
  if (info !== undefined) return info.startTicks === startTicks ? pid : undefined;
  if (startTicks !== 0) return undefined;
  try {
    // No /proc here: any process of that number counts.
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
