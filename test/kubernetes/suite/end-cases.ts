import { expect, test } from "vitest";
import { until } from "../../support/wait.ts";
import { objectsOf } from "./at-work.ts";
import type { Bench } from "./cases.ts";
import { testOn } from "./test-on.ts";

/** How runs end by themselves, and by their deadline. */
export function endCases({ kind, target, watchbell, create }: Bench): void {
  test("a failing job says its exit code, and its log is there unasked", async () => {
    const { api } = watchbell();
    const id = await create("failing", "echo to be seen; exit 3", { metadata: { backoff_limit: "0" } });
    const job = await api.untilStatus(id, 1);
    expect(job.status).toBe("failed");
    expect(job.job_exec_information).toContain("code 3");
    const pod_name = expect.stringMatching(/^failing-/);
    expect(job.runs[0]).toMatchObject({ pods: [{ pod_name, exit_code: 3, reason: "Error" }], pod_count: 1 });
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["to be seen\n"]);
  });

  test("a job that its deadline ends has failed with that reason, and its log is kept", async () => {
    const { api } = watchbell();
    const script = "trap 'echo told to end; exit 1' TERM; echo begun; while :; do sleep 0.1; done";
    const id = await create("deadline", script, {
      metadata: { active_deadline_seconds: "3", backoff_limit: "0" },
    });
    const job = await api.untilStatus(id, 1, 40_000);
    expect(job.runs[0]?.reason).toBe("DeadlineExceeded");
    expect(job.runs[0]).toMatchObject({ pods: [{ pod_name: expect.stringMatching(/^deadline-/), exit_code: 1 }] });
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["begun\ntold to end\n"]);
  });

  testOn(
    kind,
    ["real"],
    "nothing here keeps a container to its limits",
  )("a job that uses more memory than its limit says so, with its exit code", async () => {
    const { api } = watchbell();
    const resources = { limits: { memory: "16Mi" } };
    const containers = [{ name: "main", resources }];
    const job_patch = JSON.stringify({ spec: { template: { spec: { containers } } } });
    const script = "echo begun; exec tail /dev/zero";
    const id = await create("oom", script, { metadata: { job_patch, backoff_limit: "0" } });
    const job = await api.untilStatus(id, 1, 60_000);
    console.log(`out of memory: ${job.explain}`);
    expect(job.runs[0]).toMatchObject({ pods: [{ exit_code: 137, reason: "OOMKilled" }] });
    expect(job.job_exec_information).toContain("used more memory than its limit");
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["begun\n"]);
  });

  test("a job whose own pod is ended by the pod's deadline has failed, and its log is kept", async () => {
    const { api } = watchbell();
    const job_patch = JSON.stringify({ spec: { template: { spec: { activeDeadlineSeconds: 3 } } } });
    const script = "trap 'echo told to end; exit 1' TERM; echo begun; while :; do sleep 0.1; done";
    const id = await create("pod-deadline", script, { metadata: { job_patch, backoff_limit: "0" } });
    const job = await api.untilStatus(id, 1, 60_000);
    console.log(`pod's own deadline: ${job.explain} ${JSON.stringify(job.runs[0])}`);
    expect(job.runs[0]).toMatchObject({ reason: "BackoffLimitExceeded", pods: [{ reason: "DeadlineExceeded" }] });
    expect((await api.logs(id))[0]?.run_logs).toMatch(/^begun\n/);
  });

  testOn(
    kind,
    ["real"],
    "there are no images here",
  )("an image that can't be pulled is named while it waits, and by its start deadline", async () => {
    const { api } = watchbell();
    const id = await create("no-image", "true", { image: "localhost/nowhere:1", starting_deadline_seconds: 12 });
    const job = await until("it says why", async () => {
      const now = await api.describe(id);
      return /ImagePull|ErrImage/.test(now.explain) ? now : null;
    });
    expect(job.job_status).toBe(0);
    const over = await api.untilStatus(id, 1, 40_000);
    expect(over.runs[0]).toMatchObject({ status: "failed", reason: "deadline" });
    expect(over.job_exec_information).toMatch(/no container started within 12 s of its time: .*(ImagePull|ErrImage)/);
    expect(await objectsOf(target(), "pods", id)).toEqual([]);
  });

  testOn(
    kind,
    ["stand-in", "real"],
    "the embedded cluster knows no ServiceAccounts",
  )("a Job that gets no pod by its start deadline is removed, and says why", async () => {
    const { api } = watchbell();
    const patch = { spec: { template: { spec: { serviceAccountName: "nowhere" } } } };
    const fields = { starting_deadline_seconds: 12, metadata: { job_patch: patch } };
    const id = await create("no-account", "true", fields);
    const job = await api.untilStatus(id, 1, 40_000);
    expect(job).toMatchObject({ status: "failed", job_times: 1, runs: [{ reason: "deadline", started_at: null }] });
    expect(job.job_exec_information).toMatch(
      /no container started within 12 s of its time: .*serviceaccount "nowhere"/,
    );
    expect(await objectsOf(target(), "jobs", id)).toEqual([]);
  });
}
