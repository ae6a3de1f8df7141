import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findFamily, listProcesses, processInfo } from "../../../dev/support/processes.ts";
import { nobody, type Reaper, startReaper } from "../../../dev/support/reaper-client.ts";

let folder = "";
let reaper: Reaper;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "watchbell-reaper-")));
  reaper = startReaper((problem) => {
    throw new Error(problem);
  });
});
afterEach(async () => {
  await reaper.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function run(script: string, options: { env?: Record<string, string>; detached?: boolean; cwd?: string } = {}): number {
  const { env = {}, detached = true, cwd = "/" } = options;
  const child = spawn("sh", ["-c", script], {
    detached,
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: "ignore",
  });
  children.push(child);
  return child.pid ?? 0;
}

function isAlive(pid: number): boolean {
  return processInfo(pid)?.isZombie === false;
}

/** Says whether a process has a handler for a signal (proc(5), SigCgt). */
function catches(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

test("what is watched ends when the reaper's pipe closes: groups, pids with their children, marked environments, folders", async () => {
  const group = run("sleep 60 & wait");
  const single = run("setsid sleep 60 & wait");
  const marked = run("exec sleep 60", { env: { WHO: "me", WHAT: "this" } });
  const placed = run("exec sleep 60", { cwd: folder });
  const halfMarked = run("exec sleep 60", { env: { WHO: "me" } });
  await vi.waitFor(() => expect(listProcesses().filter((one) => one.parent === single)).toHaveLength(1));
  const child = listProcesses().find((one) => one.parent === single)?.pid ?? 0;
  reaper.watch("group", { ...nobody, groups: [group] });
  reaper.watch("single", { ...nobody, pids: [single] });
  reaper.watch("marked", { ...nobody, environment: ["WHO=me", "WHAT=this"] });
  reaper.watch("placed", { ...nobody, folder });
  await reaper.close();
  await vi.waitFor(() => expect([group, single, child, marked, placed].filter(isAlive)).toEqual([]));
  expect(isAlive(halfMarked)).toBe(true);
});

test("what was forgotten lives on", async () => {
  const kept = run("exec sleep 60");
  reaper.watch("kept", { ...nobody, groups: [kept] });
  reaper.forget("kept");
  await reaper.close();
  expect(isAlive(kept)).toBe(true);
});

test("signals do not end it before its parent has ended", async () => {
  const watched = run("exec sleep 60");
  reaper.watch("watched", { ...nobody, groups: [watched] });
  // SIGHUP, whose handler comes last.
  await vi.waitFor(() => expect(catches(reaper.pid, 1)).toBe(true));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.kill(reaper.pid, signal);
  await reaper.close();
  await vi.waitFor(() => expect(isAlive(watched)).toBe(false));
});

test("a parent that is killed leaves nothing behind", async () => {
  const client = new URL("../../../dev/support/reaper-client.ts", import.meta.url).href;
  const script = `
    import { spawn } from "node:child_process";
    import { startReaper, nobody } from ${JSON.stringify(client)};
    const reaper = startReaper(() => {});
    const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    reaper.watch("child", { ...nobody, groups: [child.pid] });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(parent);
  const [line] = await once(parent.stdout, "data");
  const pid = Number(String(line));
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 3_000 });
});

test("a process older than its family is no member, whatever it looks like", () => {
  const pid = run("exec sleep 60");
  const info = processInfo(pid);
  const family = { ...nobody, groups: [pid], sinceTicks: (info?.startTicks ?? 0) + 1 };
  expect(findFamily(listProcesses(), family)).toEqual([]);
  expect(findFamily(listProcesses(), { ...family, sinceTicks: 0 }).map((one) => one.pid)).toContain(pid);
});
