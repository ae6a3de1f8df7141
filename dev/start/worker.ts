import { nobody, startReaper } from "../support/reaper-client.ts";
import { lockFolder } from "./lock.ts";
import { HOST, ROOT, type WorkerReady } from "./ready.ts";
import { parseSettings, type Settings } from "./settings.ts";
import { openStateFolder, settleCallbackSecrets, settleToken } from "./state-folder.ts";
import type { WorkerHost } from "./worker-host.ts";

const USAGE = `npm run worker: the control plane alone, in workerd on this machine.
It reads PORT, WATCHBELL_STATE, WATCHBELL_TOKEN, WATCHBELL_RATE_LIMIT, WATCHBELL_ALLOWED_IPS,
WATCHBELL_CALLBACK_SECRETS, WATCHBELL_ALLOW_PRIVATE_CALLBACKS and WATCHBELL_DRAINING as npm start does (README), and keeps
its state in the same folder.`;

/** Started by `npm start` it has a channel to it: that one holds the lock, wants pids, and ends this process by closing. */
const supervised = process.connected;

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

function fail(problem: string): never {
  process.stderr.write(`watchbell: ${problem}\n`);
  process.exit(1);
}

function bindingsOf(settings: Settings, token: string, callbackSecrets: string): Record<string, string> {
  return {
    WATCHBELL_TOKEN: token,
    WATCHBELL_CALLBACK_SECRETS: callbackSecrets,
    WATCHBELL_RATE_LIMIT: settings.rateLimit === null ? "" : String(settings.rateLimit),
    WATCHBELL_ALLOWED_IPS: settings.allowedIps.join(","),
    WATCHBELL_ALLOW_PRIVATE_CALLBACKS: settings.allowPrivateCallbacks,
    WATCHBELL_DRAINING: settings.draining,
  };
}

/** A poke at each full minute, as the platform's cron trigger would; it never fires by itself locally. */
function pokeEveryMinute(host: WorkerHost): void {
  const untilNextMs = 60_000 - (Date.now() % 60_000);
  setTimeout(() => {
    const at = new Date();
    host.scheduled(at).catch((error: unknown) => say(`error: the cron handler could not be poked: ${String(error)}`));
    pokeEveryMinute(host);
  }, untilNextMs);
}

function sentenceOf(error: unknown, settings: Settings): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ERR_ADDRESS_IN_USE") return `PORT ${settings.port} is taken: set PORT to a free one`;
  return `the Worker could not be started: ${error instanceof Error ? error.message : String(error)}`;
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const parsed = parseSettings(process.env, process.cwd());
  if (!parsed.ok) fail(parsed.problem);
  const { settings } = parsed;
  const opened = openStateFolder(settings.stateDir);
  if (!opened.ok) fail(opened.problem);
  const { folder } = opened;
  const lock = supervised ? null : lockFolder(folder.dir);
  if (lock && !lock.ok)
    fail(`the state folder ${folder.dir} is in use by process ${lock.holder ?? "of another start"}`);
  const token = settleToken(folder, settings.token);
  const callbacks = settleCallbackSecrets(folder, settings.callbackSecrets);
  // `npm start` has made it before, and said so.
  if (callbacks.made) say(`callbacks are signed with ${callbacks.secrets} (made now, shown once)`);

  // Read by what the host imports: no colours in a log file.
  process.env.NO_COLOR = "1";
  const { startWorkerHost } = await import("./worker-host.ts");
  // Under `npm start` its reaper ends this process's whole group.
  const reaper = supervised ? null : startReaper(say);
  let workerdPid: number | null = null;
  const tell = (ready: WorkerReady) => {
    workerdPid = ready.workerdPid;
    reaper?.watch("workerd", { ...nobody, pids: [ready.workerdPid] });
    if (supervised) process.send?.(ready);
  };
  let host: WorkerHost | null = null;
  stopOnSignal(() => host?.stop() ?? Promise.resolve());
  try {
    host = await startWorkerHost({
      projectDir: ROOT,
      host: HOST,
      port: settings.port,
      workerDir: folder.workerDir,
      bindings: bindingsOf(settings, token, callbacks.secrets),
      log: say,
      restarted(pid) {
        if (host) tell({ type: "ready", url: host.url, workerdPid: pid });
      },
    });
  } catch (error) {
    fail(sentenceOf(error, settings));
  }
  const running = host;
  pokeEveryMinute(running);
  tell({ type: "ready", url: running.url, workerdPid: running.workerdPid });
  endWithRuntime(() => workerdPid ?? running.workerdPid);
  say(`worker ready: ${running.url}${supervised ? "" : ` token=${token}`}`);
}

/** A signal may come twice, and before the Worker is up; the supervisor's end closes the channel. */
function stopOnSignal(stopHost: () => Promise<void>): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // What went wrong while stopping is in the log; Miniflare's exit hook kills a runtime that is still there.
    void stopHost().finally(() => process.exit(0));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"]) process.on(signal, stop);
}

/** Miniflare starts a workerd that died again; where it can't, this process ends, so that its supervisor tries anew. */
function endWithRuntime(workerdPid: () => number): void {
  const patienceMs = 5_000;
  let seenAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    if (isAlive(workerdPid())) seenAt = now;
    else if (now - seenAt > patienceMs) fail("the Workers runtime ended and did not come back");
  }, 500);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: the very answer that was asked for.
    return false;
  }
}

await main();
