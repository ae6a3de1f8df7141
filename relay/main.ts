import { systemClock } from "./clock.ts";
import { HELP, parseEnv } from "./env.ts";
import { makeLog } from "./log.ts";

/** Whatever hangs, the process is gone this long after it was told to stop. */
const STOP_LIMIT_MS = 8_800;

/** Starts the relay; answers the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return 0;
  }
  if (args.length > 0) {
    console.error(
      `The relay takes no argument ${JSON.stringify(args[0])}; its settings are environment variables (--help).`,
    );
    return 1;
  }
  const env = parseEnv(process.env);
  if (!env.ok) {
    for (const problem of env.problems) console.error(problem);
    return 1;
  }
  const { settings } = env;
  const log = makeLog({
    write: (line) => console.log(line),
    secrets: [settings.joinToken],
    debug: settings.debug,
    now: () => systemClock.wallMs(),
  });
  const stop = new AbortController();
  const stopFor = (why: string): void => {
    if (stop.signal.aborted) return;
    log("info", "stopping", { why });
    stop.abort();
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
  };
  process.on("SIGTERM", () => stopFor("SIGTERM"));
  process.on("SIGINT", () => stopFor("SIGINT"));
  process.on("disconnect", () => stopFor("the parent process is gone"));
  let said = false;
  const onReady = (healthPort: number): void => {
    if (said) return;
    said = true;
    log("info", "ready", { health_port: healthPort });
    process.send?.({ type: "ready", healthPort });
  };
  // The Kubernetes client takes half a second to load: neither --help nor a wrong variable should wait for it.
  const { runRelay } = await import("./relay.ts");
  const end = await runRelay(settings, { clock: systemClock, log, stop: stop.signal, onReady });
  if (end.code === 1) log("error", end.sentence);
  return end.code;
}

// The exit is explicit: an IPC channel or a stream that is still open must not keep a stopped relay alive.
process.exit(await main(process.argv.slice(2)));
