import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Json, listAt, textAt } from "../../../dev/cluster/api/json.ts";
import { listProcesses } from "../../../dev/support/processes.ts";
import { jobs, pods, shellJob } from "./support/test-cluster.ts";

const main = new URL("../../../dev/cluster/main.ts", import.meta.url).pathname;
let folder = "";
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watchbell-restart-"));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Starts `npm run cluster`'s process; `output` collects what it prints. */
function start(...args: string[]): { child: ChildProcess; output: () => string; exit: Promise<number | null> } {
  const child = spawn(process.execPath, [main, "--state", join(folder, "cluster"), ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  started.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += String(chunk)));
  const exit = once(child, "exit").then(([code]: (number | null)[]) => code ?? null);
  return { child, output: () => text, exit };
}

async function ready(run: ReturnType<typeof start>): Promise<string> {
  await vi.waitFor(() => expect(run.output()).toContain("cluster ready: "), { timeout: 10_000 });
  return /cluster ready: (\S+) kubeconfig=/.exec(run.output())?.[1] ?? "";
}

async function send(
  method: "GET" | "POST",
  path: string,
  body?: Json,
): Promise<{ code: number; text: string; body: Json }> {
  const config: Json = JSON.parse(readFileSync(join(folder, "kubeconfig"), "utf8"));
  const origin = textAt(listAt(config, "clusters")[0], "cluster", "server");
  const ca = Buffer.from(
    textAt(listAt(config, "clusters")[0], "cluster", "certificate-authority-data"),
    "base64",
  ).toString();
  const headers = {
    authorization: `Bearer ${textAt(listAt(config, "users")[0], "user", "token")}`,
    "content-type": "application/json",
  };
  const dispatcher = new Agent({ connect: { ca } });
  try {
    const answer = await request(origin + path, {
      dispatcher,
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const parsed: Json = path.includes("/log") ? text : JSON.parse(text);
    return { code: answer.statusCode, text, body: parsed };
  } finally {
    await dispatcher.destroy();
  }
}

async function firstPod(phase: string): Promise<Json> {
  let found: Json | undefined;
  await vi.waitFor(
    async () => {
      found = listAt((await send("GET", pods)).body, "items").find((pod) => textAt(pod, "status", "phase") === phase);
      expect(found).toBeDefined();
    },
    { timeout: 10_000 },
  );
  return found ?? null;
}

/** Living processes whose parent chain or session is a container of this test: their working directory is in its folder. */
function containersAlive(pid: number): boolean {
  return listProcesses().some((one) => one.session === pid && !one.isZombie);
}

/** A Job that writes its own pid into its log and then stays. */
const stays = shellJob("stays", "echo $$$$; sleep 60", { backoffLimit: 3 });

describe("a kill -9 of the cluster", () => {
  test("ends its containers within 3 s; after the next start the pod is failed with a reason and a new one is tried", async () => {
    const first = start();
    const url = await ready(first);
    await send("POST", jobs, stays);
    const pod = await firstPod("Running");
    const path = `${pods}/${textAt(pod, "metadata", "name")}`;
    let pid = 0;
    await vi.waitFor(async () => {
      pid = Number((await send("GET", `${path}/log`)).text);
      expect(pid).toBeGreaterThan(0);
    });
    expect(containersAlive(pid)).toBe(true);
    first.child.kill("SIGKILL");
    await first.exit;
    await vi.waitFor(() => expect(containersAlive(pid)).toBe(false), { timeout: 3_000 });

    const second = start();
    expect(await ready(second)).toBe(url);
    const failed = await firstPod("Failed");
    expect(failed).toMatchObject({
      status: { reason: "NodeRestarted", message: expect.stringContaining("stopped while this pod ran") },
    });
    expect((await send("GET", `${path}/log`)).text).toBe(`${pid}\n`);
    await vi.waitFor(async () =>
      expect(textAt((await send("GET", `${jobs}/stays`)).body, "status", "startTime")).not.toBe(""),
    );
    expect((await send("GET", `${jobs}/stays`)).body).toMatchObject({ status: { failed: 1 } });
  });
});

describe("the process", () => {
  test("says when it is ready, on its channel too, and ends with code 0 on the second of two signals as on one", async () => {
    const run = start();
    const [message] = await once(run.child, "message");
    const url = await ready(run);
    expect(message).toEqual({ type: "ready", url, kubeconfig: join(folder, "kubeconfig") });
    await send("POST", jobs, stays);
    await firstPod("Running");
    run.child.kill("SIGTERM");
    run.child.kill("SIGINT");
    const before = Date.now();
    expect(await run.exit).toBe(0);
    expect(Date.now() - before).toBeLessThan(5_000);
  });

  test("ends when the channel of whoever started it closes", async () => {
    const run = start();
    await ready(run);
    run.child.disconnect();
    expect(await run.exit).toBe(0);
  });

  test("writes an audit log with the moment each request came, to the microsecond", async () => {
    const audit = join(folder, "audit.log");
    const run = start("--audit-log", audit);
    await ready(run);
    await send("POST", jobs, shellJob("audited", "true"));
    const lines = () => readFileSync(audit, "utf8").trim().split("\n");
    await vi.waitFor(() => expect(lines().some((line) => line.includes('"audited"'))).toBe(true));
    const line: Json = JSON.parse(
      lines().find((one) => one.includes('"verb":"create"') && one.includes('"jobs"')) ?? "null",
    );
    expect(line).toMatchObject({
      stage: "ResponseComplete",
      user: { username: "watchbell:admin" },
      objectRef: { resource: "jobs", namespace: "default", name: "audited", apiGroup: "batch" },
      responseStatus: { code: 201 },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
  });

  test("serves fault injection over HTTP only when told to", async () => {
    const run = start("--faults");
    await ready(run);
    expect(
      (await send("POST", "/watchbell/faults", { verb: "list", times: 1, action: { kind: "answer", code: 500 } })).code,
    ).toBe(201);
    expect((await send("GET", jobs)).code).toBe(500);
    expect((await send("GET", jobs)).code).toBe(200);
    expect((await send("POST", "/watchbell/faults", { action: { kind: "explode" } })).code).toBe(400);
  });

  test("refuses what it can't use with one sentence and a code", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const onPort = start("--port", String(port));
    expect(await onPort.exit).toBe(1);
    expect(onPort.output()).toBe(`cluster: Port ${port} on 127.0.0.1 is taken.\n`);
    taken.close();

    const badOption = start("--port", "many");
    expect(await badOption.exit).toBe(2);
    expect(badOption.output()).toContain('--port must be a number from 0 to 65535, not "many".');

    writeFileSync(join(folder, "file"), "");
    const badFolder = start("--state", join(folder, "file", "below"));
    expect(await badFolder.exit).toBe(1);
    expect(badFolder.output()).toMatch(/^cluster: The state folder .* can't be written: .*\n$/);
  });

  test("refuses a state folder that another one uses", async () => {
    const first = start();
    await ready(first);
    const second = start();
    expect(await second.exit).toBe(1);
    expect(second.output()).toMatch(new RegExp(`is in use by process ${first.child.pid}\\.`));
  });
});
