import { describe, expect, test } from "vitest";
import { jobCreates } from "../support/audit-log.ts";
import { nothingIsLeft } from "../support/leaks.ts";
import { startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

/** Far above what the bench measures: here other tests share the machine, and early is the only thing that may never be. */
const LATENESS_BOUND_MS = 1_000;

/** The API's seconds; a delayed job's due time in whole seconds, at least `aheadMs` away. */
function dueAtSecond(aheadMs: number): number {
  return Math.ceil((Date.now() + aheadMs) / 1_000);
}

describe("the main job, through npm start", () => {
  test("runs at the moment asked for, with status and log back in the API", { timeout: 60_000 }, async () => {
    const system = startSystem({ throughNpm: true });
    const { api, port, cluster } = await system.ready();
    expect(cluster).toBe("local");

    // Garbage stores nothing.
    const refusals = [
      await api.call("POST", "/api/once_job/create", "no json"),
      await api.call("POST", "/api/once_job/create", {
        job_name: "Not A Name",
        namespace: "default",
        image: "busybox",
      }),
      await api.call("POST", "/api/once_job/create", {
        job_name: "no-where",
        route: "mars",
        image: "x",
        namespace: "a",
      }),
      await api.call("GET", "/api/once_job/describe/nosuchjob"),
      await api.call("GET", "/api/nothing/here"),
    ];
    expect(refusals.map(({ http, code }) => [http, code])).toEqual([
      [400, 103],
      [422, 104],
      [422, 104],
      [404, 101],
      [404, 100],
    ]);
    expect(await api.total()).toBe(0);

    const dueSecond = dueAtSecond(2_500);
    const [now, failing, delayed] = await Promise.all([
      api.create({ job_name: "echo", command: "echo,k8s jobs !!!", metadata: { log_collect: "true" } }),
      api.create({
        job_name: "fail",
        command: '["sh","-c","echo to be seen; exit 3"]',
        metadata: { backoff_limit: 0 },
      }),
      api.create({ job_name: "later", command: "true", job_exec_time: String(dueSecond) }),
    ]);

    const echoed = await api.untilStatus(now, 2);
    expect(echoed).toMatchObject({ job_times: 1, job_success_times: 1, status: "succeeded" });
    const [row] = await api.logs(now);
    expect(row?.run_logs).toBe("k8s jobs !!!\n");
    expect(row?.pod_name).toMatch(/^echo-/);

    const failed = await api.untilStatus(failing, 1);
    expect(failed.job_exec_information).toContain("code 3");
    expect((await api.logs(failing)).map((log) => log.run_logs)).toEqual(["to be seen\n"]);

    if (Date.now() < dueSecond * 1_000 - 200) expect((await api.describe(delayed)).job_status).toBe(-1);
    await api.untilStatus(delayed, 2);
    const created = await until("its create is in the audit log", () =>
      jobCreates(system.auditLogPath).find(({ name }) => name === "later"),
    );
    const latenessMs = created.receivedAt - dueSecond * 1_000;
    console.log(`due → create received: ${latenessMs.toFixed(1)} ms`);
    expect(latenessMs).toBeGreaterThanOrEqual(0);
    expect(latenessMs).toBeLessThan(LATENESS_BOUND_MS);

    const second = startSystem({ stateDir: system.stateDir });
    expect(await second.exitCode()).toBe(1);
    expect(second.stderr).toMatch(
      /^watchbell: error: the state folder .* is in use by process \d+: .*WATCHBELL_STATE\n$/,
    );
    expect(await api.total()).toBe(3);

    expect(await system.stop("SIGINT")).toBe(0);
    await nothingIsLeft(system.stateDir, [port], 1_000);
  });
});
