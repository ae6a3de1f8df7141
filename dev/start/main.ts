import { parseSettings } from "./settings.ts";
import { ORPHANED, runSystem, type Voice } from "./system.ts";

const USAGE = `npm start: the whole of Watchbell on this machine: the Worker in workerd, a cluster, and a relay between them.

It reads these variables:
  PORT                               8787; 0: any free port
  WATCHBELL_STATE                    .watchbell/: the folder of all local state; one running system per folder
  WATCHBELL_TOKEN                    the API token; made on first start and kept in the state folder
  WATCHBELL_CLUSTER                  local: the id of the local cluster
  KUBECONFIG                         of a real cluster, instead of the embedded one
  WATCHBELL_RATE_LIMIT               requests per minute and token; none
  WATCHBELL_ALLOWED_IPS              addresses and CIDR ranges that may call the API; all
  WATCHBELL_CALLBACK_SECRETS         one or two whsec_…, comma separated; made on first start, kept in the state folder
  WATCHBELL_ALLOW_PRIVATE_CALLBACKS  1: callbacks may go to this machine
  WATCHBELL_DRAINING                 1: changes to jobs are refused with 106

It ends on Ctrl-C or SIGTERM, and takes every process that it started with it.`;

const voice: Voice = {
  progress: (line) => void process.stderr.write(`watchbell: ${line}\n`),
  ready: (line) => void process.stdout.write(`${line}\n`),
};

/** A signal may come twice, and npm's end counts as one: npm killed outright can't pass anything on. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  if (process.env.npm_lifecycle_event === "start") {
    const npm = process.ppid;
    setInterval(() => process.ppid !== npm && stop.abort(ORPHANED), 250).unref();
  }
  return stop.signal;
}

async function main(): Promise<number> {
  if (process.argv.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const parsed = parseSettings(process.env, process.cwd());
  if (!parsed.ok) {
    voice.progress(`error: ${parsed.problem}`);
    return 1;
  }
  // A reader of our output that went away (`npm start | head`) is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return await runSystem(parsed.settings, voice, stopSignal());
}

// The reaper's handle does not hold the event loop, and one that is empty ends with code 13 before the stop is done.
setInterval(() => undefined, 60_000);
process.exit(await main());
