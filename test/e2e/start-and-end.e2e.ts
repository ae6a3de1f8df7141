import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { processesOf } from "../../dev/start/leftovers.ts";
import { jobCreates } from "../support/audit-log.ts";
import { isAlive, nothingIsLeft } from "../support/leaks.ts";
import { startSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/wait.ts";

/** After a kill -9 of its first process the others end within this time (contract, part 1). */
const ORPHANS_MS = 3_000;

describe("npm start refuses in one sentence", { timeout: 60_000 }, () => {
  test("a port that is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;

    const system = startSystem({ env: { PORT: String(port) } });

    expect(await system.exitCode()).toBe(1);
    expect(system.stderr).toBe(
      `watchbell: error: PORT ${port} is taken: another program listens there; set PORT to a free one\n`,
    );
  });

  test("a state folder that can't be written", async () => {
    const folder = tempFolder();
    writeFileSync(path.join(folder, "file"), "");

    const system = startSystem({ env: { WATCHBELL_STATE: path.join(folder, "file", "state") } });

    expect(await system.exitCode()).toBe(1);
    expect(system.stderr).toMatch(/^watchbell: error: the state folder \S+ can't be written \(ENOTDIR\): .*\n$/);
  });

  test("a bad value", async () => {
    const system = startSystem({ env: { PORT: "eighty" } });

    expect(await system.exitCode()).toBe(1);
    expect(system.stderr).toBe(
      'watchbell: error: PORT is "eighty": it must be a whole number from 0 to 65535 (0: any free port)\n',
    );
  });

  test("a KUBECONFIG that is not there, and one whose cluster does not answer", async () => {
    const folder = tempFolder();
    const kubeconfig = path.join(folder, "kubeconfig");
    const cluster = { name: "c", cluster: { server: "https://127.0.0.1:9" } };
    const context = { name: "x", context: { cluster: "c", user: "u" } };
    const config = { clusters: [cluster], contexts: [context], users: [{ name: "u", user: { token: "t" } }] };
    writeFileSync(kubeconfig, JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": "x", ...config }));

    const missing = startSystem({ env: { KUBECONFIG: path.join(folder, "none") } });
    const silent = startSystem({ env: { KUBECONFIG: kubeconfig } });

    expect([await missing.exitCode(), await silent.exitCode()]).toEqual([1, 1]);
    expect(missing.stderr).toBe(`watchbell: error: KUBECONFIG is ${folder}/none: there is no such file\n`);
    const errors = silent.stderr.split("\n").filter((line) => line.startsWith("watchbell: error:"));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("KUBECONFIG");
  });
});

describe("npm start ends", { timeout: 60_000 }, () => {
  test.each(["SIGINT", "SIGTERM"] as const)("on %s sent twice to its whole group with code 0", async (signal) => {
    const system = startSystem({ throughNpm: true });
    const { port } = await system.ready();

    // As a terminal does: to npm and to the system at once; and an impatient person does it again.
    process.kill(-(system.child.pid ?? 0), signal);
    await delay(50);
    if (!system.hasEnded()) process.kill(-(system.child.pid ?? 0), signal);

    expect(await system.exitCode()).toBe(0);
    await nothingIsLeft(system.stateDir, [port], 1_000);
  });

  test.each([0, 300, 900, 1_600, 2_400])("on a signal %i ms into its start with code 0", async (afterMs) => {
    const system = startSystem();
    await until("it says that it starts", () => system.stderr.includes("starting the Worker"));

    await delay(afterMs);
    const code = await system.stop();

    expect(code).toBe(0);
    await nothingIsLeft(system.stateDir, [], 1_000);
  });

  test("altogether after a kill -9 of its first process, containers included", async () => {
    const system = startSystem();
    const { api, port } = await system.ready();
    const folder = tempFolder();
    const pidFile = path.join(folder, "pid");
    // A daemon that leaves its session must end as well. Kubernetes makes one `$` of two in a command.
    const script = `setsid sh -c 'echo $$$$ > ${pidFile}.daemon; exec sleep 300' & echo $$$$ > ${pidFile}; sleep 300`;
    const jobId = await api.create({ job_name: "stays", command: JSON.stringify(["sh", "-c", script]) });
    await until("the job runs", async () => (await api.describe(jobId)).status === "running");
    const pids = await until("its two processes run", () => {
      const known = [pidFile, `${pidFile}.daemon`].map((file) => Number.parseInt(readFileSync(file, "utf8"), 10));
      return known.every((pid) => pid > 0 && isAlive(pid)) && known;
    });

    system.child.kill("SIGKILL");
    await nothingIsLeft(system.stateDir, [port], ORPHANS_MS);

    await until("its containers are gone", () => !pids.some(isAlive), ORPHANS_MS);
  });

  test("altogether after a kill -9 of npm, which can pass nothing on", async () => {
    const system = startSystem({ throughNpm: true });
    const { port } = await system.ready();

    system.child.kill("SIGKILL");
    await nothingIsLeft(system.stateDir, [port], ORPHANS_MS);

    expect(await processesOf(system.stateDir)).toEqual([]);
  });
});

describe("npm start with KUBECONFIG", { timeout: 60_000 }, () => {
  test("works on that cluster, and starts none", async () => {
    const other = startSystem();
    await other.ready();
    const system = startSystem({
      env: { KUBECONFIG: path.join(other.stateDir, "kubeconfig"), WATCHBELL_CLUSTER: "real" },
    });
    const { api } = await system.ready();

    const jobId = await api.create({ job_name: "there", command: "true" });
    const job = await api.untilStatus(jobId, 2);

    expect(job.runs[0]).toMatchObject({ cluster: "real", kube_job: "there" });
    expect(system.pids().cluster).toEqual([]);
    expect(jobCreates(other.auditLogPath).map(({ name }) => name)).toEqual(["there"]);
    expect(await system.stop()).toBe(0);
  });
});

describe("two systems", { timeout: 60_000 }, () => {
  test("run side by side, each with its own jobs", async () => {
    const systems = [
      startSystem({ env: { WATCHBELL_CLUSTER: "port" } }),
      startSystem({ env: { WATCHBELL_CLUSTER: "starboard" } }),
    ];
    const [one, two] = await Promise.all(systems.map((system) => system.ready()));
    if (!one || !two) throw new Error("two systems were started");

    const job = { job_name: "same-name", command: "sh,-c,echo $HOSTNAME", metadata: { log_collect: true } };
    const ids = await Promise.all([one.api.create(job), two.api.create(job)]);
    await Promise.all([one.api.untilStatus(ids[0], 2), two.api.untilStatus(ids[1], 2)]);

    expect([one.cluster, two.cluster]).toEqual(["port", "starboard"]);
    expect(await Promise.all([one.api.total(), two.api.total()])).toEqual([1, 1]);
    expect((await one.api.call("GET", `/api/once_job/describe/${ids[1]}`)).http).toBe(404);
    expect(await Promise.all(systems.map((system) => system.stop()))).toEqual([0, 0]);
  });
});
