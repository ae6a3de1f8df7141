import { rmSync } from "node:fs";
import path from "node:path";
import { Semaphore } from "../../../relay/semaphore.ts";
import type { Api } from "../../support/api.ts";
import { spawnDetached } from "../../support/detached.ts";
import { nothingIsLeft } from "../../support/leaks.ts";
import { StartedSystem } from "../../support/system.ts";
import type { Target } from "./target.ts";
import { keepLogs, suiteFolder } from "./targets.ts";

/** A start has the machine to share with other clusters' cases, ms. */
const READY_WITHIN_MS = 60_000;
/** Started side by side, five systems take as long as one after the other, and each of them would wait for the last. */
const starts = new Semaphore(1);

/** A whole Watchbell on a cluster under test. */
export type Watchbell = { api: Api; system: StartedSystem; stop: () => Promise<void> };

/** What a case may want otherwise. */
export type WatchbellOptions = {
  /** In place of the target's `relayKubeconfig`. */
  kubeconfig?: string;
  /** Of one that was stopped: it goes on with that one's state. Default: a new one. */
  stateDir?: string;
  /** Set besides, or in place of what is set here. */
  env?: Record<string, string>;
};

/**
 * `npm start` with the target's kubeconfig, an installation of its own. `namespaces`: what its relay is told that it may touch, none:
 * all. A case that starts one stops it in a `finally`.
 */
export async function startWatchbell(
  target: Target,
  namespaces: readonly string[],
  options: WatchbellOptions = {},
): Promise<Watchbell> {
  return await starts.run(1, () => startNow(target, namespaces, options));
}

async function startNow(target: Target, namespaces: readonly string[], options: WatchbellOptions): Promise<Watchbell> {
  const stateDir = options.stateDir ?? suiteFolder();
  const { WATCHBELL_TOKEN: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    PORT: "0",
    WATCHBELL_STATE: stateDir,
    KUBECONFIG: options.kubeconfig ?? target.relayKubeconfig,
    WATCHBELL_NAMESPACES: namespaces.join(","),
    ...options.env,
  };
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const child = spawnDetached(process.execPath, ["dev/start/main.ts"], { env, stdio, stateDir });
  const system = new StartedSystem(stateDir, child);
  const stop = async () => {
    if (!system.hasEnded()) await system.stop();
    try {
      keepLogs(path.join(stateDir, "logs"));
      await nothingIsLeft(stateDir, [], 5_000);
    } finally {
      rmSync(stateDir, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  try {
    const { api } = await system.ready(READY_WITHIN_MS);
    return { api, system, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
