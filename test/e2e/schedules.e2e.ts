import { expect, test } from "vitest";
import { type CronRun, createCron, cronRuns, endCron, expectNoneTwice, expectWhole } from "../support/cron-jobs.ts";
import { startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

const SCHEDULE = "*/2 * * * * *";
const STEP_MS = 2_000;

function sayLateness(name: string, ran: readonly CronRun[], slots: number): void {
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
  const allow = await createCron(api, {
    schedule: SCHEDULE,
    job_name: "allow",
    command: "true",
    concurrency_policy: "Allow",
  });
  const forbid = await createCron(api, {
    schedule: SCHEDULE,
    job_name: "forbid",
    command: "sleep,3",
    concurrency_policy: "Forbid",
  });
  await until("sixty slots are over", async () => (await cronRuns(api, allow)).length >= 60, 180_000);

  const allowed = expectWhole("allow", STEP_MS, await endCron(api, allow));
  const forbidden = expectWhole("forbid", STEP_MS, await endCron(api, forbid));

  sayLateness("Allow", allowed.ran, allowed.slots);
  sayLateness("Forbid", forbidden.ran, forbidden.slots);
  expect(allowed.slots).toBeGreaterThanOrEqual(60);
  expect(allowed.ran.length).toBe(allowed.slots);
  expect([...allowed.ran, ...forbidden.ran].filter(({ status }) => status !== "succeeded")).toEqual([]);
  // Its runs take three of its four seconds each.
  expect(forbidden.ran.length).toBeGreaterThan(forbidden.slots / 4);
  expect(forbidden.ran.length).toBeLessThan(forbidden.slots);
  for (const name of ["allow", "forbid"]) expectNoneTwice(system.auditLogPath, name);
});

test("after a kill -9 of everything and twenty seconds the newest missed slot runs, and the others are counted", {
  timeout: 180_000,
}, async () => {
  const before = startSystem();
  const started = await before.ready();
  const jobId = await createCron(started.api, {
    schedule: SCHEDULE,
    job_name: "woken",
    command: "true",
    concurrency_policy: "Allow",
  });
  await until("three slots ran", async () => (await cronRuns(started.api, jobId)).length >= 3);
  await before.killEverything();
  const killedAt = Date.now();
  // The outage itself: nothing can be waited for while nothing is there.
  await until("twenty seconds are over", () => Date.now() - killedAt > 20_000, 30_000);

  const system = startSystem({ stateDir: before.stateDir });
  const { api } = await system.ready();
  await until(
    "slots run again",
    async () => {
      const [newest] = await cronRuns(api, jobId);
      return newest?.status === "succeeded" && (newest.slot_at ?? 0) > killedAt + 22_000;
    },
    60_000,
  );
  const runs = await endCron(api, jobId);

  expectWhole("woken", STEP_MS, runs);
  expectNoneTwice(system.auditLogPath, "woken");
  const misfires = runs.filter(({ reason }) => reason === "misfire");
  expect(misfires).toHaveLength(1);
  expect(misfires[0]?.count).toBeGreaterThanOrEqual(6);
  const late = runs.filter(({ status, lateness_ms }) => status === "succeeded" && (lateness_ms ?? 0) > 5_000);
  expect(late.length).toBeLessThanOrEqual(2);
});
