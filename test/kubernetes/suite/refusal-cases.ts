import { expect, test } from "vitest";
import { until } from "../../support/wait.ts";
import type { Bench } from "./cases.ts";
import { IMAGE, JOBS, NO_RIGHT, READ_ONLY, RESTRICTED, SMALL } from "./target.ts";
import { startWatchbell } from "./watchbell.ts";

/** What a cluster does not take: said on the job, and nothing of somebody else's touched. */
export function refusalCases({ kind, target, watchbell, create }: Bench): void {
  // ResourceQuota, RBAC and Pod Security: the embedded cluster has none of them.
  const hasAdmission = kind !== "embedded";

  test("a name that somebody else's Job has is left to it", async () => {
    const { api } = watchbell();
    const container = { name: "theirs", image: IMAGE, command: ["sleep", "600"] };
    const made = await target().client.create(`/apis/batch/v1/namespaces/${JOBS}/jobs`, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "theirs" },
      spec: {
        template: { spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 0, containers: [container] } },
      },
    });
    expect(made.code).toBe(201);
    const uid = () => target().kubectl("get", "job", "theirs", "-n", JOBS, "-o", "jsonpath={.metadata.uid}");
    const before = await uid();
    const id = await create("theirs", "true");
    const job = await api.untilStatus(id, 1);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "name_taken" });
    expect(await uid()).toBe(before);
    await target().kubectl("delete", "job", "theirs", "-n", JOBS);
  });

  test("a namespace that the relay was not told of is refused by the relay itself", async () => {
    const { api } = watchbell();
    const job = await api.untilStatus(await create("stranger", "true", { namespace: "elsewhere" }), 1);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "namespace_not_allowed" });
  });

  test.skipIf(!hasAdmission)(
    "a namespace where the relay may only read is refused in the API server's words",
    async () => {
      const { api } = watchbell();
      const job = await api.untilStatus(await create("forbidden", "true", { namespace: READ_ONLY }), 1);
      expect(job.runs[0]).toMatchObject({ status: "failed", reason: "forbidden" });
      expect(job.explain).toContain("watchbell-relay");
    },
  );

  test.skipIf(!hasAdmission)("a namespace without rights keeps the relay from no other", async () => {
    const second = await startWatchbell(target(), [JOBS, NO_RIGHT]);
    try {
      const fields = { job_name: "beside", namespace: JOBS, image: IMAGE, command: "true" };
      await second.api.untilStatus(await second.api.create(fields), 2);
    } finally {
      await second.stop();
    }
  });

  test.skipIf(!hasAdmission)("a quota holds a job back, which says so and runs as soon as there is room", async () => {
    const { api } = watchbell();
    await target().kubectl("create", "quota", "none", "-n", SMALL, "--hard=count/jobs.batch=0");
    // The quota counts only once its controller has looked at it.
    await until("the quota is at work", async () =>
      (await target().kubectl("get", "quota", "none", "-n", SMALL, "-o", "jsonpath={.status.hard}")).includes("jobs"),
    );
    const id = await create("held", "true", { namespace: SMALL });
    const waiting = await until("it says that it waits", async () => {
      const now = await api.describe(id);
      return now.explain.includes("waiting: quota") ? now : null;
    });
    expect(waiting.job_status).toBe(-1);
    expect(waiting.explain).toContain("exceeded quota");
    await target().kubectl("delete", "quota", "none", "-n", SMALL);
    await api.untilStatus(id, 2);
  });

  test.skipIf(!hasAdmission)("a Job whose pods are refused by Pod Security says so within 15 s", async () => {
    const { api } = watchbell();
    await target().kubectl("label", "namespace", RESTRICTED, "pod-security.kubernetes.io/enforce=restricted");
    const id = await create("insecure", "true", { namespace: RESTRICTED });
    const job = await until("it says why", async () => {
      const now = await api.describe(id);
      return now.explain.includes("PodSecurity") ? now : null;
    });
    expect(job.job_status).toBe(0);
    await target().kubectl("label", "namespace", RESTRICTED, "pod-security.kubernetes.io/enforce-");
    expect(await api.call("POST", `/api/once_job/delete/${id}`, {})).toMatchObject({ code: 0 });
  });
}
