import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "../../../dev/cluster/cluster.ts";
import { systemClock } from "../../../relay/clock.ts";
import { makeLog } from "../../../relay/log.ts";
import { type RelayEnd, runRelay } from "../../../relay/relay.ts";
import type { FakeGateway } from "./fake-gateway.ts";

/** An embedded cluster in a temporary folder; `stop` removes both. */
export async function startTestCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "watchbell-relay-test-"));
  const cluster = await startCluster({ stateFolder: join(folder, "cluster") });
  const stop = async (): Promise<void> => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...cluster, stop };
}

/** A relay in this process. */
export type RunningRelay = {
  lines: string[];
  healthUrl: Promise<string>;
  stop(): Promise<RelayEnd>;
  end: Promise<RelayEnd>;
};

/** Starts a relay between a gateway and a cluster; its log lines are kept, or shown where RELAY_LINES is set. */
export function startTestRelay(
  gateway: FakeGateway,
  kubeconfig: string,
  settings: { joinToken?: string; namespaces?: string[]; healthPort?: number } = {},
): RunningRelay {
  const lines: string[] = [];
  const stop = new AbortController();
  const ready = Promise.withResolvers<string>();
  const write = (line: string): void => {
    lines.push(line);
    if (process.env.RELAY_LINES) console.log(line);
  };
  const joinToken = settings.joinToken ?? "join-token-1";
  const end = runRelay(
    {
      linkUrl: `${gateway.url.replace("http", "ws")}/relay/local`,
      cluster: "local",
      joinToken,
      kubeconfig,
      namespaces: settings.namespaces ?? [],
      healthPort: settings.healthPort ?? 0,
      healthHost: "127.0.0.1",
      debug: true,
    },
    {
      clock: systemClock,
      log: makeLog({ write, secrets: [joinToken], debug: true, now: Date.now }),
      stop: stop.signal,
      onReady: (port) => ready.resolve(`http://127.0.0.1:${port}`),
    },
  );
  return {
    lines,
    healthUrl: ready.promise,
    end,
    stop: () => {
      stop.abort();
      return end;
    },
  };
}
