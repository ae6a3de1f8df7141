import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../dev/start/ready.ts";
import { until } from "../../support/wait.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { expectSame, noteLog } from "./log-table.ts";
import { JOBS } from "./target.ts";
import { testOn } from "./test-on.ts";
import { startWatchbell } from "./watchbell.ts";

const COLLECT = { log_collect: "true" };
/** 200 lines, one each 50 ms. */
const TICKING = "i=100; while [ $i -lt 300 ]; do echo tick-$i; i=$((i+1)); sleep 0.05; done";
const ticks = Array.from({ length: 200 }, (_, at) => `tick-${at + 100}\n`).join("");
/** 25 s at 3 MB a second: the node rotates at 10 MiB, and looks every 10 s. */
const FAST =
  "l=$(head -c 999 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 250 ]; do yes $l | head -n 300; i=$((i+1)); sleep 0.1; done";

/** Logs while something that they pass through goes away. One by one. */
export function logOutageCases(bench: Bench): void {
  relayCases(bench);
  nodeCases(bench);
  podCases(bench);
}

/** A job whose log is being written; answers its id once it runs. */
async function running({ watchbell, create }: Bench, name: string, script: string, metadata = {}): Promise<string> {
  const id = await create(name, script, { metadata: { ...COLLECT, ...metadata } });
  const { api } = watchbell();
  await until("it runs", async () => (await api.describe(id)).status === "running");
  return id;
}

async function expectTicks({ kind, watchbell }: Bench, what: string, id: string): Promise<void> {
  const { api } = watchbell();
  await api.untilStatus(id, 2, 90_000);
  const [row] = await api.logs(id);
  noteLog(kind, what, ticks.length, row?.run_logs ?? "");
  expectSame(row?.run_logs, ticks);
}

function relayCases(bench: Bench): void {
  test("a log is whole though the relay is killed in the middle of it", async () => {
    const id = await running(bench, "log-relay", TICKING);
    const { system } = bench.watchbell();
    for (const pid of system.pids().relay) process.kill(pid, "SIGKILL");
    await expectTicks(bench, "relay killed in mid-log", id);
  });

  test("a log is whole though the other relay of its cluster takes over in the middle of it", async () => {
    const { system } = bench.watchbell();
    const { url, cluster } = await system.ready();
    const env = {
      PATH: process.env.PATH,
      WATCHBELL_URL: url,
      WATCHBELL_CLUSTER: cluster,
      WATCHBELL_JOIN_TOKEN: readFileSync(path.join(system.stateDir, `join-token-${cluster}`), "utf8").trim(),
      WATCHBELL_NAMESPACES: JOBS,
      WATCHBELL_HEALTH_PORT: "0",
      KUBECONFIG: bench.target().relayKubeconfig,
    };
    const other = spawn(process.execPath, ["relay/main.ts"], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [other.stdout, other.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
    try {
      await until("it stands by", () => said.includes("linked as standby"), 60_000);
      const id = await running(bench, "log-standby", TICKING);
      for (const pid of system.pids().relay) process.kill(pid, "SIGKILL");
      await until("it is the active one", () => said.includes("now active"), 40_000);
      await expectTicks(bench, "standby relay takes over in mid-log", id);
    } finally {
      other.kill("SIGTERM");
      if (other.exitCode === null) await once(other, "exit");
    }
  });

  testOn(
    bench.kind,
    ["real"],
    "only a real node rotates logs",
  )("a log that was rotated while no relay was there says so", async () => {
    const target = bench.target();
    const first = await startWatchbell(target, [JOBS]);
    let last = first;
    try {
      const job = scriptFields("log-alone", FAST);
      const id = await first.api.create({ ...job, metadata: COLLECT });
      await until("it runs", async () => (await first.api.describe(id)).status === "running");
      await first.system.stop();
      const labels = ["-n", JOBS, "-l", `job_id=${id}`, "-o", "jsonpath={.items[*].status.succeeded}"];
      await until("it has ended", async () => (await target.kubectl("get", "jobs", ...labels)) === "1", 90_000);
      last = await startWatchbell(target, [JOBS], { stateDir: first.system.stateDir });
      await last.api.untilStatus(id, 2, 60_000);
      const [row] = await last.api.logs(id);
      noteLog(bench.kind, "rotated while no relay was there", 75_000_000, row?.run_logs ?? "");
      expect(row?.run_logs).toMatch(/^\[watchbell: log not readable: its first line was written \d+ s after the start/);
    } finally {
      await last.stop();
    }
  });
}

function nodeCases(bench: Bench): void {
  testOn(
    bench.kind,
    ["real"],
    "there is no kubelet here whose containers outlive it",
  )("a log is whole though the kubelet is killed in the middle of it", async () => {
    const id = await running(bench, "log-kubelet", TICKING);
    const { node } = bench.parts();
    await node.kill();
    await node.start();
    await expectTicks(bench, "kubelet killed in mid-log", id);
  });

  test("a log is whole though the API server is away in the middle of it", async () => {
    const id = await running(bench, "log-api-server", TICKING);
    const { api } = bench.watchbell();
    const other = await bench.create("log-meanwhile", "true", { job_exec_time: "PT1S" });
    await bench.target().withoutApiServer(async () => {
      await until("the relay has met it", async () => (await api.describe(other)).explain.includes("unreachable"));
    });
    await expectTicks(bench, "API server killed in mid-log", id);
  });

  testOn(
    bench.kind,
    ["real"],
    "the words are the real kubelet's",
  )("the kubelet's own words, which come with HTTP 200, are never output", async () => {
    const id = await running(bench, "log-words", "echo output; sleep 5; exit 1", {
      log_collect: "false",
      backoff_limit: "0",
    });
    const pod = await podOf(bench, "log-words");
    const { cluster } = bench.target();
    if (cluster === null) throw new Error("it has no node");
    const { name: podName, uid } = pod.metadata;
    const log = path.join(cluster.folder.node, "pod-logs", `${JOBS}_${podName}_${uid}`, "main", "0.log");
    rmSync(log);
    // Where nothing was there the kubelet would have a new file begun.
    symlinkSync("/nowhere/0.log", log);
    const { api } = bench.watchbell();
    await api.untilStatus(id, 1, 60_000);
    const [row] = await api.logs(id);
    noteLog(bench.kind, "pods/log answers 200 with an error text", 7, row?.run_logs ?? "");
    expect(row?.run_logs).toMatch(/^\[watchbell: log not readable: .*\]$/);
  });
}

function podCases(bench: Bench): void {
  test("the log of a pod that somebody deletes is kept, and that of the next one", async () => {
    const script =
      "trap 'echo told to end; exit 1' TERM; echo begun; i=0; while [ $i -lt 40 ]; do sleep 0.1; i=$((i+1)); done; echo done";
    const id = await running(bench, "log-deleted-pod", script, { backoff_limit: "2" });
    const first = await podOf(bench, "log-deleted-pod");
    await bench.target().kubectl("delete", "pod", first.metadata.name, "-n", JOBS);
    const { api } = bench.watchbell();
    await api.untilStatus(id, 2, 60_000);
    const rows = await api.logs(id);
    noteLog(bench.kind, "of a pod deleted by hand, and of the next", 29, rows.map((row) => row.run_logs).join(""));
    expect(rows.map((row) => row.run_logs)).toEqual(["begun\ntold to end\n", "begun\ndone\n"]);
  });
}

async function podOf(bench: Bench, name: string): Promise<{ metadata: { name: string; uid: string } }> {
  const labels = `job_from=watchbell,job_name=${name}`;
  const words = await bench.target().kubectl("get", "pods", "-n", JOBS, "-l", labels, "-o", "json");
  const [pod] = JSON.parse(words).items;
  return pod;
}
