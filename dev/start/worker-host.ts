import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { z } from "zod";
import { applyMigrations } from "./migrations.ts";
import { bundleWorker } from "./worker-bundle.ts";
import { miniflareOptionsOf, readWorkerConfig } from "./worker-config.ts";

/** What the host is told; `bindings` are the Worker's variables. */
export type HostOptions = {
  /** Where wrangler.toml and migrations/ lie. */
  projectDir: string;
  host: string;
  /** 0: any free port. */
  port: number;
  workerDir: string;
  bindings: Record<string, string>;
  log(line: string): void;
  /** workerd crashed and Miniflare has started another one, on the same port. */
  restarted(workerdPid: number): void;
};

/** The running Worker. `scheduled` pokes its cron handler once. */
export type WorkerHost = {
  url: string;
  port: number;
  workerdPid: number;
  scheduled(at: Date): Promise<void>;
  stop(): Promise<void>;
};

const LAUNCHER = path.join(import.meta.dirname, "workerd.sh");
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const WORKERD_PATH = "MINIFLARE_WORKERD_PATH";

/**
 * Starts the Worker in one workerd without a proxy in front (docs/decisions/2026-11-24-local-worker.md). Durable; migrations
 * are applied. Throws what the bundler, Miniflare or a migration said.
 */
export async function startWorkerHost(options: HostOptions): Promise<WorkerHost> {
  const config = readWorkerConfig(options.projectDir);
  assertPokable(config.triggers.crons);
  const [database] = config.d1_databases;
  if (!database) throw new Error("wrangler.toml names no D1 database");
  const script = await bundleWorker(path.join(options.projectDir, config.main), options.projectDir);
  const pidFile = prepareLauncher(options.workerDir);
  const giveSignalsBack = keepSignals();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...miniflareOptionsOf(config),
      bindings: { ...config.vars, ...options.bindings },
      modulesRoot: options.projectDir,
      modules: [{ type: "ESModule", path: path.join(options.projectDir, "worker.js"), contents: script }],
      host: options.host,
      port: options.port,
      // The folder that `wrangler d1 … --local --persist-to <workerDir>` looks into.
      resourcePersistencePath: path.join(options.workerDir, "v3"),
      log: new HostLog(options.log),
      logRequests: false,
      cf: false,
      telemetry: { enabled: false },
      handleStructuredLogs: ({ level, message }) => options.log(`${level}: ${message}`),
      unsafeHandleRuntimeRestart: () => options.restarted(readPid(pidFile)),
    }),
  );
  giveSignalsBack();
  const url = await miniflare.ready;
  await applyMigrations(
    await miniflare.getD1Database(database.binding),
    path.join(options.projectDir, database.migrations_dir),
  );
  return {
    url: url.origin,
    port: Number(url.port),
    workerdPid: readPid(pidFile),
    async scheduled(at) {
      await asScheduled(await miniflare.getWorker()).scheduled({ cron: EVERY_MINUTE, scheduledTime: at });
    },
    stop: () => miniflare.dispose(),
  };
}

/** The only cron pattern the host can poke: once a minute needs no arithmetic. */
const EVERY_MINUTE = "* * * * *";

function assertPokable(crons: readonly string[]): void {
  const other = crons.find((cron) => cron !== EVERY_MINUTE);
  if (other) throw new Error(`wrangler.toml has the cron trigger ${other}, but locally only ${EVERY_MINUTE} is poked`);
}

type Scheduled = { scheduled(event: { cron: string; scheduledTime: Date }): Promise<unknown> };

/** Miniflare's type of a Worker from outside lacks `scheduled`, which its proxy passes on (and a Fetcher has). */
function asScheduled(worker: unknown): Scheduled {
  return worker as Scheduled;
}

/** Miniflare does not tell workerd's pid, so workerd is started through a script that writes it down. */
function prepareLauncher(workerDir: string): string {
  const pidFile = path.join(workerDir, "workerd.pid");
  // The runtime's sockets and scratch files lie in the state folder, so that a kill -9 leaves nothing in /tmp.
  const scratch = path.join(workerDir, "tmp");
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  process.env.TMPDIR = scratch;
  process.env.WATCHBELL_WORKERD_PID_FILE = pidFile;
  process.env.WATCHBELL_WORKERD = process.env[WORKERD_PATH] ?? workerdBinary();
  process.env[WORKERD_PATH] = LAUNCHER;
  return pidFile;
}

/** The binary that Miniflare would start. */
function workerdBinary(): string {
  const nearMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return z.object({ default: z.string() }).parse(nearMiniflare("workerd")).default;
}

function readPid(pidFile: string): number {
  return Number.parseInt(readFileSync(pidFile, "utf8"), 10);
}

/** Miniflare answers a signal by leaving with 128 + its number; how this process ends is ours to say. */
function keepSignals(): () => void {
  const ours = SIGNALS.map((signal) => ({ signal, listeners: process.listeners(signal) }));
  return () => {
    for (const { signal, listeners } of ours) {
      for (const listener of process.listeners(signal)) {
        if (!listeners.includes(listener)) process.removeListener(signal, listener);
      }
    }
  };
}

class HostLog extends Log {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    super(LogLevel.WARN);
    this.#write = write;
  }

  protected override log(message: string): void {
    this.#write(message);
  }
}
