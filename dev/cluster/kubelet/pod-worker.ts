import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { wholeSeconds } from "../api/deleting.ts";
import type { JsonObject } from "../api/json.ts";
import type { Container, Pod } from "../client/objects.ts";
import { nanoClock } from "./container-log.ts";
import { type ContainerExit, type RunningContainer, type Runtime, startContainer } from "./container-process.ts";
import { invocationOf, markersOf } from "./environment.ts";
import type { LogShelf } from "./log-shelf.ts";
import { type ContainerRecord, type PodReason, phaseOf, podStatusOf, terminatedState } from "./pod-status.ts";

/** Pause before a container that keeps ending is started again, ms: none the first time, then doubling (CrashLoopBackOff). */
const firstRestartMs = 10_000;
const longestRestartMs = 300_000;

/** What a pod worker is made of. */
export type PodWorkerOptions = {
  pod: Pod;
  runtime: Runtime;
  logs: LogShelf;
  /** Folder of this pod alone, for logs and working directories. */
  folder: string;
  /** The machine's PATH. */
  path: string;
  /** Takes the newest status; the one for which `isFinal` is true is the last. */
  publish: (status: JsonObject, isFinal: boolean) => void;
};

/** Runs one pod: init containers in order, then all containers, with restarts; tells its status as it changes. */
export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #records: ContainerRecord[];
  readonly #running = new Set<RunningContainer>();
  readonly #stopped = new AbortController();
  readonly #startedAtMs = Date.now();
  #graceMs: number;
  #why: PodReason | undefined;

  constructor(options: PodWorkerOptions) {
    this.#options = options;
    this.#graceMs = options.pod.spec.terminationGracePeriodSeconds * 1000;
    const record =
      (isInit: boolean) =>
      (container: Container): ContainerRecord => {
        const state = { waiting: { reason: isInit ? "PodInitializing" : "ContainerCreating" } };
        return { container, isInit, restartCount: 0, state, lastState: {} };
      };
    const { initContainers, containers } = options.pod.spec;
    this.#records = [...initContainers.map(record(true)), ...containers.map(record(false))];
  }

  /** Runs the pod to its end; the final status has been handed over when this resolves. */
  async run(): Promise<void> {
    const seconds = this.#options.pod.spec.activeDeadlineSeconds;
    const deadline = seconds === undefined ? undefined : setTimeout(() => this.#expire(), seconds * 1000);
    const main = this.#records.filter((one) => !one.isInit);
    let isFine = true;
    for (const record of this.#records.filter((one) => one.isInit)) {
      if (isFine) isFine = await this.#runContainer(record);
    }
    if (isFine && !this.#stopped.signal.aborted) await Promise.all(main.map((record) => this.#runContainer(record)));
    clearTimeout(deadline);
    this.#publish(true);
  }

  /** Ends the pod: SIGTERM, and SIGKILL after the grace, ms. A later call can shorten the grace. */
  stop(graceMs: number, why?: PodReason): void {
    this.#why ??= why;
    this.#graceMs = graceMs;
    this.#stopped.abort();
    for (const container of this.#running) container.stop(graceMs);
  }

  #expire(): void {
    const message = "Pod was active on the node longer than the specified deadline";
    this.stop(this.#graceMs, { reason: "DeadlineExceeded", message });
  }

  /** Runs one container until it need not be started again; true where it ended with exit code 0. */
  async #runContainer(record: ContainerRecord): Promise<boolean> {
    const policy = this.#options.pod.spec.restartPolicy;
    let restartMs = 0;
    while (!this.#stopped.signal.aborted) {
      const exit = await this.#runOnce(record);
      if (exit === undefined) return false;
      const isFine = exit.exitCode === 0;
      const isAgain = policy === "Always" && !record.isInit ? true : !isFine && policy !== "Never";
      if (!isAgain || this.#stopped.signal.aborted) return isFine;
      record.lastState = record.state;
      if (restartMs > 0) {
        const message = `back-off ${restartMs / 1000}s restarting failed container=${record.container.name}`;
        record.state = { waiting: { reason: "CrashLoopBackOff", message } };
        this.#publish(false);
        await this.#pause(restartMs);
        if (this.#stopped.signal.aborted) {
          record.state = record.lastState;
          return false;
        }
      }
      restartMs = restartMs === 0 ? firstRestartMs : Math.min(restartMs * 2, longestRestartMs);
      record.restartCount += 1;
    }
    return false;
  }

  /** One start of a container; undefined where it can't be configured and the pod was stopped while it waited. */
  async #runOnce(record: ContainerRecord): Promise<ContainerExit | undefined> {
    const { pod, path } = this.#options;
    const invocation = invocationOf(pod, record.container, path);
    if (invocation.kind === "config-error") {
      record.state = { waiting: { reason: "CreateContainerConfigError", message: invocation.message } };
      this.#publish(false);
      // Nothing here can change the pod's configuration, so it waits until it is deleted or its deadline comes.
      await this.#pause(undefined);
      return undefined;
    }
    const startedAtMs = Date.now();
    const exit =
      invocation.kind === "ready"
        ? await this.#runProcess(record, invocation)
        : { exitCode: 128, signal: undefined, reason: "StartError", message: invocation.message };
    const id = this.#containerId(record);
    record.state = terminatedState(exit, startedAtMs, Date.now(), id);
    this.#publish(false);
    return exit;
  }

  async #runProcess(
    record: ContainerRecord,
    invocation: { command: string; args: string[]; environment: Record<string, string> },
  ): Promise<ContainerExit> {
    const { pod, logs, runtime, folder } = this.#options;
    const workFolder = join(folder, record.container.name);
    mkdirSync(workFolder, { recursive: record.restartCount > 0, mode: 0o700 });
    const clock = nanoClock(Date.now, process.hrtime.bigint);
    const log = logs.begin(pod.metadata.uid, record.container.name, record.restartCount, clock);
    const { command, args, environment } = invocation;
    const markers = markersOf(pod, environment);
    const start = { id: this.#containerId(record), command, args, environment, markers, folder: workFolder, log };
    const running = await startContainer(runtime, start);
    this.#running.add(running);
    record.state = { running: { startedAt: wholeSeconds(Date.now()) } };
    this.#publish(false);
    // Stopped while it was being started: the signal that everybody else got.
    if (this.#stopped.signal.aborted) running.stop(this.#graceMs);
    const exit = await running.ended;
    this.#running.delete(running);
    logs.end(log);
    return exit;
  }

  #containerId(record: ContainerRecord): string {
    return `watchbell://${this.#options.pod.metadata.uid}/${record.container.name}/${record.restartCount}`;
  }

  async #pause(ms: number | undefined): Promise<void> {
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    if (ms === undefined) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    else
      await sleep(ms, undefined, { signal }).catch(() => {
        // Stopped: the caller looks at the signal next.
      });
  }

  #publish(isFinal: boolean): void {
    const nowMs = Date.now();
    const phase = phaseOf(this.#records, this.#options.pod.spec.restartPolicy, isFinal);
    // A container that never started in a pod that is over ends without a trace of its own.
    if (!isFinal && (phase === "Succeeded" || phase === "Failed")) return;
    const status = podStatusOf(this.#records, phase, wholeSeconds(this.#startedAtMs), this.#why, nowMs);
    this.#options.publish(status, isFinal);
  }
}

/** Removes what a pod left on this node. */
export function removePodFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
