import { spawn } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";
import { awaitLeftovers, PART_OF, processesOf } from "../../../dev/start/leftovers.ts";
import { freePort } from "../../../dev/start/ports.ts";
import { isAlive, isListening } from "../../support/leaks.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/wait.ts";

function partOf(stateDir: string, script: string): number {
  const child = spawn(process.execPath, ["-e", script], { env: { ...process.env, [PART_OF]: stateDir } });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child.pid ?? 0;
}

const never = new AbortController().signal;

describe("processes of an earlier start", () => {
  test("are told from those of another folder", async () => {
    const mine = tempFolder();
    const pid = partOf(mine, "setInterval(() => undefined, 1000)");
    partOf(`${mine}-other`, "setInterval(() => undefined, 1000)");

    const found = await until("it is seen", async () => {
      const pids = await processesOf(mine);
      return pids.length > 0 && pids;
    });

    expect(found).toEqual([pid]);
  });

  test("get time to end by themselves", async () => {
    const dir = tempFolder();
    const pid = partOf(dir, "setTimeout(() => undefined, 400)");
    await until("it is seen", async () => (await processesOf(dir)).length > 0);

    const left = await awaitLeftovers(dir, never);

    expect(left).toEqual([]);
    expect(isAlive(pid)).toBe(false);
  });

  test("are killed where they do not end", async () => {
    const dir = tempFolder();
    const pid = partOf(dir, "process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)");
    await until("it is seen", async () => (await processesOf(dir)).length > 0);

    const left = await awaitLeftovers(dir, never);

    expect(left).toEqual([]);
    await until("it is gone", () => !isAlive(pid));
  });
});

describe("a port", () => {
  test("that is taken is no free one, and 0 means any", async () => {
    const free = await freePort(0);
    const { createServer } = await import("node:net");
    const server = createServer().listen(free ?? 0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await until("it listens", () => isListening(free ?? 0));

    const taken = await freePort(free ?? 0);

    expect(free).toBeGreaterThan(0);
    expect(taken).toBeNull();
  });
});
