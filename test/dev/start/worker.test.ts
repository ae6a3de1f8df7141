import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ROOT } from "../../../dev/start/ready.ts";
import { Api } from "../../support/api.ts";
import { isAlive, isListening } from "../../support/leaks.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/wait.ts";

const READY = /worker ready: (http:\S+) token=(\S+)/;

/** `npm run worker` on a folder of its own. */
function startWorker(stateDir: string) {
  const env = { ...process.env, PORT: "0", WATCHBELL_STATE: stateDir, WATCHBELL_TOKEN: "token-of-a-test" };
  const child = spawn(process.execPath, ["dev/start/worker.ts"], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said += String(chunk);
    });
  }
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return {
    child,
    said: () => said,
    api: () =>
      until("the worker is ready", () => {
        const [, url, token] = READY.exec(said) ?? [];
        return url && token ? new Api(url, token) : null;
      }),
    workerdPid: () => Number(readFileSync(path.join(stateDir, "worker", "workerd.pid"), "utf8")),
  };
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

describe("npm run worker", () => {
  test("serves the API over its own tables, is back after its runtime was killed, and ends with 0", async () => {
    const stateDir = tempFolder();
    const worker = startWorker(stateDir);
    const api = await worker.api();
    expect(await api.total()).toBe(0);

    const killed = worker.workerdPid();
    process.kill(killed, "SIGKILL");
    await until("another workerd is started", () => worker.workerdPid() !== killed);
    const total = await until("it answers on the same port", async () => (await api.total()) === 0);
    const next = worker.workerdPid();
    worker.child.kill("SIGTERM");
    worker.child.kill("SIGTERM");

    expect(total).toBe(true);
    expect(await exitCodeOf(worker.child)).toBe(0);
    await until(
      "its runtime is gone",
      async () => !isAlive(next) && !(await isListening(Number(new URL(api.url).port))),
    );
  });

  test("takes its runtime with it when it is killed, and then its folder is free", async () => {
    const stateDir = tempFolder();
    const first = startWorker(stateDir);
    await first.api();
    const refused = startWorker(stateDir);
    expect(await exitCodeOf(refused.child)).toBe(1);
    expect(refused.said()).toBe(`watchbell: the state folder ${stateDir} is in use by process ${first.child.pid}\n`);

    const workerd = first.workerdPid();
    first.child.kill("SIGKILL");
    await until("its runtime is gone", () => !isAlive(workerd), 3_000);
    const second = startWorker(stateDir);

    expect(await (await second.api()).total()).toBe(0);
  });
});
