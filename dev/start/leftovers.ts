import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/**
 * Environment variable of every process of a local system; its value is the state folder. It tells our processes from a
 * shell that merely exports WATCHBELL_STATE, and never reaches a container.
 */
export const PART_OF = "WATCHBELL_PART_OF";

/** Pids of the processes of the system in this state folder, this process excluded. */
export async function processesOf(stateDir: string): Promise<number[]> {
  const marker = `${PART_OF}=${stateDir}`;
  const pids = process.platform === "linux" ? await fromProc(marker) : await fromPs(marker);
  return pids.filter((pid) => pid !== process.pid);
}

async function fromProc(marker: string): Promise<number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      // A process that ended meanwhile, or another user's, is none of ours.
      const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
      return environment.split("\0").includes(marker) ? [Number(name)] : [];
    }),
  );
  return found.flat();
}

async function fromPs(marker: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-AEww", "-o", "pid=,command="], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split("\n")
    .filter((line) => `${line} `.includes(` ${marker} `))
    .map((line) => Number.parseInt(line, 10));
}

/**
 * Waits until no process of an earlier system in this folder is left. After a kill -9 its reapers need up to 3 s, and they
 * alone know the containers, so they get that time; what is left then is killed. Answers the pids that would not go.
 */
export async function awaitLeftovers(stateDir: string, aborted: AbortSignal): Promise<number[]> {
  const patienceMs = 4_000;
  const limitMs = 9_000;
  const startedAt = performance.now();
  let left = await processesOf(stateDir);
  while (left.length > 0 && !aborted.aborted) {
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > limitMs) return left;
    if (waitedMs > patienceMs) for (const pid of left) kill(pid);
    await delay(50);
    left = await processesOf(stateDir);
  }
  return [];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It ended by itself just now.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
