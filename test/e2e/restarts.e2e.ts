import { describe, expect, test } from "vitest";
import { processesOf } from "../../dev/start/leftovers.ts";
import { jobCreates } from "../support/audit-log.ts";
import { type PidsFile, startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

/** A part that dies is back within 10 s (contract, part 1). */
const RESTART_MS = 10_000;

function onlyPid(pids: number[]): number {
  const [pid] = pids;
  if (pid === undefined || pids.length !== 1) throw new Error(`one pid expected, got ${JSON.stringify(pids)}`);
  return pid;
}

/** A job that runs for a few seconds and says what it does. */
function slowJob(name: string, seconds: number) {
  const script = `echo begin; sleep ${seconds}; echo end`;
  return {
    job_name: name,
    command: JSON.stringify(["sh", "-c", script]),
    metadata: { log_collect: true, backoff_limit: 0 },
  };
}

async function killed(part: keyof PidsFile, seconds: number) {
  const system = startSystem();
  const { api, url } = await system.ready();
  const jobId = await api.create(slowJob(`job-${part}`, seconds));
  await until("the job runs", async () => (await api.describe(jobId)).status === "running");

  const before = onlyPid(system.pids()[part]);
  process.kill(before, "SIGKILL");
  await until(
    `another ${part} is started`,
    () => {
      const [after] = system.pids()[part];
      return after !== undefined && after !== before;
    },
    RESTART_MS,
  );
  return { system, api, url, jobId };
}

describe("a part that is killed while a job runs", { timeout: 90_000 }, () => {
  test("relay: the end and the log still arrive", async () => {
    const { system, api, jobId } = await killed("relay", 3);

    const job = await api.untilStatus(jobId, 2, 40_000);

    expect(job.job_times).toBe(1);
    expect((await api.logs(jobId)).map((row) => row.run_logs)).toEqual(["begin\nend\n"]);
    expect(jobCreates(system.auditLogPath).map(({ name }) => name)).toEqual(["job-relay"]);
    expect(await system.stop()).toBe(0);
  });

  test("worker: it answers on the same port, the end and the log still arrive, and the next job runs", async () => {
    const { system, api, jobId } = await killed("worker", 3);

    const job = await api.untilStatus(jobId, 2, 40_000);
    const next = await api.create({ job_name: "next", command: "true" });
    await api.untilStatus(next, 2, 30_000);

    expect(job.job_times).toBe(1);
    expect((await api.logs(jobId)).map((row) => row.run_logs)).toEqual(["begin\nend\n"]);
    expect(jobCreates(system.auditLogPath).map(({ name }) => name)).toEqual(["job-worker", "next"]);
    expect(await system.stop()).toBe(0);
  });

  test("cluster: the run is failed with a reason, and the next job runs", async () => {
    const { system, api, jobId } = await killed("cluster", 30);

    const job = await api.untilStatus(jobId, 1, 40_000);
    const next = await api.create({ job_name: "next", command: "true" });
    await api.untilStatus(next, 2, 30_000);

    expect(job.job_exec_information).not.toBe("");
    expect(await system.stop()).toBe(0);
  });
});

describe("every process but the first, killed at once", { timeout: 90_000 }, () => {
  test("is back within 10 s, and a job due meanwhile runs once", async () => {
    const system = startSystem();
    const { api } = await system.ready();
    const before = system.pids();
    const others = await processesOf(system.stateDir);
    const dueAt = Math.ceil(Date.now() / 1_000) * 1_000 + 2_000;
    const jobId = await api.create({ job_name: "due", command: "true", job_exec_time: String(dueAt / 1_000) });

    const killedAt = performance.now();
    for (const pid of others) if (pid !== system.child.pid) process.kill(pid, "SIGKILL");
    await until(
      "all parts are started again",
      () => {
        const after = system.pids();
        const parts = ["worker", "relay", "cluster"] as const;
        return parts.every((part) => after[part].length === 1 && after[part][0] !== before[part][0]);
      },
      RESTART_MS,
    );
    console.log(`all parts started again after ${(performance.now() - killedAt).toFixed(0)} ms`);
    const job = await api.untilStatus(jobId, 2, 40_000);

    expect(job.job_times).toBe(1);
    const creates = jobCreates(system.auditLogPath).filter(({ code }) => code === 201);
    expect(creates.map(({ name }) => name)).toEqual(["due"]);
    expect(creates[0]?.receivedAt).toBeGreaterThanOrEqual(dueAt);
    expect(await system.stop()).toBe(0);
  });
});

describe("kill -9 of everything", { timeout: 90_000 }, () => {
  test("with a job pending: after the next start it runs once, late by the down-time and no more", async () => {
    const first = startSystem();
    const { api: before } = await first.ready();
    const dueAt = Math.ceil(Date.now() / 1_000) * 1_000 + 4_000;
    const due = String(dueAt / 1_000);
    const jobId = await before.create({ job_name: "pending", command: "echo,once", job_exec_time: due });
    const beyond = String(dueAt / 1_000 + 20);
    const later = await before.create({ job_name: "later", command: "true", job_exec_time: beyond });
    expect((await before.describe(jobId)).job_status).toBe(-1);

    await first.killEverything();
    await until("its time has passed", () => Date.now() > dueAt + 1_000);
    const second = startSystem({ stateDir: first.stateDir });
    const { api } = await second.ready();
    const readyAt = Date.now();
    const job = await api.untilStatus(jobId, 2);

    const creates = jobCreates(second.auditLogPath).filter(({ name }) => name === "pending");
    expect(creates.map(({ code }) => code)).toEqual([201]);
    const [created] = creates;
    console.log(`create received ${((created?.receivedAt ?? 0) - readyAt).toFixed(0)} ms after the ready line`);
    expect((created?.receivedAt ?? Number.POSITIVE_INFINITY) - readyAt).toBeLessThan(6_000);
    expect(job.job_times).toBe(1);
    await api.untilStatus(later, 2, 40_000);
    const onTime = jobCreates(second.auditLogPath).find(({ name }) => name === "later");
    expect(onTime?.receivedAt).toBeGreaterThanOrEqual(dueAt + 20_000);
    expect(await second.stop()).toBe(0);
  });

  test("with a job running: its run becomes final, and nothing runs twice", async () => {
    const first = startSystem();
    const { api: before } = await first.ready();
    const jobId = await before.create(slowJob("running", 30));
    await until("the job runs", async () => (await before.describe(jobId)).status === "running");

    await first.killEverything();
    const second = startSystem({ stateDir: first.stateDir });
    const { api } = await second.ready();
    const job = await api.untilStatus(jobId, 1, 60_000);

    expect(job.job_exec_information).not.toBe("");
    expect(jobCreates(second.auditLogPath).filter(({ name }) => name === "running")).toHaveLength(1);
    expect(await second.stop()).toBe(0);
  });
});
