import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";

/** One process of the local system: how to start it, and what it says when it can do its work. */
export type PartSpec<Ready> = {
  name: string;
  /** Asked at each start, since a restart may need what the first start learnt (its port). */
  command(): { args: string[]; env: NodeJS.ProcessEnv };
  logPath: string;
  ready: z.ZodType<Ready>;
  /** How long a start, or all tries of a restart, may take until it is ready. */
  readyWithinMs: number;
};

/** What the supervisor hears of a part; `gone` includes the end that it was asked for. */
export type PartEvents<Ready> = {
  spawned(pid: number): void;
  ready(ready: Ready): void;
  gone(pid: number): void;
  died(how: string): void;
  /** It is not coming back; one sentence. */
  gaveUp(problem: string): void;
};

export type StartOutcome<Ready> = { ok: true; ready: Ready } | { ok: false; problem: string };

/** Pause before a dead part is started again, so that one that can't start does not spin. */
const RESTART_PAUSE_MS = 250;

/** Keeps one process running from `start` to `stop`: whatever ends it in between, another one is started. */
export class Part<Ready> {
  readonly #spec: PartSpec<Ready>;
  readonly #events: PartEvents<Ready>;
  readonly #stopping = new AbortController();
  #child: ChildProcess | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor(spec: PartSpec<Ready>, events: PartEvents<Ready>) {
    this.#spec = spec;
    this.#events = events;
  }

  /** Starts it and answers when it is ready, or why it never was; a first start is tried once. */
  async start(): Promise<StartOutcome<Ready>> {
    const first = await this.#attempt(this.#spec.readyWithinMs);
    if (first.ok) this.#running = this.#keepRunning();
    return first;
  }

  /** Ends it: SIGTERM, and SIGKILL after `graceMs`. Harmless when repeated. */
  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#end(graceMs);
    return this.#stopped;
  }

  async #end(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child && isRunning(child)) {
      const ended = once(child, "exit");
      signal(child, "SIGTERM");
      await Promise.race([ended, delay(graceMs, undefined, { ref: false })]);
    }
    if (child) await this.#endGroup(child);
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const child = this.#child;
      if (child && isRunning(child)) await once(child, "exit");
      if (this.#stopping.signal.aborted) return;
      this.#events.died(child ? howItEnded(child) : "ended");
      const revived = await this.#revive();
      if (!revived.ok) {
        if (!this.#stopping.signal.aborted) this.#events.gaveUp(revived.problem);
        return;
      }
    }
  }

  async #revive(): Promise<StartOutcome<Ready>> {
    const deadline = performance.now() + this.#spec.readyWithinMs;
    let outcome: StartOutcome<Ready>;
    do {
      await delay(RESTART_PAUSE_MS);
      outcome = await this.#attempt(deadline - performance.now());
    } while (!outcome.ok && !this.#stopping.signal.aborted && performance.now() + RESTART_PAUSE_MS < deadline);
    return outcome;
  }

  async #attempt(withinMs: number): Promise<StartOutcome<Ready>> {
    const { name, logPath } = this.#spec;
    if (this.#stopping.signal.aborted) return { ok: false, problem: `the ${name} was stopped` };
    const child = this.#spawn();
    const outcome = await this.#firstWord(child, Math.max(0, withinMs));
    if (outcome.ok) return outcome;
    await this.#endGroup(child);
    const words = lastLine(logPath);
    return { ok: false, problem: `the ${name} ${outcome.problem}${words ? `: ${words}` : ` (see ${logPath})`}` };
  }

  #spawn(): ChildProcess {
    const { args, env } = this.#spec.command();
    const log = openSync(this.#spec.logPath, "a", 0o600);
    // A group of its own: Ctrl-C reaches the first process alone, which then ends the parts in order.
    const child = spawn(process.execPath, args, { env, detached: true, stdio: ["ignore", log, log, "ipc"] });
    closeSync(log);
    this.#child = child;
    // Where the process can't even be made, `exit` never comes; the error is the end of it.
    child.once("error", (error) => child.emit("exit", null, error.message));
    const { pid } = child;
    if (pid !== undefined) {
      this.#events.spawned(pid);
      child.once("exit", () => {
        // A part's own children (workerd) do not outlive it.
        signal(child, "SIGKILL");
        this.#events.gone(pid);
      });
    }
    return child;
  }

  async #firstWord(child: ChildProcess, withinMs: number): Promise<StartOutcome<Ready>> {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ ok: false, problem: `was not ready within ${withinMs} ms` }), withinMs);
      child.on("message", (message) => {
        const parsed = this.#spec.ready.safeParse(message);
        if (!parsed.success) return;
        clearTimeout(timer);
        this.#events.ready(parsed.data);
        resolve({ ok: true, ready: parsed.data });
      });
      child.once("exit", () => {
        clearTimeout(timer);
        resolve({ ok: false, problem: howItEnded(child) });
      });
    });
  }

  async #endGroup(child: ChildProcess): Promise<void> {
    const running = isRunning(child);
    signal(child, "SIGKILL");
    if (running) await once(child, "exit");
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function howItEnded(child: ChildProcess): string {
  return child.signalCode ? `was ended by ${child.signalCode}` : `ended with code ${child.exitCode ?? "unknown"}`;
}

/** To the whole process group, which a part leads; a group that is gone needs no signal. */
function signal(child: ChildProcess, name: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(name === "SIGKILL" ? -child.pid : child.pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** What a part said last: when it could not start, that is the reason. */
function lastLine(logPath: string): string {
  const lines = readFileSync(logPath, "utf8").trimEnd().split("\n");
  return (lines.at(-1) ?? "").replace(/^watchbell: |^\S*\d{4}-\d\d-\d\dT\S+ (error:? )?/i, "").trim();
}
