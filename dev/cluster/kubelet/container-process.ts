import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { type Family, killQuietly, processInfo } from "../../support/processes.ts";
import { nobody, type Reaper } from "../../support/reaper-client.ts";
import type { ContainerLog } from "./container-log.ts";
import { closeChildEnd, type OutputPipe, type OutputPipes } from "./output-pipe.ts";
import type { Sweeper } from "./sweeper.ts";

/** How a container ended. */
export type ContainerExit = { exitCode: number; signal: number | undefined; reason: string; message: string };

/** A container at work. */
export type RunningContainer = {
  /** Resolves when its first process, all that it started, and its log have ended. */
  ended: Promise<ContainerExit>;
  /** SIGTERM to the first process, SIGKILL to everything after the grace, ms. */
  stop: (graceMs: number) => void;
};

/** What a container needs from its kubelet. */
export type Runtime = { pipes: OutputPipes; sweeper: Sweeper; reaper: Reaper };

/** One container to start. */
export type ContainerStart = {
  /** Unique on this node. */
  id: string;
  command: string;
  args: string[];
  environment: Record<string, string>;
  /** What its processes are known by wherever they went. */
  markers: string[];
  folder: string;
  log: ContainerLog;
};

/** How long the log is read on after everything has ended: only a process that hid from the sweep still holds the pipe, ms. */
const lastOutputMs = 1_000;
/** What a shell and containerd report for a command that can't be started. */
const startErrorCode = 128;

/** Starts a container as a local process, the leader of its own session, both output streams in one log. */
export async function startContainer(runtime: Runtime, start: ContainerStart): Promise<RunningContainer> {
  const family: Family = { ...nobody, environment: start.markers, folder: start.folder };
  // Told before it starts: whatever happens in between, the reaper knows where to look.
  runtime.reaper.watch(start.id, family);
  const pipe = await runtime.pipes.open();
  const child = spawn(start.command, start.args, {
    cwd: start.folder,
    env: start.environment,
    stdio: ["ignore", pipe.childFd, pipe.childFd],
    detached: true,
  });
  closeChildEnd(pipe);
  const pid = child.pid;
  if (pid !== undefined) {
    family.groups = [pid];
    family.sinceTicks = processInfo(pid)?.startTicks ?? 0;
    runtime.reaper.watch(start.id, family);
  }
  let killTimer: NodeJS.Timeout | undefined;
  const ended = finish(runtime, start, child, pipe, family).finally(() => clearTimeout(killTimer));
  return {
    ended,
    stop: (graceMs) => {
      if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      clearTimeout(killTimer);
      if (graceMs > 0) killQuietly(pid, "SIGTERM");
      killTimer = setTimeout(() => killQuietly(-pid, "SIGKILL"), graceMs);
    },
  };
}

async function finish(
  runtime: Runtime,
  start: ContainerStart,
  child: ChildProcess,
  pipe: OutputPipe,
  family: Family,
): Promise<ContainerExit> {
  const drained = copyOutput(pipe, start.log);
  const exit = await exitOf(child, start);
  if (child.pid !== undefined) {
    killQuietly(-child.pid, "SIGKILL");
    await runtime.sweeper.sweep(family);
  }
  const timer = setTimeout(() => pipe.output.destroy(), lastOutputMs);
  await drained;
  clearTimeout(timer);
  start.log.close();
  runtime.reaper.forget(start.id);
  return exit;
}

function exitOf(child: ChildProcess, start: ContainerStart): Promise<ContainerExit> {
  return new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      // Also emitted when a signal can't be sent; only a process that never was has no pid.
      if (child.pid !== undefined) return;
      const why = error.code === "ENOENT" ? "executable file not found in $PATH" : error.message;
      const message = `failed to start the container: exec: ${JSON.stringify(start.command)}: ${why}`;
      resolve({ exitCode: startErrorCode, signal: undefined, reason: "StartError", message });
    });
    child.on("exit", (code, signal) => {
      const number = signal === null ? undefined : constants.signals[signal];
      const exitCode = code ?? 128 + (number ?? 0);
      resolve({ exitCode, signal: number, reason: exitCode === 0 ? "Completed" : "Error", message: "" });
    });
  });
}

function copyOutput(pipe: OutputPipe, log: ContainerLog): Promise<void> {
  return new Promise((resolve) => {
    pipe.output.on("data", (chunk: Buffer) => log.add(chunk));
    pipe.output.on("error", () => pipe.output.destroy());
    pipe.output.on("close", () => resolve());
  });
}
