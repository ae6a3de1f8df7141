import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../../dev/start/ready.ts";
import type { Watchbell } from "./watchbell.ts";

/** It ends in a second or two; on a machine that five clusters load a process alone takes ten times that to begin, ms. */
const ENDS_WITHIN_MS = 90_000;

/** How a relay ended that was started beside a Watchbell's own. */
export type RelayEnd = { code: number | null; output: string };

/** Runs one more relay of a Watchbell's cluster id, on another kubeconfig, until it ends by itself. */
export async function runRelayBeside(watchbell: Watchbell, kubeconfig: string): Promise<RelayEnd> {
  const { url, cluster } = await watchbell.system.ready();
  const joinToken = readFileSync(path.join(watchbell.system.stateDir, `join-token-${cluster}`), "utf8").trim();
  const child = spawn(process.execPath, ["relay/main.ts"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      KUBECONFIG: kubeconfig,
      WATCHBELL_URL: url,
      WATCHBELL_CLUSTER: cluster,
      WATCHBELL_JOIN_TOKEN: joinToken,
      WATCHBELL_HEALTH_PORT: "0",
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: ENDS_WITHIN_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += String(chunk);
    });
  }
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, output };
}

/** What the Watchbell's own relay answers at /readyz. */
export async function readyz(watchbell: Watchbell): Promise<{ status: number; words: string }> {
  const log = readFileSync(path.join(watchbell.system.stateDir, "logs", "relay.log"), "utf8");
  const port = [...log.matchAll(/health_port\W+(\d+)/g)].at(-1)?.[1];
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return { status: answer.status, words: await answer.text() };
}
