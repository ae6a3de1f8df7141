import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { Api } from "./api.ts";
import { spawnDetached } from "./detached.ts";
import { isAlive, nothingIsLeft } from "./leaks.ts";
import { tempFolder } from "./temp-folder.ts";
import { until } from "./wait.ts";

const PidsFile = z.object({
  worker: z.array(z.number()),
  relay: z.array(z.number()),
  cluster: z.array(z.number()),
});
export type PidsFile = z.infer<typeof PidsFile>;

const READY = /^watchbell ready: (http:\S+) token=(\S+) cluster=(\S+)$/m;

export type StartOptions = {
  stateDir?: string;
  env?: Record<string, string>;
  /** Through npm, as a person types it. */
  throughNpm?: boolean;
};

/** An `npm start` of its own: process, output, and what it came to. */
export class StartedSystem {
  readonly stateDir: string;
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(stateDir: string, child: ChildProcess) {
    this.stateDir = stateDir;
    this.child = child;
    child.stdout?.on("data", (chunk) => {
      this.stdout += String(chunk);
    });
    child.stderr?.on("data", (chunk) => {
      this.stderr += String(chunk);
    });
  }

  /** What the ready line says; throws with everything it said where it ended instead. */
  async ready(withinMs = 30_000): Promise<{ url: string; port: number; token: string; cluster: string; api: Api }> {
    const match = await until(
      "the ready line",
      () => {
        const found = READY.exec(this.stdout);
        if (found || !this.hasEnded()) return found;
        return "ended" as const;
      },
      withinMs,
    );
    if (match === "ended") throw new Error(`npm start ended with ${this.child.exitCode}: ${this.stderr}${this.stdout}`);
    const [, url = "", token = "", cluster = ""] = match;
    return { url, port: Number(new URL(url).port), token, cluster, api: new Api(url, token) };
  }

  hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  pids(): PidsFile {
    return PidsFile.parse(JSON.parse(readFileSync(path.join(this.stateDir, "pids.json"), "utf8")));
  }

  get auditLogPath(): string {
    return path.join(this.stateDir, "logs", "audit.log");
  }

  /** The exit code, null where a signal ended it. */
  async exitCode(): Promise<number | null> {
    if (!this.hasEnded()) await once(this.child, "exit");
    return this.child.exitCode;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.child.kill(signal);
    return await this.exitCode();
  }

  /** kill -9 of the first process and of every part, all at once. */
  async killEverything(): Promise<void> {
    const { worker, relay, cluster } = this.pids();
    const all = [this.child.pid ?? 0, ...worker, ...relay, ...cluster];
    for (const pid of all) process.kill(pid, "SIGKILL");
    await until("everything is dead", () => this.hasEnded() && !all.some(isAlive));
  }
}

/** Starts a whole system on a free port; it is ended, and looked over for leftovers, when the test is over. */
export function startSystem(options: StartOptions = {}): StartedSystem {
  const stateDir = options.stateDir ?? tempFolder();
  const { WATCHBELL_TOKEN: _, KUBECONFIG: __, ...inherited } = process.env;
  const env = { ...inherited, PORT: "0", WATCHBELL_STATE: stateDir, ...options.env };
  const [command, args] = options.throughNpm ? ["npm", ["start"]] : [process.execPath, ["dev/start/main.ts"]];
  const child = spawnDetached(command, args, { env, stdio: ["ignore", "pipe", "pipe"], stateDir });
  const system = new StartedSystem(stateDir, child);
  onTestFinished(async () => {
    if (!system.hasEnded()) await system.stop();
    await nothingIsLeft(stateDir, [], 5_000);
  });
  return system;
}
