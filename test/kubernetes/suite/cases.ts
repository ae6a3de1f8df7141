import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobCreates } from "../../support/audit-log.ts";
import { until } from "../../support/wait.ts";
import type { Parts } from "../cluster/cluster.ts";
import { apiOutageCases, tokenCases } from "./api-outage-cases.ts";
import { apiServerCases } from "./api-server-cases.ts";
import { cronCases } from "./cron-cases.ts";
import { deleteCases, slowDeleteCases } from "./delete-cases.ts";
import { endCases } from "./end-cases.ts";
import { logCases } from "./log-cases.ts";
import { logOutageCases } from "./log-outage-cases.ts";
import { awayCases, lossCases } from "./loss-cases.ts";
import { nodeCases } from "./node-cases.ts";
import { patchCases } from "./patch-cases.ts";
import { refusalCases } from "./refusal-cases.ts";
import { rightsCases } from "./rights-cases.ts";
import { ALLOWED, FEW_RIGHTS, IMAGE, JOBS, READ_ONLY, type Target } from "./target.ts";
import { rerunCases, slowUpdateCases, updateCases } from "./verb-cases.ts";
import { startWatchbell, type Watchbell } from "./watchbell.ts";

/** What a case has to work with; only inside a test, since it is started before the first. */
export type Bench = {
  /** Known before anything starts, so that what a cluster has not is skipped and not passed. */
  kind: Target["name"];
  target: () => Target;
  /** What can be killed and started again, for cases that are skipped on the embedded cluster, which has none of it. */
  parts: () => Parts;
  /** A Watchbell whose relay is told of every namespace of the suite but NO_RIGHT. */
  watchbell: () => Watchbell;
  /** Creates a job that runs now; `script` is given to sh. */
  create: (name: string, script: string, fields?: Record<string, unknown>) => Promise<string>;
};

/** Later than this is a failure on any of the clusters, ms; the bench measures the rest. */
const LATENESS_BOUND_MS = 1_000;

/**
 * The end-to-end cases that disturb nothing, unchanged on every cluster: side by side, `maxConcurrency` at a time, so names and
 * namespaces are a case's own. Those that last longest come first.
 */
export function runSideBySide(title: string, kind: Target["name"], start: () => Promise<Target>): void {
  describe(title, () => {
    const bench = startedBench(kind, start);
    describe.concurrent("side by side", () => {
      tokenCases(bench);
      apiServerCases(bench);
      rightsCases(bench);
      refusalCases(bench);
      slowDeleteCases(bench);
      slowUpdateCases(bench);
      cronCases(bench);
      logCases(bench);
      mainCases(bench);
      deleteCases(bench);
      updateCases(bench);
      rerunCases(bench);
      lossCases(bench);
      endCases(bench);
      patchCases(bench);
    });
  });
}

/** Cases where the API server, the node or the network goes away, or time is measured. */
type Group = (bench: Bench) => void;

export const OUTAGES: readonly Group[] = [outageCases, apiOutageCases, awayCases, nodeCases];
export const LOG_OUTAGES: readonly Group[] = [logOutageCases];

/** Those groups, one case after the other on a cluster of their own, so that others can go on at the same time. */
export function runOneByOne(
  title: string,
  kind: Target["name"],
  start: () => Promise<Target>,
  groups: readonly Group[],
): void {
  describe(title, () => {
    const bench = startedBench(kind, start);
    describe("one by one", () => {
      for (const group of groups) group(bench);
    });
  });
}

/** Starts cluster and Watchbell before the first case of the describe that it is called in, and stops both after the last. */
function startedBench(kind: Target["name"], start: () => Promise<Target>): Bench {
  let target: Target | undefined;
  let watchbell: Watchbell | undefined;
  beforeAll(async () => {
    target = await start();
    watchbell = await startWatchbell(target, [...ALLOWED, FEW_RIGHTS, READ_ONLY]);
  });
  afterAll(async () => {
    try {
      await watchbell?.stop();
    } finally {
      await target?.stop();
    }
  });
  return {
    kind,
    target: () => there(target),
    parts: () => there(target?.cluster?.parts),
    watchbell: () => there(watchbell),
    create: (name, script, fields = {}) => there(watchbell).api.create({ ...scriptFields(name, script), ...fields }),
  };
}

/** The fields of a job that runs a script in the suite's image, for a Watchbell that a case started itself. */
export function scriptFields(name: string, script: string): Record<string, unknown> {
  return { job_name: name, namespace: JOBS, image: IMAGE, command: JSON.stringify(["sh", "-c", script]) };
}

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("it did not start");
  return value;
}

function mainCases({ target, watchbell, create }: Bench): void {
  test("a job runs, with its status, its pod's name and its log in the API", async () => {
    const { api } = watchbell();
    const fields = { command: "echo,k8s jobs !!!", metadata: { log_collect: "true" } };
    const id = await create("echo", "", fields);
    const job = await api.untilStatus(id, 2);
    expect(job).toMatchObject({ job_times: 1, job_success_times: 1, status: "succeeded" });
    const [row] = await api.logs(id);
    expect(row?.run_logs).toBe("k8s jobs !!!\n");
    expect(row?.pod_name).toMatch(/^echo-/);
  });

  test("the Job and its pod carry the labels of the contract, and a TTL once the end is acknowledged", async () => {
    const { api } = watchbell();
    const id = await create("labelled", "true", { metadata: { labels: { team: "night" } } });
    await api.untilStatus(id, 2);
    const labels = ["job_from=watchbell", `job_id=${id}`, "job_name=labelled", "job_type=once", "team=night"];
    const found = async (kind: string) =>
      JSON.parse(await target().kubectl("get", kind, "-n", JOBS, "-l", labels.join(","), "-o", "json"));
    expect((await found("pods")).items).toHaveLength(1);
    const { items } = await found("jobs");
    expect(items).toHaveLength(1);
    expect(items[0].metadata.labels.watchbell_cluster).toMatch(/^[a-z0-9]{8}\.local$/);
    await until("the TTL is set", async () => (await found("jobs")).items[0].spec.ttlSecondsAfterFinished > 0);
  });
}

function outageCases({ target, watchbell, create }: Bench): void {
  test("a delayed job reaches the API server at its time and not before", async () => {
    const { api } = watchbell();
    const dueSecond = Math.ceil((Date.now() + 2_000) / 1_000);
    const id = await create("delayed", "true", { job_exec_time: String(dueSecond) });
    await api.untilStatus(id, 2);
    const created = await until("its create is in the audit log", () =>
      jobCreates(target().auditLog).find(({ name }) => name === "delayed"),
    );
    const latenessMs = created.receivedAt - dueSecond * 1_000;
    console.log(`${target().name}: due → create received: ${latenessMs.toFixed(1)} ms`);
    expect(latenessMs).toBeGreaterThanOrEqual(0);
    expect(latenessMs).toBeLessThan(LATENESS_BOUND_MS);
  });

  test("a run goes on while the API server is away, and its end and log arrive once it is back", async () => {
    const { api } = watchbell();
    const script = "echo before; sleep 4; echo after";
    const id = await create("outage", script, { metadata: { log_collect: "true" } });
    await until("it runs", async () => (await api.describe(id)).status === "running");
    const waiting = await create("meanwhile", "true", { job_exec_time: "PT1S" });
    await target().withoutApiServer(async () => {
      await until("the other job says what it waits for", async () =>
        (await api.describe(waiting)).explain.includes("waiting: api_server_unreachable"),
      );
    });
    await api.untilStatus(id, 2, 30_000);
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["before\nafter\n"]);
    expect((await api.untilStatus(waiting, 2, 30_000)).runs).toHaveLength(1);
    const creates = jobCreates(target().auditLog).filter(({ name, code }) => name === "meanwhile" && code === 201);
    expect(creates).toHaveLength(1);
  });
}
