import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { jobCreates } from "../support/audit-log.ts";
import { newSeed, seeded } from "../support/random.ts";
import { type StartedSystem, startSystem } from "../support/system.ts";

const JOBS = 60;
const EVERY_MS = 400;
/** The jobs are all created before the first is due and the first part is killed. */
const AHEAD_MS = 8_000;
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

test("while workerd and the relay are killed over and over, every job runs once and its log is whole", {
  timeout: 180_000,
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
  expect(Date.now()).toBeLessThan(firstDueAt);

  const killed = await killParts(system, seeded(seed), firstDueAt + JOBS * EVERY_MS);

  expect(killed.length).toBeGreaterThan(3);
  const lateness: number[] = [];
  for (const { jobId, name } of jobs) {
    const job = await api.untilStatus(jobId, 2, 60_000);
    expect(job.job_times).toBe(1);
    lateness.push(job.runs[0]?.lateness_ms ?? Number.NaN);
    expect((await api.logs(jobId)).map((row) => row.run_logs)).toEqual([`begin ${name}\nend\n`]);
  }
  const created = jobCreates(system.auditLogPath).filter(({ code }) => code === 201);
  expect(created.map(({ name }) => name).sort()).toEqual(jobs.map(({ name }) => name).sort());
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
  console.log(`killed ${killed.join(", ")}; lateness at most ${Math.max(...lateness)} ms`);
  expect(await system.stop()).toBe(0);
});
