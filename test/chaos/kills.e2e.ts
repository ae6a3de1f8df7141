import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Api } from "../support/api.ts";
import { jobCreates } from "../support/audit-log.ts";
import { type CronRun, createCron, cronRuns, endCron, expectNoneTwice, expectWhole } from "../support/cron-jobs.ts";
import { newSeed, seeded } from "../support/random.ts";
import { type StartedSystem, startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

const JOBS = 60;
const EVERY_MS = 400;
/** The jobs are all created before the first is due and the first part is killed. */
const AHEAD_MS = 8_000;
/** Beside them jobs by a schedule, each with what its policies make of slots that a kill delays. */
const SCHEDULES = [
  { name: "allow", stepMs: 2_000, fields: { concurrency_policy: "Allow", misfire_policy: "all", misfire_limit: 5 } },
  { name: "forbid", stepMs: 3_000, fields: { concurrency_policy: "Forbid", misfire_policy: "latest" } },
  { name: "queue", stepMs: 5_000, fields: { concurrency_policy: "Queue", misfire_policy: "skip" } },
];
const KILLED_PARTS = ["worker", "relay"] as const;

/** kill -9 of workerd or the relay every 1.5 to 5 s until `untilAt` (epoch ms); says what it killed. */
async function killParts(system: StartedSystem, random: () => number, untilAt: number): Promise<string[]> {
  const killed: string[] = [];
  while (Date.now() < untilAt) {
    await delay(1_500 + random() * 3_500);
    const part = KILLED_PARTS[Math.floor(random() * KILLED_PARTS.length)] ?? "relay";
    for (const pid of system.pids()[part]) {
      try {
        process.kill(pid, "SIGKILL");
        killed.push(part);
      } catch {
        // Killed a moment ago and not yet started again.
      }
    }
  }
  return killed;
}

type Cron = (typeof SCHEDULES)[number] & { jobId: string };

async function createCrons(api: Api): Promise<Cron[]> {
  return await Promise.all(
    SCHEDULES.map(async (cron) => {
      const schedule = `*/${cron.stepMs / 1_000} * * * * *`;
      const fields = { ...cron.fields, schedule, job_name: cron.name, command: "sleep,1" };
      return { ...cron, jobId: await createCron(api, fields) };
    }),
  );
}

/** Each slot from before the first kill until after the last is a run, which succeeded once, or in a record. */
async function expectSlots(system: StartedSystem, api: Api, cron: Cron, from: number, to: number): Promise<string> {
  const isBack = ({ status, slot_at }: CronRun) => status === "succeeded" && (slot_at ?? 0) > to;
  await until("slots run again", async () => (await cronRuns(api, cron.jobId)).some(isBack), 60_000, 100);
  const runs = await endCron(api, cron.jobId);

  const { ran, slots } = expectWhole(cron.name, cron.stepMs, runs);
  expect(ran.filter(({ status }) => status !== "succeeded")).toEqual([]);
  expect(slots).toBeGreaterThan((to - from) / cron.stepMs);
  const names = expectNoneTwice(system.auditLogPath, cron.name);
  expect(names).toEqual(ran.map(({ kube_job }) => kube_job).sort());
  const records = runs.filter(({ reason }) => reason === "misfire" || reason === "concurrency");
  return `${cron.name}: ${slots} slots, ${ran.length} runs, ${records.map(({ reason, count }) => `${count} ${reason}`).join(", ") || "no record"}`;
}

test("while workerd and the relay are killed over and over, every job runs once and its log is whole, and every slot of a schedule is a run or in a record", {
  timeout: 240_000,
}, async () => {
  const seed = Number(process.env.CHAOS_SEED ?? newSeed());
  console.log(`CHAOS_SEED=${seed}`);
  const system = startSystem();
  const { api } = await system.ready();
  const firstDueAt = Date.now() + AHEAD_MS;
  const jobs = await Promise.all(
    Array.from({ length: JOBS }, async (_, index) => {
      const name = `job-${index}`;
      const jobId = await api.create({
        job_name: name,
        command: JSON.stringify(["sh", "-c", `echo begin ${name}; sleep 1; echo end`]),
        job_exec_time: new Date(firstDueAt + index * EVERY_MS).toISOString(),
        metadata: { log_collect: true },
      });
      return { jobId, name };
    }),
  );
  const crons = await createCrons(api);
  expect(Date.now()).toBeLessThan(firstDueAt);

  const killed = await killParts(system, seeded(seed), firstDueAt + JOBS * EVERY_MS);
  const killedUntil = Date.now();

  expect(killed.length).toBeGreaterThan(3);
  const lateness: number[] = [];
  for (const { jobId, name } of jobs) {
    const job = await api.untilStatus(jobId, 2, 60_000);
    expect(job.job_times).toBe(1);
    lateness.push(job.runs[0]?.lateness_ms ?? Number.NaN);
    expect((await api.logs(jobId)).map((row) => row.run_logs)).toEqual([`begin ${name}\nend\n`]);
  }
  const created = jobCreates(system.auditLogPath).filter(({ code, name }) => code === 201 && name.startsWith("job-"));
  expect(created.map(({ name }) => name).sort()).toEqual(jobs.map(({ name }) => name).sort());
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
  console.log(`killed ${killed.join(", ")}; lateness at most ${Math.max(...lateness)} ms`);
  const slots = await Promise.all(crons.map((cron) => expectSlots(system, api, cron, firstDueAt, killedUntil)));
  console.log(slots.join("; "));
  expect(await system.stop()).toBe(0);
});
