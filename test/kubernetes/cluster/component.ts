import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { killQuietly } from "../../../dev/support/processes.ts";
import { nobody, type Reaper } from "../../../dev/support/reaper-client.ts";

/** One program of the cluster: how it is started, where it writes, and how to tell that it does its work. */
export type ComponentSpec = {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  logPath: string;
  /** Asked again and again until it answers true; a rejection counts as not yet. */
  isReady: () => Promise<boolean>;
  /** A start takes seconds; longer than this is a failure, ms. */
  readyWithinMs: number;
  /** Grace between SIGTERM and SIGKILL at a stop, ms; 0: SIGKILL at once. */
  stopGraceMs: number;
  /**
   * It ends by itself when its standard input closes, because it has something to clear up that the reaper does not know of; the
   * reaper then leaves it alone.
   */
  endsWithInput?: boolean;
};

/** How often readiness is asked for, ms. */
const ASK_EVERY_MS = 50;

/** One process of the cluster, in a group of its own, that can be killed and started again on the same ports. */
export class Component {
  readonly #spec: ComponentSpec;
  readonly #reaper: Reaper;
  #child: ChildProcess | null = null;

  constructor(spec: ComponentSpec, reaper: Reaper) {
    this.#spec = spec;
    this.#reaper = reaper;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** Leader of the component's group; null: it does not run. */
  get pid(): number | null {
    return this.#isRunning() ? (this.#child?.pid ?? null) : null;
  }

  /**
   * Starts the process and waits until it does its work; throws one sentence with its last words where it never does, and where
   * `signal` is aborted meanwhile.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const { name, command, args, env, logPath, endsWithInput = false } = this.#spec;
    const log = openSync(logPath, "a", 0o600);
    const child = spawn(command, args, {
      env: env ?? process.env,
      detached: true,
      stdio: [endsWithInput ? "pipe" : "ignore", log, log],
    });
    closeSync(log);
    let failed: string | null = null;
    child.once("error", (error) => {
      failed = error.message;
    });
    this.#child = child;
    const { pid } = child;
    if (pid !== undefined) {
      if (!endsWithInput) this.#reaper.watch(name, { ...nobody, groups: [pid] });
      child.once("exit", () => this.#reaper.forget(name));
    }
    const deadline = performance.now() + this.#spec.readyWithinMs;
    while (!(await this.#spec.isReady().catch(() => false))) {
      if (failed !== null) throw new Error(`${name} could not be started: ${failed}`);
      if (!this.#isRunning()) throw new Error(`${name} ended while it started: ${lastLines(logPath)}`);
      if (performance.now() > deadline) throw new Error(`${name} is not ready yet: ${lastLines(logPath)}`);
      await delay(ASK_EVERY_MS, undefined, { signal });
    }
  }

  /** Ends it: SIGTERM first where the spec grants a grace. Harmless when it does not run. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || !this.#isRunning()) return;
    const ended = once(child, "exit");
    if (this.#spec.stopGraceMs > 0) {
      this.signal("SIGTERM");
      await Promise.race([ended, delay(this.#spec.stopGraceMs, undefined, { ref: false })]);
    }
    this.signal("SIGKILL");
    if (this.#isRunning()) await ended;
  }

  /** kill -9, and the end of the process awaited. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || !this.#isRunning()) return;
    const ended = once(child, "exit");
    this.signal("SIGKILL");
    await ended;
  }

  /** Sends a signal to the whole group: SIGSTOP and SIGCONT make it half-open. */
  signal(name: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) killQuietly(-pid, name);
  }

  #isRunning(): boolean {
    const child = this.#child;
    return child !== null && child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }
}

/** What a program said last: when it could not start, the reason is among it. */
function lastLines(logPath: string): string {
  return readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-4).join(" | ").slice(-1_500);
}
