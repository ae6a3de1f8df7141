import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import type { Api } from "../../support/api.ts";
import { jobCreates } from "../../support/audit-log.ts";
import { until } from "../../support/wait.ts";
import { RELAY_NAMESPACE } from "../cluster/relay-access.ts";
import { createsOf, isOnJob, type Proxied, startProxied } from "./api-server-cases.ts";
import { processesOf } from "./at-work.ts";
import type { Bench } from "./cases.ts";
import { scriptFields } from "./cases.ts";
import { readyz } from "./relay-process.ts";
import { JOBS, type Target } from "./target.ts";
import { testOn } from "./test-on.ts";

/** Longer than an attempt to create (8 s) and any other call (10 s). */
const LONG_STOP_MS = 14_000;
const SHORT_STOP_MS = 3_000;

/** The API server itself stands still or dies: one by one, since it does so to everybody. */
export function apiOutageCases(bench: Bench): void {
  const { kind, target, parts } = bench;
  for (const stopMs of [SHORT_STOP_MS, LONG_STOP_MS]) {
    testOn(
      kind,
      ["stand-in", "real"],
      "the embedded API server is also the node: it can't stand still alone",
    )(`an API server that stands still for ${stopMs / 1_000} s and goes on`, async () => {
      await standStill(bench, stopMs);
    });
  }

  testOn(
    kind,
    ["stand-in"],
    "five starts of a real API server: what the node is makes no difference to it",
  )("an API server that is killed at create, log and TTL: one Job, its end and its log", async () => {
    const proxied = await startProxied(target());
    try {
      await killAtEachStep(target(), parts, proxied);
    } finally {
      await proxied.stop();
    }
  });
}

/** Only its own relay is thrown out, so this one may run beside others. */
export function tokenCases({ kind, target }: Bench): void {
  testOn(
    kind,
    ["stand-in"],
    "tokens are a real API server's matter: one tells as much as two",
  )("a token that is revoked, and replaced in its file", () => tokenGoes(target()));
}

async function standStill({ target, parts, watchbell, create }: Bench, stopMs: number): Promise<void> {
  const { api } = watchbell();
  const { apiServer } = parts();
  const of = (name: string) => `${name}-${stopMs}`;
  const running = await create(of("still-running"), "sleep 2; echo end", { metadata: { log_collect: "true" } });
  await until("it runs", async () => (await api.describe(running)).status === "running");
  apiServer.signal("SIGSTOP");
  const stoppedMs = performance.now();
  let due: string;
  let expired: string;
  try {
    due = await create(of("still-due"), "true");
    expired = await create(of("still-late"), "true", { starting_deadline_seconds: 1 });
    if (stopMs > SHORT_STOP_MS) {
      const says = async () => (await api.describe(due)).explain.includes("waiting: api_server_unreachable");
      await until("it says what it waits for", says, LONG_STOP_MS);
    }
    await until("the time is over", () => performance.now() - stoppedMs >= stopMs, stopMs + 1_000);
  } finally {
    apiServer.signal("SIGCONT");
  }
  const backMs = performance.now();
  expect(await api.untilStatus(due, 2, 60_000)).toMatchObject({ job_times: 1 });
  await api.untilStatus(running, 2, 60_000);
  console.log(`stood still for ${stopMs} ms: all told ${(performance.now() - backMs).toFixed(0)} ms after`);
  expect((await api.logs(running)).map((row) => row.run_logs)).toEqual(["end\n"]);
  for (const name of ["still-running", "still-due"]) expect(createsOf(target(), of(name))).toBe(1);
  await lateOne(target(), api, expired, of("still-late"));
}

/** Past its start deadline it was either never made or did not start, or it ran: what is told is what is there, also later. */
async function lateOne(target: Target, api: Api, id: string, name: string): Promise<void> {
  const job = await until(
    "it is final",
    async () => {
      const now = await api.describe(id);
      return now.job_status === 1 || now.job_status === 2 ? now : null;
    },
    40_000,
  );
  const isThere = async () => (await target.kubectl("get", "jobs", "-n", JOBS, "-o", "name")).includes(`/${name}\n`);
  if (job.job_status === 2) expect(await isThere()).toBe(true);
  else await until("no Job of it is left", async () => !(await isThere()), 20_000);
  expect(createsOf(target, name)).toBeLessThanOrEqual(1);
}

async function killAtEachStep(target: Target, parts: Bench["parts"], { proxy, watchbell }: Proxied): Promise<void> {
  const { api } = watchbell;
  const { apiServer } = parts();
  let kills = 0;
  let restarts: Promise<void> = Promise.resolve();
  const meanwhile = async () => {
    kills++;
    await apiServer.kill();
    restarts = apiServer.start();
  };
  const name = "killed-at";
  const before = { kind: "reset" as const, meanwhile };
  proxy.add({ matches: isOnJob("POST", name), fault: before });
  proxy.add({ matches: isOnJob("POST", name), fault: { ...before, isAfterWrite: true } });
  proxy.add({
    matches: ({ path: asked }) => asked.includes(`/pods/${name}-`) && asked.endsWith("/log"),
    fault: before,
  });
  proxy.add({ matches: isOnJob("PATCH", name), fault: { ...before, isAfterWrite: true } });
  const beganMs = performance.now();
  const id = await api.create({ ...scriptFields(name, "echo out"), metadata: { log_collect: "true" } });
  const job = await api.untilStatus(id, 2, 90_000);
  expect(job).toMatchObject({ job_times: 1, job_success_times: 1 });
  await until("its log is whole", async () => (await api.logs(id))[0]?.run_logs === "out\n", 60_000);
  await until("it was killed at each step", () => kills === 4, 60_000);
  await restarts;
  const ttl = ["get", "job", name, "-n", JOBS, "-o", "jsonpath={.spec.ttlSecondsAfterFinished}"];
  await until("its TTL is set", async () => Number(await target.kubectl(...ttl)) > 0, 60_000);
  expect(jobCreates(target.auditLog).filter((one) => one.name === name && one.code === 201)).toHaveLength(1);
  console.log(`killed ${kills} times: whole after ${(performance.now() - beganMs).toFixed(0)} ms`);

  const going = await api.create(scriptFields("killed-going", "exec sleep 60"));
  await until("it runs", async () => (await api.describe(going)).status === "running", 60_000);
  proxy.add({ matches: isOnJob("DELETE", "killed-going"), fault: { ...before, isAfterWrite: true } });
  const answer = await api.call("POST", `/api/once_job/delete/${going}`, {});
  expect([0, 253]).toContain(answer.code);
  await api.untilStatus(going, 3, 60_000);
  await restarts;
  expect(processesOf(going)).toEqual([]);
  // A pod that has ended may be there a moment longer than its Job: its collector lost the same API server.
  const left = ["get", "jobs,pods", "-n", JOBS, "-l", "job_name=killed-going", "-o", "name"];
  await until("nothing of it is left", async () => (await target.kubectl(...left)) === "", 30_000);
}

const TokenAnswer = z.object({ status: z.object({ token: z.string() }) });

/** A token that holds as long as a Secret is there. */
async function boundToken(target: Target, secret: string): Promise<string> {
  await target.kubectl("create", "secret", "generic", secret, "-n", RELAY_NAMESPACE);
  const uid = await target.kubectl("get", "secret", secret, "-n", RELAY_NAMESPACE, "-o", "jsonpath={.metadata.uid}");
  const account = `/api/v1/namespaces/${RELAY_NAMESPACE}/serviceaccounts/watchbell-relay/token`;
  const answer = await target.client.create(account, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: secret, uid } },
  });
  return TokenAnswer.parse(answer.body).status.token;
}

async function tokenGoes(target: Target): Promise<void> {
  const first = await boundToken(target, "first-token");
  const { proxy, watchbell, stop } = await startProxied(target, ({ kubeconfig }) => withTokenFile(kubeconfig, first));
  const { api } = watchbell;
  try {
    const running = await api.create(scriptFields("signed-running", "sleep 25"));
    await until("it runs", async () => (await api.describe(running)).status === "running", 30_000);
    await target.kubectl("delete", "secret", "first-token", "-n", RELAY_NAMESPACE);
    // The API server believes a token for ten seconds more.
    const isOut = async () => (await readyz(watchbell)).words.includes("Unauthorized");
    await until("the relay says that it is thrown out", isOut, 30_000);
    proxy.cutWatches();
    const waiting = await api.create(scriptFields("signed-waiting", "true"));
    const says = async () => (await api.describe(waiting)).explain.includes("waiting: unauthorized");
    await until("the job says why it waits", says, 20_000);
    expect((await api.describe(running)).status).toBe("running");

    writeFileSync(tokenPath(proxy.kubeconfig), `${await boundToken(target, "second-token")}\n`);
    const renewedMs = performance.now();
    await until("the relay is ready", async () => (await readyz(watchbell)).status === 200, 30_000);
    expect(await api.untilStatus(waiting, 2, 40_000)).toMatchObject({ job_times: 1 });
    console.log(`token replaced: the waiting job is done ${(performance.now() - renewedMs).toFixed(0)} ms after`);
    expect(await api.untilStatus(running, 2, 60_000)).toMatchObject({ job_times: 1 });
  } finally {
    await stop();
  }
}

function tokenPath(kubeconfig: string): string {
  return path.join(path.dirname(kubeconfig), "relay-token");
}

/** The same kubeconfig with its token in a file beside it. */
function withTokenFile(kubeconfig: string, token: string): string {
  writeFileSync(tokenPath(kubeconfig), token, { mode: 0o600 });
  const config = z.looseObject({ users: z.array(z.unknown()) }).parse(JSON.parse(readFileSync(kubeconfig, "utf8")));
  const users = [{ name: "user", user: { tokenFile: "relay-token" } }];
  writeFileSync(kubeconfig, JSON.stringify({ ...config, users }));
  return kubeconfig;
}
