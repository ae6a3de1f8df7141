import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { ROOT } from "../dev/start/ready.ts";

/** A whole system under measurement: `npm start` on a folder of its own. */
export type BenchSystem = { url: string; token: string; kubeconfig: string; auditLog: string; stop(): Promise<void> };

const READY = /^watchbell ready: (http:\S+) token=(\S+) cluster=\S+$/m;

/** A port nobody has at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Starts the system as a newcomer does and waits for its ready line; throws with what it printed if it ends before. */
export async function startBenchSystem(stateDir: string, settings: Record<string, string> = {}): Promise<BenchSystem> {
  const { KUBECONFIG: _, ...inherited } = process.env;
  const port = String(await freePort());
  const env = { ...inherited, PORT: port, WATCHBELL_STATE: stateDir, WATCHBELL_RATE_LIMIT: "", ...settings };
  const child = spawn(process.execPath, ["dev/start/main.ts"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said += String(chunk);
      const match = READY.exec(said);
      if (match) resolve(match);
    });
  }
  child.once("exit", (code) => reject(new Error(`npm start ended with ${code}: ${said}`)));
  const [, url = "", token = ""] = await promise;
  return {
    url,
    token,
    kubeconfig: path.join(stateDir, "kubeconfig"),
    auditLog: path.join(stateDir, "logs", "audit.log"),
    async stop() {
      child.removeAllListeners("exit");
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
