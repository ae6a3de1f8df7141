import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startWorkerHost } from "../dev/start/worker-host.ts";
import { CONNECTIONS, type CreateRate, measureCreates } from "./creates.ts";
import { benchKubernetes } from "./kubernetes.ts";
import { jobDueAt, type Lateness, measureLateness } from "./lateness.ts";
import { percentile } from "./percentiles.ts";
import { postJobs } from "./posting.ts";
import { benchSchedules } from "./schedules.ts";
import { type BenchSystem, startBenchSystem } from "./system.ts";

const USAGE = `npm run bench [-- --kubernetes [--real] | --schedules]: two figures of the main path, each beside a yardstick measured in the same run.
  creates     creates per second over ${CONNECTIONS} connections, beside a bare Worker that inserts one D1 row and arms one alarm
  lateness    due -> Job create received by the API server, for 200 jobs at 20 a second and 500 due in one second, beside
              the pace at which the relay's own client posts 500 Jobs to that API server with nothing else in between
With --kubernetes, on a real control plane instead (Debian with Go; the first time it builds Kubernetes):
  lateness    due -> Job create received by the API server, and -> the Job's creationTimestamp, for 200 jobs at 10 a second
  calls       the relay's requests per job in that API server's audit log, from the create to the TTL
  --real      with kubelet and containerd as its node, which needs root; otherwise containers are local processes
With --schedules, instead:
  schedules   1,000 jobs * * * * * for three minutes: slot -> Job create received, and how their bookings are spread
Takes about two minutes (schedules: five); give it a quiet machine. The machine's speed cancels out in the ratios, not in the rest.`;

const CREATES_PER_ROUND = 1_000;
const ROUNDS = 3;
const SPREAD_JOBS = 200;
const SPREAD_EVERY_MS = 50;
const HERD_JOBS = 500;
/** From now until the first is due: long enough to create all of them. */
const AHEAD_MS = 15_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const median = (values: number[]): number => percentile(values, 0.5);

function createsRow(name: string, rounds: CreateRate[]): string {
  const perSecond = median(rounds.map((round) => round.perSecond));
  const latencies = rounds.flatMap((round) => round.latenciesMs);
  return `| ${name} | ${perSecond.toFixed(0)} | ${ms(percentile(latencies, 0.5))} | ${ms(percentile(latencies, 0.99))} |`;
}

async function benchCreates(system: BenchSystem, bareUrl: string): Promise<void> {
  const ours: CreateRate[] = [];
  const bare: CreateRate[] = [];
  const nextYear = Date.now() + 365 * 86_400_000;
  const headers = { authorization: `Bearer ${system.token}` };
  // Round 0 warms both up and is not counted; the two take turns so that a busy minute hits both.
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`creates, round ${round} of ${ROUNDS}`);
    const bodyOf = (index: number) => jobDueAt(`create-${round}-${index}`, nextYear);
    const bareRate = await measureCreates(bareUrl, {}, bodyOf, CREATES_PER_ROUND);
    const rate = await measureCreates(`${system.url}/api/once_job/create`, headers, bodyOf, CREATES_PER_ROUND);
    if (round === 0) continue;
    bare.push(bareRate);
    ours.push(rate);
  }
  const ratios = ours.map((rate, index) => rate.perSecond / (bare[index]?.perSecond ?? Number.NaN));
  say(`\n| creates, ${CONNECTIONS} connections, ${ROUNDS} × ${CREATES_PER_ROUND} | per second | p50 | p99 |`);
  say("|---|--:|--:|--:|");
  say(createsRow("bare Worker: one D1 row, one alarm", bare));
  say(createsRow("Watchbell: once_job/create", ours));
  say(`\nratio ${median(ratios).toFixed(2)} (median of ${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`);
}

function latenessRow(name: string, { latenessMs, early, twice, spanMs }: Lateness): string {
  const figures = [0.5, 0.99, 1].map((share) => ms(percentile(latenessMs, share)));
  return `| ${name} | ${figures.join(" | ")} | ${early} | ${twice} | ${(spanMs / 1_000).toFixed(2)} s |`;
}

async function benchLateness(system: BenchSystem): Promise<void> {
  progress(`lateness, ${SPREAD_JOBS} jobs at ${1_000 / SPREAD_EVERY_MS} a second`);
  const start = Date.now() + AHEAD_MS;
  const spreadTimes = Array.from({ length: SPREAD_JOBS }, (_, index) => start + index * SPREAD_EVERY_MS);
  const spread = await measureLateness(system, "spread-", spreadTimes);
  progress(`lateness, ${HERD_JOBS} jobs due in one second`);
  const herdAt = Math.ceil((Date.now() + AHEAD_MS) / 1_000) * 1_000;
  const herd = await measureLateness(
    system,
    "herd-",
    Array.from({ length: HERD_JOBS }, () => herdAt),
  );
  progress(`the relay's client posts ${HERD_JOBS} Jobs`);
  const posted = await postJobs(system, "post-", HERD_JOBS);
  say("\n| due → create received by the API server | p50 | p99 | max | early | twice | first to last |");
  say("|---|--:|--:|--:|--:|--:|--:|");
  say(latenessRow(`${SPREAD_JOBS} jobs, 20 a second`, spread));
  say(latenessRow(`${HERD_JOBS} jobs due in one second`, herd));
  say(latenessRow(`yardstick: ${HERD_JOBS} posts by the relay's client, from its start`, posted));
  const ratio = percentile(herd.latenessMs, 0.99) / percentile(posted.latenessMs, 0.99);
  say(`\n${HERD_JOBS} due in one second against the yardstick, p99: ratio ${ratio.toFixed(2)}`);
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) return say(USAGE);
  const folder = mkdtempSync(path.join(tmpdir(), "watchbell-bench-"));
  const started: { stop(): Promise<void> }[] = [];
  const cleanUp = async (): Promise<void> => {
    await Promise.all(started.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void cleanUp().then(() => process.exit(130)));
  try {
    if (process.argv.includes("--kubernetes")) {
      const level = process.argv.includes("--real") ? "real" : "stand-in";
      return await benchKubernetes(level, folder, started, { say, progress });
    }
    progress("starting a system and a bare Worker");
    const system = await startBenchSystem(path.join(folder, "state"));
    started.push(system);
    const bare = await startWorkerHost({
      projectDir: path.join(import.meta.dirname, "bare-worker"),
      host: "127.0.0.1",
      port: 0,
      workerDir: path.join(folder, "bare"),
      bindings: {},
      log: progress,
      restarted: () => progress("the bare Worker's workerd crashed"),
    });
    started.push(bare);
    if (process.argv.includes("--schedules")) return await benchSchedules(system, { say, progress });
    await benchLateness(system);
    await benchCreates(system, bare.url);
  } finally {
    await cleanUp();
  }
}

await main();
