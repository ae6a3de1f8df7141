import { expect, test } from "vitest";
import { z } from "zod";
import type { Api } from "../support/api.ts";
import { jobCreates } from "../support/audit-log.ts";
import { type StartedSystem, startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

const Created = z.object({ job_id: z.string() });
const Runs = z.object({
  total: z.string(),
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
type Run = z.infer<typeof Runs>["data"][number];

const EVERY_TWO = { namespace: "default", image: "busybox", schedule: "*/2 * * * * *" };
const STEP_MS = 2_000;

async function create(api: Api, fields: Record<string, unknown>): Promise<string> {
  const { code, cause, data } = await api.call("POST", "/api/cron_job/create", { ...EVERY_TWO, ...fields });
  expect({ code, cause }).toEqual({ code: 0, cause: "" });
  return Created.parse(data).job_id;
}

async function runsOf(api: Api, jobId: string): Promise<Run[]> {
  const { data } = await api.call("POST", `/api/job_runs/${jobId}`, { page_size: 100 });
  return Runs.parse(data).data;
}

async function end(api: Api, jobId: string): Promise<Run[]> {
  expect((await api.call("POST", `/api/cron_job/suspend/${jobId}`, { suspend: true })).code).toBe(0);
  return await until(
    "no run is open",
    async () => {
      const runs = await runsOf(api, jobId);
      return runs.every(({ status }) => status === "succeeded" || status === "skipped") && runs;
    },
    60_000,
  );
}

/** Every slot from the first to the last is a run or counted in a record; none is there twice. */
function expectWhole(runs: readonly Run[]): { ran: Run[]; slots: number } {
  const ran = runs.filter(({ status }) => status === "succeeded");
  const records = runs.filter(({ status, reason }) => status === "skipped" && reason !== "suspended");
  const ats = [...ran, ...records].map(({ slot_at }) => slot_at ?? 0);
  // A record's slots are those before its newest one.
  const first = Math.min(
    ...ran.map(({ slot_at }) => slot_at ?? 0),
    ...records.map(({ slot_at, count }) => (slot_at ?? 0) - (count - 1) * STEP_MS),
  );
  const slots = (Math.max(...ats) - first) / STEP_MS + 1;
  expect(new Set(ran.map(({ slot_at }) => slot_at)).size).toBe(ran.length);
  expect(ran.length + records.reduce((sum, { count }) => sum + count, 0)).toBe(slots);
  return { ran, slots };
}

function expectNoneTwice(system: StartedSystem, name: string): void {
  const creates = jobCreates(system.auditLogPath).filter((one) => one.code === 201 && one.name.startsWith(`${name}-`));
  expect(new Set(creates.map((one) => one.name)).size).toBe(creates.length);
}

function sayLateness(name: string, ran: readonly Run[], slots: number): void {
  const late = ran.map(({ lateness_ms }) => lateness_ms ?? 0).sort((a, b) => a - b);
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(share * late.length))];
  console.log(
    `${name}: ${slots} slots, ${ran.length} runs, lateness p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${late.at(-1)} ms`,
  );
}

test("every two seconds for two minutes: under Allow each slot runs once, under Forbid it runs or is recorded", {
  timeout: 240_000,
}, async () => {
  const system = startSystem();
  const { api } = await system.ready();
  const allow = await create(api, { job_name: "allow", command: "true", concurrency_policy: "Allow" });
  const forbid = await create(api, { job_name: "forbid", command: "sleep,3", concurrency_policy: "Forbid" });
  await until("sixty slots are over", async () => (await runsOf(api, allow)).length >= 60, 180_000);

  const allowed = expectWhole(await end(api, allow));
  const forbidden = expectWhole(await end(api, forbid));

  sayLateness("Allow", allowed.ran, allowed.slots);
  sayLateness("Forbid", forbidden.ran, forbidden.slots);
  expect(allowed.slots).toBeGreaterThanOrEqual(60);
  expect(allowed.ran.length).toBe(allowed.slots);
  // Its runs take three of its four seconds each.
  expect(forbidden.ran.length).toBeGreaterThan(forbidden.slots / 4);
  expect(forbidden.ran.length).toBeLessThan(forbidden.slots);
  for (const name of ["allow", "forbid"]) expectNoneTwice(system, name);
});

test("after a kill -9 of everything and twenty seconds the newest missed slot runs, and the others are counted", {
  timeout: 180_000,
}, async () => {
  const before = startSystem();
  const started = await before.ready();
  const jobId = await create(started.api, { job_name: "woken", command: "true", concurrency_policy: "Allow" });
  await until("three slots ran", async () => (await runsOf(started.api, jobId)).length >= 3);
  await before.killEverything();
  const killedAt = Date.now();
  // The outage itself: nothing can be waited for while nothing is there.
  await until("twenty seconds are over", () => Date.now() - killedAt > 20_000, 30_000);

  const system = startSystem({ stateDir: before.stateDir });
  const { api } = await system.ready();
  await until(
    "slots run again",
    async () => {
      const [newest] = await runsOf(api, jobId);
      return newest?.status === "succeeded" && (newest.slot_at ?? 0) > killedAt + 22_000;
    },
    60_000,
  );
  const runs = await end(api, jobId);

  expectWhole(runs);
  expectNoneTwice(system, "woken");
  const misfires = runs.filter(({ reason }) => reason === "misfire");
  expect(misfires).toHaveLength(1);
  expect(misfires[0]?.count).toBeGreaterThanOrEqual(6);
  const late = runs.filter(({ status, lateness_ms }) => status === "succeeded" && (lateness_ms ?? 0) > 5_000);
  expect(late.length).toBeLessThanOrEqual(2);
});
