import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { ATTEMPT_MS } from "../../../worker/jobs/lifecycle-limits.ts";
import { parted } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { FACTS } from "../jobs/lifecycle-samples.ts";
import { describedAs, fresh, indexRow, inputOf, jobObject, Teller } from "./job-object-support.ts";

/**
 * What is stored when the object dies right after it committed that event, a while ago: none of the effects was tried, nor
 * anything answered. Only the alarm, which was stored with it, is left.
 */
async function diesAfter(jobId: string, event: Event): Promise<void> {
  const then = Date.now() - ATTEMPT_MS - 1_000;
  await runInDurableObject(jobObject(jobId).stub, async (_, { storage }) => {
    const { job, step } = advance(storage.kv.get<Job>("job") ?? null, event, then);
    if (job === null || step.kind !== "moved") throw new Error(`${event.type} was not taken: ${JSON.stringify(step)}`);
    const { packed, finished } = parted(job);
    for (const run of finished) storage.kv.put(`run:${String(run.run).padStart(9, "0")}`, run);
    storage.kv.put("job", { ...packed, finishedRuns: finished.length });
    await storage.setAlarm(Date.now() + 3_600_000);
  });
  await evictDurableObject(jobObject(jobId).stub);
}

function updateEvent(jobId: string, cluster: string): Event {
  const { definition } = inputOf(jobId, {}, { command: "echo,anew" });
  return { type: "update", input: { definition, cluster, force: true, claimedAt: null } };
}

it("removes the old Job and writes the index row after a crash between the commit of an update and its effects", async () => {
  const cluster = await Teller.join(fresh("update"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await diesAfter(jobId, updateEvent(jobId, cluster.cluster));

  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  const { n } = await cluster.removal(jobId);
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1, command: "echo,anew" }));
  await cluster.told(jobId, { ...FACTS.removed, n });
  expect(await cluster.created(jobId, 2)).toMatchObject({ name: jobId });
});

it("writes the index row of an updated job that is due much later, though no sweep would come to it", async () => {
  const cluster = await Teller.join(fresh("later"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, FACTS.ended);
  const { definition } = inputOf(jobId, {}, { command: "echo,anew", execAt: Date.now() + 86_400_000 });
  const input = { definition, cluster: cluster.cluster, force: false, claimedAt: null };
  await diesAfter(jobId, { type: "update", input });

  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1, command: "echo,anew" }));
});

it("books a rerun after a crash between its commit and its effects", async () => {
  const cluster = await Teller.join(fresh("rerun"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, FACTS.ended);
  await diesAfter(jobId, { type: "rerun" });

  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  expect(await cluster.created(jobId, 2)).toMatchObject({ name: `${jobId}-r2`, n: 1 });
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1 }));
  expect(cluster.relay.all("create").filter((item) => item.jobId === jobId)).toHaveLength(2);
});

it("cancels a run after a crash between the commit of its cancel and its effects", async () => {
  const cluster = await Teller.join(fresh("cancel"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await diesAfter(jobId, { type: "cancel", run: 1 });

  expect(await runDurableObjectAlarm(jobObject(jobId).stub)).toBe(true);

  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n });
  const job = await describedAs(jobId, ({ jobStatus }) => jobStatus === 1);
  expect(job.runs).toMatchObject([{ status: "cancelled", reason: "cancelled" }]);
});
