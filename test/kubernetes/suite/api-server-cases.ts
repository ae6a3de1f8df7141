import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobCreates } from "../../support/audit-log.ts";
import { until } from "../../support/wait.ts";
import { ApiProxy, type Fault, type Passing, statusBody } from "./api-proxy.ts";
import { untilRunning } from "./at-work.ts";
import type { Bench } from "./cases.ts";
import { scriptFields } from "./cases.ts";
import { readyz, runRelayBeside } from "./relay-process.ts";
import { JOBS, type Target } from "./target.ts";
import { startEmbedded } from "./targets.ts";
import { testOn } from "./test-on.ts";
import { startWatchbell, type Watchbell } from "./watchbell.ts";

/** A whole Watchbell whose relay reaches its API server through a proxy of ours. */
export type Proxied = { proxy: ApiProxy; watchbell: Watchbell; stop: () => Promise<void> };

export async function startProxied(target: Target, kubeconfig?: (proxy: ApiProxy) => string): Promise<Proxied> {
  const proxy = await ApiProxy.start(target);
  try {
    const options = { kubeconfig: kubeconfig?.(proxy) ?? proxy.kubeconfig, env: { WATCHBELL_DEBUG: "1" } };
    const watchbell = await startWatchbell(target, [JOBS], options);
    const stop = async () => {
      try {
        await watchbell.stop();
      } finally {
        await proxy.close();
      }
    };
    return { proxy, watchbell, stop };
  } catch (error) {
    await proxy.close();
    throw error;
  }
}

const JOBS_PATH = `/apis/batch/v1/namespaces/${JOBS}/jobs`;
const BUSY = "Too many requests, please try again later.\n";
const RETRY_AFTER_SECONDS = 2;

/** Every way in which an API server, or what stands before it, fails a request, each before and after the write. */
const FAULTS: { title: string; fault: Fault }[] = [
  {
    title: "429 in plain text",
    fault: { kind: "answer", status: 429, body: BUSY, headers: { "retry-after": String(RETRY_AFTER_SECONDS) } },
  },
  { title: "503", fault: { kind: "answer", status: 503, body: statusBody(503, "ServiceUnavailable", "later") } },
  {
    title: "504 after the write",
    fault: { kind: "answer", status: 504, body: statusBody(504, "Timeout", "late"), isAfterWrite: true },
  },
  { title: "a reset before the write", fault: { kind: "reset" } },
  { title: "a reset after the write", fault: { kind: "reset", isAfterWrite: true } },
  { title: "a load balancer's 404", fault: { kind: "answer", status: 404, body: "default backend - 404" } },
];

/** Whether a request is one on a Job: its create, or a read, patch or delete of it. */
export function isOnJob(method: Passing["method"], name: string): (passing: Passing) => boolean {
  return (passing) =>
    passing.method === method && (method === "POST" ? passing.name === name : passing.path === `${JOBS_PATH}/${name}`);
}

/** An API server that stumbles, and relays that stand in the wrong place. Nothing here disturbs another Watchbell's relay. */
export function apiServerCases({ kind, target, watchbell }: Bench): void {
  describe("behind a proxy", () => {
    let started: Proxied | undefined;
    beforeAll(async () => {
      started = await startProxied(target());
    });
    afterAll(async () => {
      await started?.stop();
    });
    const proxied = (): Proxied => {
      if (started === undefined) throw new Error("it did not start");
      return started;
    };
    stumblingCases(target, proxied);
    watchCases(target, proxied);
    neighbourCases({ target, watchbell }, proxied);
  });
  testOn(
    kind,
    ["stand-in"],
    "the connection is the relay's to a real API server, whatever the node: one tells as much as two",
  )("a connection that is half open is given up within its time", () => halfOpen(target()));
}

/** How many creates of a Job the API server took, by its own audit log. */
export function createsOf(target: Target, name: string): number {
  return jobCreates(target.auditLog).filter((create) => create.name === name && create.code === 201).length;
}

function stumblingCases(target: Bench["target"], proxied: () => Proxied): void {
  test.for(FAULTS)(
    "$title: at create, log and TTL it costs a run nothing but time",
    async ({ title, fault }, context) => {
      const { proxy, watchbell } = proxied();
      const name = `stumble-${title.replace(/\W+/g, "-").toLowerCase()}`;
      for (const method of ["POST", "PATCH"] as const) proxy.add({ matches: isOnJob(method, name), times: 2, fault });
      const isLog = ({ path }: Passing) => path.endsWith("/log") && path.includes(`/pods/${name}-`);
      proxy.add({ matches: isLog, fault });

      const fields = { ...scriptFields(name, "echo out"), metadata: { log_collect: "true" } };
      const id = await watchbell.api.create(fields);
      const job = await watchbell.api.untilStatus(id, 2, 40_000);

      context.expect(job).toMatchObject({ job_times: 1, job_success_times: 1 });
      const rows = async () => (await watchbell.api.logs(id)).map((row) => row.run_logs);
      await until("its log is whole", async () => (await rows())[0] === "out\n", 20_000);
      const spec = async () => JSON.parse(await target().kubectl("get", "job", name, "-n", JOBS, "-o", "json")).spec;
      await until("its TTL is set", async () => (await spec()).ttlSecondsAfterFinished > 0, 40_000);
      context.expect(createsOf(target(), name)).toBe(1);
      if (fault.kind !== "answer" || fault.status !== 429) return;
      for (const method of ["POST", "PATCH"] as const) {
        const [first, second, third] = proxy.seen.filter(isOnJob(method, name)).map(({ atMs }) => atMs);
        context.expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(RETRY_AFTER_SECONDS * 1_000);
        context.expect((third ?? 0) - (second ?? 0)).toBeGreaterThanOrEqual(RETRY_AFTER_SECONDS * 1_000);
      }
    },
  );

  const lostOrDone = FAULTS.filter(({ title }) => !/503|before/.test(title));
  test.for(lostOrDone)("$title: at a delete the Job goes all the same, and once", async ({ title, fault }, context) => {
    const { proxy, watchbell } = proxied();
    const name = `going-${title.replace(/\W+/g, "-").toLowerCase()}`;
    const id = await watchbell.api.create(scriptFields(name, "exec sleep 60"));
    await untilRunning(watchbell.api, id);
    proxy.add({ matches: isOnJob("DELETE", name), fault });

    const path = `/api/once_job/delete/${id}`;
    context.expect(await watchbell.api.call("POST", path, {})).toMatchObject({ code: 0, cause: "" });

    const left = await target().kubectl("get", "jobs,pods", "-n", JOBS, "-l", `job_name=${name}`, "-o", "name");
    context.expect(left).toBe("");
    context.expect((await watchbell.api.describe(id)).job_status).toBe(3);
  });
}

function watchCases(target: Bench["target"], proxied: () => Proxied): void {
  test("a watch whose version is too old, again and again, misses nothing and makes nothing twice", async () => {
    const { proxy, watchbell } = proxied();
    const fields = { ...scriptFields("too-old", "sleep 2; echo end"), metadata: { log_collect: "true" } };
    const id = await watchbell.api.create(fields);
    let told = 0;
    const job = await until(
      "it succeeded",
      async () => {
        told += proxy.expireWatches();
        const now = await watchbell.api.describe(id);
        return now.job_status === 2 ? now : null;
      },
      60_000,
      500,
    );
    expect(told).toBeGreaterThan(3);
    expect(job).toMatchObject({ job_times: 1, job_success_times: 1 });
    expect((await watchbell.api.logs(id)).map((row) => row.run_logs)).toEqual(["end\n"]);
    expect(createsOf(target(), "too-old")).toBe(1);
  });

  test("a run that ends while no list and no watch gets through is reported by the list that does", async () => {
    const { proxy, watchbell } = proxied();
    const id = await watchbell.api.create(scriptFields("unseen", "sleep 2"));
    await untilRunning(watchbell.api, id);
    // The relay's own view alone: what other cases here do asks for pods, too.
    const isView = ({ query, isWatch }: Passing) => isWatch || query.has("limit");
    const gone: Fault = { kind: "answer", status: 410, body: statusBody(410, "Expired", "too old") };
    const remove = proxy.add({ matches: isView, times: Number.POSITIVE_INFINITY, fault: gone });
    proxy.cutWatches();
    const args = ["get", "job", "unseen", "-n", JOBS, "-o", "jsonpath={.status.succeeded}"];
    await until("its Job is complete", async () => (await target().kubectl(...args)) === "1", 30_000);
    expect((await watchbell.api.describe(id)).status).toBe("running");
    remove();
    expect(await watchbell.api.untilStatus(id, 2, 60_000)).toMatchObject({ job_times: 1 });
  });
}

function neighbourCases({ target, watchbell }: Pick<Bench, "target" | "watchbell">, proxied: () => Proxied): void {
  test("two installations in one namespace: each sees, and touches, its own Jobs alone", async () => {
    const { proxy, watchbell: other } = proxied();
    const { api } = watchbell();
    const first = await api.create(scriptFields("twin", "exec sleep 60"));
    await until("it runs", async () => (await api.describe(first)).status === "running", 30_000);
    const job = async (path: string) =>
      await target().kubectl("get", "job", "twin", "-n", JOBS, "-o", `jsonpath={${path}}`);
    const before = await job(".metadata.uid");

    const second = await other.api.create(scriptFields("twin", "true"));
    const refused = await other.api.untilStatus(second, 1, 30_000);
    expect(refused.runs[0]).toMatchObject({ status: "failed", reason: "name_taken" });
    expect(await other.api.call("POST", `/api/once_job/delete/${second}`, {})).toMatchObject({ code: 0 });

    expect(await job(".metadata.uid")).toBe(before);
    expect((await api.describe(first)).status).toBe("running");
    const own = `watchbell_cluster=${await job(".metadata.labels.watchbell_cluster")}`;
    const views = proxy.seen.filter(({ method, path }) => method === "GET" && /\/(jobs|pods)$/.test(path));
    expect(views.length).toBeGreaterThan(1);
    for (const { query } of views) {
      expect(query.get("labelSelector")).toMatch(/^watchbell_cluster=[a-z0-9]{8}\.local/);
      expect(query.get("labelSelector")).not.toContain(own);
    }
    expect(await api.call("POST", `/api/once_job/delete/${first}`, {})).toMatchObject({ code: 0 });
  });

  test("a relay with the same cluster id in another Kubernetes cluster ends with a sentence, and the first goes on", async () => {
    const { watchbell: first } = proxied();
    const elsewhere = await startEmbedded();
    try {
      const { code, output } = await runRelayBeside(first, elsewhere.relayKubeconfig);
      expect(output).toContain("cluster local is pinned to another Kubernetes cluster");
      expect(code).toBe(1);
    } finally {
      await elsewhere.stop();
    }
    await first.api.untilStatus(await first.api.create(scriptFields("undisturbed", "true")), 2, 30_000);
    // Cases beside this one spoil the same relay's lists for seconds.
    await until("its relay is ready", async () => (await readyz(first)).status === 200, 30_000);
  });

  test("a relay that may not read kube-system, to which its id is pinned, ends with a sentence that says so", async () => {
    const blind = await ApiProxy.start(target());
    const body = statusBody(403, "Forbidden", 'namespaces "kube-system" is forbidden');
    const matches = ({ path }: Passing) => path === "/api/v1/namespaces/kube-system";
    blind.add({ matches, times: Number.POSITIVE_INFINITY, fault: { kind: "answer", status: 403, body } });
    try {
      const { code, output } = await runRelayBeside(proxied().watchbell, blind.kubeconfig);
      expect(output).toMatch(/cluster local is pinned to uid \S+, and this relay may not read kube-system's/);
      expect(code).toBe(1);
    } finally {
      await blind.close();
    }
  });

  test("an API server older than 1.31 is refused with a sentence", async () => {
    const old = await ApiProxy.start(target());
    const version = JSON.stringify({ major: "1", minor: "30", gitVersion: "v1.30.9" });
    const fault: Fault = { kind: "answer", status: 200, body: version };
    old.add({ matches: ({ path }) => path === "/version", fault });
    try {
      const { code, output } = await runRelayBeside(proxied().watchbell, old.kubeconfig);
      expect(output).toContain("This cluster runs Kubernetes v1.30.9; Watchbell needs 1.31 or later.");
      expect(code).toBe(1);
    } finally {
      await old.close();
    }
  });
}

/** Attempts end after 8 s, calls after 10, and a watch once no bookmark came for 90 s. */
const HALF_OPEN_CREATE_MS = 20_000;
const HALF_OPEN_WATCH_MS = 110_000;

async function halfOpen(target: Target): Promise<void> {
  const { proxy, watchbell, stop } = await startProxied(target);
  try {
    const { api } = watchbell;
    const running = await api.create(scriptFields("half-running", "sleep 6"));
    await until("it runs", async () => (await api.describe(running)).status === "running", 30_000);
    expect(proxy.gate.halfOpen()).toBeGreaterThan(1);
    const beganMs = performance.now();
    const created = await api.create(scriptFields("half-created", "true"));

    const isCreated = async () => (await api.describe(created)).runs[0]?.created_at;
    await until("the other is created", isCreated, HALF_OPEN_CREATE_MS);
    const createdMs = performance.now() - beganMs;
    await api.untilStatus(running, 2, HALF_OPEN_WATCH_MS);
    console.log(
      `half open: created after ${createdMs.toFixed(0)} ms, end seen after ${performance.now() - beganMs} ms`,
    );

    await api.untilStatus(created, 2, 20_000);
    for (const name of ["half-running", "half-created"]) expect(createsOf(target, name)).toBe(1);
  } finally {
    await stop();
  }
}
