import { expect, test } from "vitest";
import { jobCreates } from "../support/audit-log.ts";
import { startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

/** A job as the API takes it, its script given to sh. */
function jobOf(name: string, script: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const command = JSON.stringify(["sh", "-c", script]);
  return { job_name: name, namespace: "default", image: "busybox", job_exec_time: "0", command, ...fields };
}

const LOGGED = { metadata: { log_collect: "true", backoff_limit: 0 } };

test("a once job is updated, run again and cancelled on a running system, and each run's Job runs once", {
  timeout: 120_000,
}, async () => {
  const system = startSystem();
  const { api } = await system.ready();
  const update = (jobId: string, job: Record<string, unknown>) =>
    api.call("POST", "/api/once_job/update", { job_id: jobId, ...job });

  // While it runs: the old container is gone, and its name the new one's.
  const running = await api.create(jobOf("edited", "echo old; sleep 600", LOGGED));
  await until("it runs", async () => (await api.describe(running)).status === "running");
  const replaced = await update(running, jobOf("edited", "echo new", LOGGED));
  expect(replaced).toMatchObject({ http: 200, code: 0 });
  expect(replaced.data).toMatch(/^removed_from_cluster: /);
  const edited = await api.untilStatus(running, 2);
  expect(edited.runs).toMatchObject([
    { run: 2, status: "succeeded", kube_job: "edited" },
    { run: 1, status: "cancelled", kube_job: "edited", reason: "updated" },
  ]);
  expect(edited.job_times).toBe(2);
  expect((await api.logs(running)).map((row) => row.run_logs)).toContain("new\n");

  // Before it is due: 254, then by force, and nothing of the old definition ever runs.
  const waiting = await api.create(jobOf("early", "exit 9", { job_exec_time: "PT1H" }));
  expect(await update(waiting, jobOf("early", "true"))).toMatchObject({ http: 409, code: 254 });
  const forced = await update(waiting, { ...jobOf("early-bird", "true"), force: true });
  expect(forced.data).toMatch(/^cancelled_before_dispatch: /);
  expect(await api.untilStatus(waiting, 2)).toMatchObject({ job_name: "early-bird", job_times: 1 });
  expect((await api.call("POST", "/api/once_job/create", jobOf("early", "true"))).code).toBe(0);

  // After a failure: anew, under a name of its own.
  const failing = await api.create(jobOf("flaky", "echo once more; exit 3", LOGGED));
  await api.untilStatus(failing, 1);
  const rerun = await api.call("POST", `/api/once_job/rerun/${failing}`);
  expect(rerun).toMatchObject({ code: 0, data: { job_id: failing, run: 2 } });
  await until("both runs are over", async () =>
    (await api.describe(failing)).runs.every((run) => run.status === "failed"),
  );
  const flaky = await api.describe(failing);
  expect(flaky).toMatchObject({ job_status: 1, job_times: 2, job_success_times: 0 });
  expect(flaky.runs.map(({ kube_job }) => kube_job)).toEqual(["flaky-r2", "flaky"]);
  expect((await api.logs(failing)).map((row) => row.run_logs)).toEqual(["once more\n", "once more\n"]);

  // One run: its container ends, and the job is not deleted.
  const endless = await api.create(jobOf("endless", "sleep 600"));
  await until("it runs", async () => (await api.describe(endless)).status === "running");
  const cancelled = await api.call("POST", "/api/job_runs/cancel/job_id", { job_id: endless, run: 1 });
  expect(cancelled).toMatchObject({ code: 0, data: { run: 1, outcome: "removed_from_cluster" } });
  expect(await api.describe(endless)).toMatchObject({ job_status: 1, status: "cancelled" });
  expect((await api.call("DELETE", `/api/once_job/delete/${endless}`)).data).toMatchObject({
    outcome: "already_finished",
  });

  const names = jobCreates(system.auditLogPath)
    .filter(({ code }) => code === 201)
    .map(({ name }) => name);
  expect(names.sort()).toEqual(["early", "early-bird", "edited", "edited", "endless", "flaky", "flaky-r2"]);
});
