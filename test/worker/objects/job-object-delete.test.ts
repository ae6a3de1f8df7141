import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import type { DeleteAnswer } from "../../../worker/jobs/calls.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { describedAs, fresh, indexRow, inputOf, jobObject, logRows, stored, Teller } from "./job-object-support.ts";

const WAIT_MS = 5_000;
const HOUR_MS = 3_600_000;

async function claim(jobId: string): Promise<void> {
  await env.DB.prepare("INSERT INTO name_claims (namespace, job_name, job_id, id, claimed_at) VALUES (?, ?, ?, 1, ?)")
    .bind("default", jobId, jobId, Date.now())
    .run();
}

async function isClaimed(jobId: string): Promise<boolean> {
  return (await env.DB.prepare("SELECT 1 FROM name_claims WHERE job_id = ?").bind(jobId).first()) !== null;
}

function remove(jobId: string, options: { force?: boolean; waitMs?: number } = {}): Promise<DeleteAnswer> {
  return jobObject(jobId).calls.delete({
    jobType: "once",
    force: options.force ?? false,
    waitMs: options.waitMs ?? WAIT_MS,
  });
}

it("refuses to delete a job that is submitted and not yet created, and does so with force", async () => {
  const jobId = fresh("soon");
  await claim(jobId);
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: fresh("away") }, { execAt: Date.now() + HOUR_MS }));

  expect(await remove(jobId)).toEqual({ answer: "submitted" });
  expect(await remove(jobId, { force: true })).toEqual({ answer: "deleted", outcome: "cancelled_before_dispatch" });

  expect(await indexRow(jobId)).toMatchObject({ job_status: 3, overdue_at: null });
  expect(await isClaimed(jobId)).toBe(false);
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: 3, status: "deleted" });
});

it("takes a booked run back from its cluster, whether or not a relay is linked", async () => {
  const cluster = fresh("away");
  const jobId = fresh("booked");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster }, { execAt: Date.now() + 30_000 }));
  await describedAs(jobId, ({ explain }) => explain.includes("booked in cluster"));

  expect(await remove(jobId, { force: true })).toEqual({ answer: "deleted", outcome: "cancelled_before_dispatch" });

  const relay = await Teller.join(cluster);
  const later = fresh("later");
  await jobObject(later).calls.create(inputOf(later, { cluster }));
  await relay.created(later);
  expect(relay.relay.all("create").map((item) => item.jobId)).toEqual([later]);
});

it("answers 253 while the cluster has not confirmed, and the deletion goes on", async () => {
  const cluster = await Teller.join(fresh("slow"));
  const jobId = fresh("running");
  await claim(jobId);
  await cluster.running(jobId);

  expect(await remove(jobId, { waitMs: 30 })).toEqual({ answer: "timeout" });
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: 0, status: "running" });
  expect(await isClaimed(jobId)).toBe(true);

  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n });
  const deleted = await describedAs(jobId, ({ jobStatus }) => jobStatus === 3);
  expect(deleted.runs).toMatchObject([{ status: "cancelled", reason: "deleted" }]);
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: 3 }));
  expect(await remove(jobId)).toEqual({ answer: "deleted", outcome: "removed_from_cluster" });
  expect(await isClaimed(jobId)).toBe(false);
});

it("gives everybody who deletes the same job at once the same answer", async () => {
  const cluster = await Teller.join(fresh("crowd"));
  const jobId = fresh("running");
  await cluster.running(jobId);

  const answers = [remove(jobId), remove(jobId, { force: true }), remove(jobId)];
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n });

  const deleted = { answer: "deleted", outcome: "removed_from_cluster" };
  expect(await Promise.all(answers)).toEqual([deleted, deleted, deleted]);
  expect(cluster.relay.all("remove").filter((item) => item.jobId === jobId)).toHaveLength(1);
});

it("carries the cluster's words where it refuses, and may be asked again", async () => {
  const cluster = await Teller.join(fresh("stern"));
  const jobId = fresh("running");
  await cluster.running(jobId);

  const first = remove(jobId);
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.remove_failed, n });
  expect(await first).toEqual({ answer: "refused", message: "forbidden by policy" });
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: 0, status: "running" });

  const second = remove(jobId);
  const again = await vi.waitFor(async () => {
    const removal = await cluster.removal(jobId);
    expect(removal.n).toBeGreaterThan(n);
    return removal;
  });
  await cluster.told(jobId, { ...FACTS.removed, n: again.n });
  expect(await second).toEqual({ answer: "deleted", outcome: "removed_from_cluster" });
});

it("answers at once for a finished job, whose Kubernetes Job goes when its cluster is there", async () => {
  const cluster = await Teller.join(fresh("done"));
  const jobId = fresh("ended");
  await cluster.running(jobId);
  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);

  expect(await remove(jobId)).toEqual({ answer: "deleted", outcome: "already_finished" });

  const { n } = await cluster.removal(jobId);
  expect(await cluster.told(jobId, { ...FACTS.removed, n })).toBe("ok");
  expect(await remove(jobId)).toEqual({ answer: "deleted", outcome: "already_finished" });
  const snapshot = await jobObject(jobId).calls.describe();
  expect(snapshot).toMatchObject({ jobStatus: 3, runs: [{ status: "succeeded" }] });
  expect(snapshot?.explain).not.toMatch(/is removed when/);
  // A deleted job's logs stay readable until it is purged.
  expect(await logRows(jobId)).toMatchObject([{ run_logs: "hello\n" }]);
});

it("says that nothing of it ran where the Job was never there", async () => {
  const cluster = await Teller.join(fresh("quick"));
  const jobId = fresh("sent");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }));
  await cluster.created(jobId);

  const answer = remove(jobId, { force: true });
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n, existed: false });

  expect(await answer).toEqual({ answer: "deleted", outcome: "cancelled_before_dispatch" });
});

it("removes a Job that still turns up for a deleted job, and answers `gone` to what it says after that", async () => {
  const cluster = await Teller.join(fresh("late"));
  const jobId = fresh("sent");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }));
  await cluster.created(jobId);
  const answer = remove(jobId, { force: true });
  const first = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n: first.n, existed: false });
  await answer;

  expect(await cluster.told(jobId, FACTS.created)).toBe("ok");
  const second = await vi.waitFor(async () => {
    const removal = await cluster.removal(jobId);
    expect(removal.n).toBeGreaterThan(first.n);
    return removal;
  });
  expect(await cluster.told(jobId, { ...FACTS.removed, n: second.n })).toBe("ok");

  expect((await stored(jobId)).job).toMatchObject({ repairs: 1, runs: [{ state: "cancelled", removal: null }] });
  expect(await cluster.told(jobId, FACTS.started)).toBe("gone");
});

it("goes on with a deletion after a restart, also where D1 was away", async () => {
  const jobId = fresh("soon");
  await claim(jobId);
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: fresh("away") }, { execAt: Date.now() + HOUR_MS }));
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1 }));
  await env.DB.exec("ALTER TABLE jobs RENAME TO jobs_away");

  expect(await remove(jobId, { force: true, waitMs: 100 })).toEqual({ answer: "timeout" });
  await evictDurableObject(jobObject(jobId).stub);
  await env.DB.exec("ALTER TABLE jobs_away RENAME TO jobs");

  await vi.waitFor(
    async () => {
      await runDurableObjectAlarm(jobObject(jobId).stub);
      expect(await indexRow(jobId)).toMatchObject({ job_status: 3 });
    },
    { timeout: 8_000, interval: 100 },
  );
  expect(await isClaimed(jobId)).toBe(false);
  expect(await remove(jobId)).toEqual({ answer: "deleted", outcome: "cancelled_before_dispatch" });
});
