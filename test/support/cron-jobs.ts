import { expect } from "vitest";
import { z } from "zod";
import type { Api } from "./api.ts";
import { jobCreates } from "./audit-log.ts";
import { until } from "./wait.ts";

const Created = z.object({ job_id: z.string() });
const Runs = z.object({
  data: z.array(
    z.looseObject({
      run: z.number(),
      slot_at: z.number().nullable(),
      count: z.number(),
      status: z.string(),
      kube_job: z.string(),
      lateness_ms: z.number().nullable(),
      reason: z.string(),
    }),
  ),
});
/** A run of `job_runs`, as far as the tests of cron jobs look at it. */
export type CronRun = z.infer<typeof Runs>["data"][number];

/** A cron job; answers its id. */
export async function createCron(api: Api, fields: Record<string, unknown>): Promise<string> {
  const job = { namespace: "default", image: "busybox", ...fields };
  const { code, cause, data } = await api.call("POST", "/api/cron_job/create", job);
  expect({ code, cause }).toEqual({ code: 0, cause: "" });
  return Created.parse(data).job_id;
}

/** Its newest runs, at most 100, newest first. */
export async function cronRuns(api: Api, jobId: string): Promise<CronRun[]> {
  const { data } = await api.call("POST", `/api/job_runs/${jobId}`, { page_size: 100 });
  return Runs.parse(data).data;
}

/** Suspends it and waits until none of its runs is open; a call that a restart loses is made again. */
export async function endCron(api: Api, jobId: string, withinMs = 60_000): Promise<CronRun[]> {
  await until(
    "it is suspended",
    async () => (await api.call("POST", `/api/cron_job/suspend/${jobId}`, { suspend: true })).code === 0,
    withinMs,
    100,
  );
  const ended = ["succeeded", "failed", "cancelled", "lost", "skipped"];
  return await until(
    "no run is open",
    async () => {
      const runs = await cronRuns(api, jobId);
      return runs.every(({ status }) => ended.includes(status)) && runs;
    },
    withinMs,
    100,
  );
}

/**
 * Every slot from the first to the last is a run or counted in a record, none is there twice, and each run's Job has its slot's name;
 * the schedule is one of every so many seconds. Answers the runs of slots, and how many slots there were.
 */
export function expectWhole(name: string, stepMs: number, all: readonly CronRun[]): { ran: CronRun[]; slots: number } {
  // What was suspended at the end is no part of it, and a trigger's run is of no slot.
  const runs = all.filter(({ slot_at, reason }) => slot_at !== null && reason !== "suspended");
  const ran = runs.filter(({ status }) => status !== "skipped");
  const records = runs.filter(({ status }) => status === "skipped");
  const ats = runs.map(({ slot_at }) => slot_at ?? 0);
  // A record's slots are those before its newest one.
  const first = Math.min(...runs.map(({ slot_at, count }) => (slot_at ?? 0) - (count - 1) * stepMs));
  const slots = (Math.max(...ats) - first) / stepMs + 1;
  expect(new Set(ran.map(({ slot_at }) => slot_at)).size).toBe(ran.length);
  expect(ran.length + records.reduce((sum, { count }) => sum + count, 0)).toBe(slots);
  expect(ran.map(({ kube_job }) => kube_job)).toEqual(ran.map(({ slot_at }) => `${name}-${(slot_at ?? 0) / 1_000}`));
  return { ran, slots };
}

/** Each Job of those names was created once, by the API server's own log; answers their names. */
export function expectNoneTwice(auditLogPath: string, name: string): string[] {
  const creates = jobCreates(auditLogPath).filter((one) => one.code === 201 && one.name.startsWith(`${name}-`));
  const names = creates.map((one) => one.name).sort();
  expect(names).toEqual([...new Set(names)]);
  return names;
}
