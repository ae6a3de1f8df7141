import { expect, test } from "vitest";
import { z } from "zod";
import { jobCreates } from "../../support/audit-log.ts";
import { type CronRun, createCron, cronRuns, endCron, expectNoneTwice, expectWhole } from "../../support/cron-jobs.ts";
import { until } from "../../support/wait.ts";
import { LASTING, objectsOf, ofProcess, processesOf } from "./at-work.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { replacementOf } from "./history.ts";
import { JOBS, type Target } from "./target.ts";

const Labelled = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }) }),
  ),
});
const EVERY_FIVE = { schedule: "*/5 * * * * *", concurrency_policy: "Forbid", metadata: { backoff_limit: "0" } };

/** The labels of a cron job's Jobs or pods, by name. */
async function labelsOf(target: Target, kind: "jobs" | "pods", jobId: string): Promise<Map<string, unknown>> {
  const text = await target.kubectl("get", kind, "-n", JOBS, "-l", `job_id=${jobId}`, "-o", "json");
  return new Map(Labelled.parse(JSON.parse(text)).items.map(({ metadata }) => [metadata.name, metadata.labels]));
}

/** What its containers are told of their runs, one line for each process that is there. */
function toldOf(jobId: string): string[] {
  const lines = processesOf(jobId).map((pid) => {
    const told = ofProcess(pid, "environ").split("\0");
    return told.filter((variable) => /^WATCHBELL_(RUN|SLOT_AT)=/.test(variable)).sort();
  });
  return [...new Set(lines.map((told) => told.join(" ")))].sort();
}

/** Jobs by a schedule: their names, labels and environment, and what each policy does in a cluster. */
export function cronCases({ kind, target, watchbell }: Bench): void {
  const cron = (name: string, script: string, fields: Record<string, unknown>) =>
    createCron(watchbell().api, { ...scriptFields(name, script), ...fields });
  const untilRun = (id: string, what: string, isIt: (run: CronRun) => boolean) =>
    until(
      `${id} has a run that ${what}`,
      async () => (await cronRuns(watchbell().api, id)).find(isIt) ?? null,
      90_000,
      100,
    );

  test("every five seconds: each slot runs once at its time under its own name, and none while another is open", async () => {
    const { api } = watchbell();
    const id = await cron("cron-short", "echo $WATCHBELL_SLOT_AT", {
      ...EVERY_FIVE,
      metadata: { log_collect: "true" },
    });
    await until(
      "three ran",
      async () => {
        const runs = await cronRuns(api, id);
        return runs.filter(({ status }) => status === "succeeded").length >= 3;
      },
      120_000,
      200,
    );
    const { ran } = expectWhole("cron-short", 5_000, await endCron(api, id));

    const names = expectNoneTwice(target().auditLog, "cron-short");
    expect(names).toEqual(ran.map(({ kube_job }) => kube_job).sort());
    const slotOf = new Map(ran.map(({ kube_job, slot_at }) => [kube_job, slot_at ?? 0]));
    const creates = jobCreates(target().auditLog).filter(({ name, code }) => code === 201 && slotOf.has(name));
    const late = creates.map(({ name, receivedAt }) => receivedAt - (slotOf.get(name) ?? 0));
    console.log(`${kind}: ${ran.length} slots, slot → create received: at most ${Math.max(...late).toFixed(1)} ms`);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    const told = (await api.logs(id)).map(({ run_logs }) => run_logs).sort();
    const slots = ran.map(({ slot_at }) => `${new Date(slot_at ?? 0).toISOString().slice(0, 19)}Z\n`).sort();
    expect(told).toEqual(slots);
  });

  test("a slot that lasts keeps the next from running, but no trigger; a delete ends both with all of their pods", async () => {
    const { api } = watchbell();
    const id = await cron("cron-lasting", LASTING, EVERY_FIVE);
    const slot = await untilRun(id, "goes on", ({ status }) => status === "running");
    const answer = await api.call("POST", `/api/cron_job/trigger/${id}`, {});
    expect(answer).toMatchObject({ http: 200, code: 0, data: { job_id: id } });
    const { run } = z.object({ run: z.number() }).parse(answer.data);
    const triggered = await untilRun(id, "was triggered", (one) => one.run === run && one.status === "running");
    await untilRun(id, "is a record", ({ reason }) => reason === "concurrency");

    expect(slot.kube_job).toBe(`cron-lasting-${(slot.slot_at ?? 0) / 1_000}`);
    expect(triggered).toMatchObject({ slot_at: null, kube_job: `cron-lasting-r${run}` });
    const slotAt = new Date(slot.slot_at ?? 0).toISOString();
    expect(toldOf(id)).toEqual(
      [`WATCHBELL_RUN=${slot.run} WATCHBELL_SLOT_AT=${slotAt.slice(0, 19)}Z`, `WATCHBELL_RUN=${run}`].sort(),
    );
    const labels = { job_from: "watchbell", job_id: id, job_name: "cron-lasting", job_type: "cron" };
    for (const what of ["jobs", "pods"] as const) {
      const found = await labelsOf(target(), what, id);
      const names = [...found.keys()].map((name) => (what === "jobs" ? name : name.replace(/-[a-z0-9]{5}$/, "")));
      expect(names.sort()).toEqual([slot.kube_job, triggered.kube_job].sort());
      for (const said of found.values()) expect(said).toMatchObject(labels);
    }

    const deleted = await api.call("POST", `/api/cron_job/delete/${id}`, {});
    const left = processesOf(id);
    expect(deleted).toMatchObject({ http: 200, code: 0, data: { outcome: "removed_from_cluster" } });
    expect(left).toEqual([]);
    for (const what of ["jobs", "pods"] as const) expect(await objectsOf(target(), what, id)).toEqual([]);
    const created = expectNoneTwice(target().auditLog, "cron-lasting");
    expect(created).toEqual([slot.kube_job, triggered.kube_job].sort());
  });

  test("Replace: the old slot's pod ends and its Job goes before the new slot's Job comes", async () => {
    const { api } = watchbell();
    const script = "trap 'sleep 2; exit 1' TERM; sleep 600 & wait";
    // So far apart that only one replaces another here, on a busy machine too.
    const fields = { schedule: "*/20 * * * * *", concurrency_policy: "Replace", metadata: { backoff_limit: "0" } };
    const id = await cron("cron-replace", script, fields);
    const old = await untilRun(id, "goes on", ({ status }) => status === "running");
    const changes = await replacementOf(target().client, id, async () => {
      await untilRun(id, "took its place", ({ run, status }) => run > old.run && status === "running");
      expect((await api.call("POST", `/api/cron_job/suspend/${id}`, { suspend: true })).code).toBe(0);
    });

    const runs = await cronRuns(api, id);
    const next = runs.find(({ status }) => status === "running");
    expect(runs.find(({ run }) => run === old.run)).toMatchObject({ status: "cancelled", reason: "replaced" });
    expect(changes.map((one) => `${one.kind} ${one.name} ${one.what}`)).toEqual([
      expect.stringMatching(`^Pod ${old.kube_job}-[a-z0-9]{5} DELETED$`),
      `Job ${old.kube_job} DELETED`,
      `Job ${next?.kube_job} ADDED`,
      expect.stringMatching(`^Pod ${next?.kube_job}-[a-z0-9]{5} ADDED$`),
    ]);
    expect((await api.call("DELETE", `/api/cron_job/delete/${id}`)).code).toBe(0);
    expect(processesOf(id)).toEqual([]);
  });
}
