import { expect } from "vitest";
import { jobCreates } from "../../support/audit-log.ts";
import { until } from "../../support/wait.ts";
import type { Bench } from "./cases.ts";
import { explained, explainedInTime, SAID_WITHIN_MS } from "./explained.ts";
import { NO_PODS, SMALL, TWO_JOBS } from "./target.ts";
import { testOn } from "./test-on.ts";

/** How many jobs go through a namespace that has room for two. */
const JOB_COUNT = 20;

/** ResourceQuota: on Jobs, where the create waits, and on pods, where the Job does. */
export function quotaCases({ kind, target, watchbell, create }: Bench): void {
  const quota = async (name: string, namespace: string, hard: string) => {
    await target().kubectl("create", "quota", name, "-n", namespace, `--hard=${hard}`);
    // The quota counts only once its controller has looked at it.
    await until("the quota is at work", async () =>
      (await target().kubectl("get", "quota", name, "-n", namespace, "-o", "jsonpath={.status.hard}")).includes(
        hard.split("=")[0] ?? "",
      ),
    );
  };
  testOn(
    kind,
    ["stand-in", "real"],
    "the embedded cluster has no quotas",
  )("a quota holds a job back, which names it and runs as soon as there is room", async () => {
    const { api } = watchbell();
    await quota("none", SMALL, "count/jobs.batch=0");
    const id = await create("held", "true", { namespace: SMALL });
    expect(
      await explained(watchbell().api, id, /waiting: quota: .*exceeded quota: none/, SAID_WITHIN_MS),
    ).toMatchObject({
      job_status: -1,
    });
    const other = await create("not-held", "true");
    await api.untilStatus(other, 2);
    expect((await api.describe(id)).job_status).toBe(-1);
    await target().kubectl("delete", "quota", "none", "-n", SMALL);
    await api.untilStatus(id, 2);
  });

  testOn(
    kind,
    ["stand-in"],
    "a quota on Jobs is a real API server's matter, and no node's: one tells as much as two",
  )(`${JOB_COUNT} jobs where there is room for two run in due order, each once`, async () => {
    const { api } = watchbell();
    await quota("two", TWO_JOBS, "count/jobs.batch=2");
    const names = Array.from({ length: JOB_COUNT }, (_, at) => `turn-${String(at).padStart(2, "0")}`);
    const fields = { namespace: TWO_JOBS, metadata: { ttl_seconds_after_finished: "0" } };
    const ids: string[] = [];
    for (const name of names) ids.push(await create(name, "true", fields));

    await Promise.all(ids.map((id) => api.untilStatus(id, 2, 100_000)));

    const created = jobCreates(target().auditLog).filter(({ name, code }) => name.startsWith("turn-") && code === 201);
    expect(created.toSorted((a, b) => a.receivedAt - b.receivedAt).map(({ name }) => name)).toEqual(names);
  });

  testOn(
    kind,
    ["stand-in", "real"],
    "the embedded cluster has no quotas",
  )("a Job whose pods a quota refuses says so within 15 s, and runs when there is room", async () => {
    const { api } = watchbell();
    await quota("no-pods", NO_PODS, "pods=0");
    const id = await create("no-room", "true", { namespace: NO_PODS });
    await explainedInTime(api, id, /exceeded quota: no-pods/);
    await target().kubectl("delete", "quota", "no-pods", "-n", NO_PODS);
    // The Job controller tries again after pauses that double.
    await api.untilStatus(id, 2, 90_000);
  });
}
