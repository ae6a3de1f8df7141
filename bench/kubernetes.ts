import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type Level, startKubernetes } from "../test/kubernetes/cluster/cluster.ts";
import { grantRelay } from "../test/kubernetes/cluster/relay-access.ts";
import { type AuditedCall, auditedCalls } from "../test/support/audit-log.ts";
import { type Lateness, measureLateness } from "./lateness.ts";
import { percentile } from "./percentiles.ts";
import { startBenchSystem } from "./system.ts";

const JOBS = 200;
const EVERY_MS = 100;
const AHEAD_MS = 15_000;
const NAMESPACE = "jobs";
const JOBS_PATH = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;
const RELAY_USER = "system:serviceaccount:watchbell:watchbell-relay";
/** A kubelet on a small machine needs seconds for a pod, and all of these come at once. */
const FINISHED_WITHIN_MS = 600_000;

const JobList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), creationTimestamp: z.string() }),
      spec: z.object({ ttlSecondsAfterFinished: z.number().optional() }),
    }),
  ),
});
type Jobs = z.infer<typeof JobList>["items"];

/** Where the figures go, and what is going on meanwhile. */
type Voice = { say: (line: string) => void; progress: (line: string) => void };

/** How late jobs reach a real API server, and what one costs it in requests. What is started goes onto `started`, to be stopped. */
export async function benchKubernetes(
  level: Level,
  folder: string,
  started: { stop(): Promise<void> }[],
  { say, progress }: Voice,
): Promise<void> {
  const cluster = await startKubernetes(level, path.join(folder, "kubernetes"), progress);
  const { admin, folder: files } = cluster;
  const stopCluster = { stop: () => cluster.stop() };
  started.push(stopCluster);
  await admin.kubectl("create", "namespace", NAMESPACE);
  const settings = {
    KUBECONFIG: await grantRelay(admin, files, [NAMESPACE]),
    WATCHBELL_NAMESPACES: NAMESPACE,
  };
  progress("starting a system");
  const watchbell = await startBenchSystem(path.join(folder, "state"), settings);
  // A cluster that goes first would leave a system to complain.
  started[started.indexOf(stopCluster)] = {
    stop: async () => {
      await watchbell.stop();
      await cluster.stop();
    },
  };
  const first = Date.now() + AHEAD_MS;
  const dueTimes = Array.from({ length: JOBS }, (_, index) => first + index * EVERY_MS);
  progress(`${JOBS} jobs at ${1_000 / EVERY_MS} a second`);
  const system = { ...watchbell, auditLog: files.auditLog };
  const fields = { namespace: NAMESPACE, image: "localhost/box:1", metadata: { log_collect: true } };
  const lateness = await measureLateness(system, "bench-", dueTimes, fields);
  progress("waiting until each has its TTL");
  const read = async () => JobList.parse((await admin.client.get(JOBS_PATH)).body).items;
  const jobs = await untilAllHaveTtl(read, progress);
  // The API server writes a watch down when it ends.
  await watchbell.stop();
  await delay(1_000);
  sayLateness(say, level, lateness, secondsBetween(jobs, dueTimes));
  sayCalls(say, auditedCalls(files.auditLog, RELAY_USER), first);
}

async function untilAllHaveTtl(read: () => Promise<Jobs>, progress: (line: string) => void): Promise<Jobs> {
  const deadline = Date.now() + FINISHED_WITHIN_MS;
  for (let last = -1; ; await delay(1_000)) {
    const jobs = await read();
    const done = jobs.filter(({ spec }) => spec.ttlSecondsAfterFinished !== undefined).length;
    if (done === JOBS) return jobs;
    if (Date.now() > deadline) throw new Error(`only ${done} of ${JOBS} Jobs have a TTL`);
    if (Math.floor(done / 50) !== last) progress(`${done} of ${JOBS} have it`);
    last = Math.floor(done / 50);
  }
}

/** From the second in which each was due to its creationTimestamp, which has no fractions: 0 is the same second. */
function secondsBetween(jobs: Jobs, dueTimes: readonly number[]): number[] {
  return jobs.map(({ metadata }) => {
    const dueAt = dueTimes[Number(metadata.name.slice("bench-".length))] ?? 0;
    return Date.parse(metadata.creationTimestamp) / 1_000 - Math.floor(dueAt / 1_000);
  });
}

function sayLateness(say: Voice["say"], level: Level, lateness: Lateness, seconds: number[]): void {
  const figures = [0.5, 0.99, 1].map((share) => `${percentile(lateness.latenessMs, share).toFixed(1)} ms`);
  const stamps = [0.5, 0.99, 1].map((share) => `${percentile(seconds, share)} s`);
  say(`\n| ${JOBS} jobs, ${1_000 / EVERY_MS} a second, real API server (${level}) | p50 | p99 | max | early | twice |`);
  say("|---|--:|--:|--:|--:|--:|");
  say(`| due → create received | ${figures.join(" | ")} | ${lateness.early} | ${lateness.twice} |`);
  const before = seconds.filter((one) => one < 0).length;
  say(`| due's second → creationTimestamp | ${stamps.join(" | ")} | ${before} | |`);
}

function sayCalls(say: Voice["say"], calls: AuditedCall[], firstDueAt: number): void {
  const counts = new Map<string, { before: number; since: number }>();
  for (const { what, code, receivedAt } of calls) {
    const key = code < 400 ? what : `${what} → ${code}`;
    const count = counts.get(key) ?? { before: 0, since: 0 };
    if (receivedAt < firstDueAt) count.before += 1;
    else count.since += 1;
    counts.set(key, count);
  }
  say("\n| the relay's requests | per job | since the first was due | before |");
  say("|---|--:|--:|--:|");
  const row = (what: string, { before, since }: { before: number; since: number }) =>
    say(`| ${what} | ${(since / JOBS).toFixed(3)} | ${since} | ${before} |`);
  const byCount = [...counts].sort(([, a], [, b]) => b.since - a.since);
  for (const [what, count] of byCount) row(what, count);
  const all = [...counts.values()];
  const sum = (key: "before" | "since") => all.reduce((total, count) => total + count[key], 0);
  row("all", { before: sum("before"), since: sum("since") });
}
