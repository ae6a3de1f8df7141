import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { findFamily, listProcesses, type ProcessInfo } from "../../dev/support/processes.ts";
import { nobody } from "../../dev/support/reaper-client.ts";
import { until } from "../support/wait.ts";

/** The program behind `npm run kubernetes`. */
export const MAIN: string = path.join(import.meta.dirname, "main.ts");

const READY = /^kubernetes ready: (https:\S+) kubeconfig=(\S+)$/m;

/** `npm run kubernetes -- up` on a folder; ended with the test, where the test has not done so. */
export function startUp(state: string, ...args: string[]): ChildProcess {
  let child: ChildProcess | undefined;
  // First: it throws in a test that has run out of its time, and what is started then nobody would end.
  onTestFinished(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  });
  child = spawn(process.execPath, [MAIN, "up", "--state", state, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  // Read, or it would stop at a full pipe.
  child.stderr?.resume();
  return child;
}

/** What its ready line says. */
export async function untilReady(child: ChildProcess): Promise<{ port: number; kubeconfig: string }> {
  let said = "";
  child.stdout?.on("data", (chunk) => {
    said += String(chunk);
  });
  const [, url = "", kubeconfig = ""] = await until("the ready line", () => READY.exec(said), 60_000);
  return { port: Number(new URL(url).port), kubeconfig };
}

/** The processes that name the folder, with everything that they started: of a real node all that lives in its namespaces. */
export function processesIn(state: string): ProcessInfo[] {
  const processes = listProcesses();
  const pids = processes.map(({ pid }) => pid).filter((pid) => commandOf(pid).includes(state));
  return findFamily(processes, { ...nobody, pids });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    // It has ended since the list was made.
    return "";
  }
}
