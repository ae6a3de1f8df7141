import { expect, test } from "vitest";
import { until } from "../../support/wait.ts";
import type { Bench } from "./cases.ts";
import { JOBS } from "./target.ts";

/** How runs end: by themselves, by their deadline, by our hand, and behind our back. */
export function endCases({ kind, target, watchbell, create }: Bench): void {
  const podsOf = async (name: string) => {
    const labels = `job_from=watchbell,job_name=${name}`;
    return await target().kubectl("get", "pods", "-n", JOBS, "-l", labels, "-o", "name");
  };

  test("a failing job says its exit code, and its log is there unasked", async () => {
    const { api } = watchbell();
    const id = await create("failing", "echo to be seen; exit 3", { metadata: { backoff_limit: "0" } });
    const job = await api.untilStatus(id, 1);
    expect(job.status).toBe("failed");
    expect(job.job_exec_information).toContain("code 3");
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
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["begun\ntold to end\n"]);
  });

  // Process 1 of a container does not end by SIGTERM unless it asks for it.
  const LASTING = "trap 'exit 1' TERM; sleep 600 & wait";

  test("delete of a running job answers once no pod of it is left, and its name is free at once", async () => {
    const { api } = watchbell();
    const id = await create("deleted", LASTING);
    await until("it runs", async () => (await api.describe(id)).status === "running");
    const answer = await api.call("POST", `/api/once_job/delete/${id}`, {});
    expect(answer).toMatchObject({ http: 200, data: { outcome: "removed_from_cluster" } });
    expect(await podsOf("deleted")).toBe("");
    expect((await api.describe(id)).job_status).toBe(3);
    await api.untilStatus(await create("deleted", "true"), 2);
  });

  test("a Job that somebody deletes behind our back is lost, said so, and never created again", async () => {
    const { api } = watchbell();
    const id = await create("behind", LASTING);
    await until("it runs", async () => (await api.describe(id)).status === "running");
    await target().kubectl("delete", "job", "behind", "-n", JOBS);
    const job = await api.untilStatus(id, 1, 30_000);
    expect(job.status).toBe("lost");
    expect(job.explain).not.toBe("");
    expect(await target().kubectl("get", "jobs", "-n", JOBS, "-l", `job_id=${id}`, "-o", "name")).toBe("");
  });

  // Elsewhere there are no images.
  test.skipIf(kind !== "real")(
    "an image that can't be pulled is named while it waits, and by its start deadline",
    async () => {
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
      expect(await podsOf("no-image")).toBe("");
    },
  );

  // The embedded cluster knows no ServiceAccounts.
  test.skipIf(kind === "embedded")(
    "a Job that gets no pod by its start deadline is removed, and says why",
    async () => {
      const { api } = watchbell();
      const patch = { spec: { template: { spec: { serviceAccountName: "nowhere" } } } };
      const fields = { starting_deadline_seconds: 12, metadata: { job_patch: patch } };
      const id = await create("no-account", "true", fields);
      const job = await api.untilStatus(id, 1, 40_000);
      expect(job).toMatchObject({ status: "failed", job_times: 1, runs: [{ reason: "deadline", started_at: null }] });
      expect(job.job_exec_information).toMatch(
        /no container started within 12 s of its time: .*serviceaccount "nowhere"/,
      );
      expect(await target().kubectl("get", "jobs", "-n", JOBS, "-l", `job_id=${id}`, "-o", "name")).toBe("");
    },
  );
}
