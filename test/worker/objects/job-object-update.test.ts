import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import type { UpdateAnswer, UpdateInput } from "../../../worker/jobs/calls.ts";
import type { Definition } from "../../../worker/jobs/definition.ts";
import { ENDED_FAILED, FACTS } from "../jobs/lifecycle-samples.ts";
import { describedAs, fresh, indexRow, inputOf, jobObject, stored, Teller } from "./job-object-support.ts";

const WAIT_MS = 5_000;
const HOUR_MS = 3_600_000;

/** An update of that job: due now, in that cluster, with another command. */
function updateOf(
  jobId: string,
  cluster: string | null,
  change: Partial<UpdateInput> = {},
  definition: Partial<Definition> = {},
): UpdateInput {
  const changed = inputOf(jobId, {}, { command: "echo,anew", ...definition }).definition;
  return { definition: changed, cluster, force: false, claimedAt: null, ...change };
}

function update(input: UpdateInput, jobId: string, waitMs = WAIT_MS): Promise<UpdateAnswer> {
  return jobObject(jobId).calls.update(input, waitMs);
}

it("removes a running Job first, and creates the new one, of the same name, only once it is gone", async () => {
  const cluster = await Teller.join(fresh("update"));
  const jobId = fresh("job");
  await cluster.running(jobId);

  const answer = update(updateOf(jobId, cluster.cluster), jobId);
  const { n, name } = await cluster.removal(jobId);
  const meanwhile = await jobObject(jobId).calls.describe();
  expect(cluster.relay.all("create").filter((item) => item.jobId === jobId)).toHaveLength(1);
  await cluster.told(jobId, { ...FACTS.removed, n });
  const create = await cluster.created(jobId, 2);
  await cluster.told(jobId, { ...FACTS.created, run: 2 }, { ...FACTS.started, run: 2 });

  expect(await answer).toMatchObject({ answer: "updated", outcome: "removed_from_cluster", run: 2 });
  expect(name).toBe(jobId);
  expect(create).toMatchObject({ name: jobId, n: 1 });
  expect(create.manifest).toMatchObject({
    spec: { template: { spec: { containers: [{ command: ["echo", "anew"] }] } } },
  });
  expect(meanwhile).toMatchObject({ jobStatus: -1, status: "due", definition: { command: "echo,anew" } });
  expect(meanwhile?.explain).toMatch(/it goes out once run 1 is gone: it is being replaced since .* waits for cluster/);
  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ jobStatus: 0, times: 2, runs: [{ run: 2 }, { run: 1, status: "cancelled" }] });
  expect(job?.runs[1]).toMatchObject({ reason: "updated", kubeJob: jobId });
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ command: "echo,anew", job_status: 0 }));
});

it("answers 253 while the old Job is not gone, needs force to be updated again, and the newest definition wins", async () => {
  const cluster = await Teller.join(fresh("slow"));
  const jobId = fresh("job");
  await cluster.running(jobId);

  expect(await update(updateOf(jobId, cluster.cluster), jobId, 30)).toEqual({ answer: "timeout" });
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: -1 }));
  expect(await update(updateOf(jobId, cluster.cluster), jobId)).toEqual({ answer: "submitted" });
  const newest = updateOf(jobId, cluster.cluster, { force: true }, { command: "echo,newest" });
  const last = update(newest, jobId);
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n });
  const create = await cluster.created(jobId, 3);

  expect(await last).toMatchObject({ answer: "updated", outcome: "removed_from_cluster", run: 3 });
  expect(create.manifest).toMatchObject({
    spec: { template: { spec: { containers: [{ command: ["echo", "newest"] }] } } },
  });
  const creates = cluster.relay.all("create").filter((item) => item.jobId === jobId);
  expect(creates.map(({ run }) => run)).toEqual([1, 3]);
});

it("needs force before the job is created, and says that nothing of the old run was sent", async () => {
  const cluster = await Teller.join(fresh("early"));
  const jobId = fresh("job");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }, { execAt: Date.now() + HOUR_MS }));

  const refused = await update(updateOf(jobId, cluster.cluster), jobId);
  const forced = await update(updateOf(jobId, cluster.cluster, { force: true }), jobId);

  expect(refused).toEqual({ answer: "submitted" });
  expect(forced).toMatchObject({ answer: "updated", outcome: "cancelled_before_dispatch", run: 2 });
  expect(await cluster.created(jobId, 2)).toMatchObject({ name: jobId });
});

it("submits a finished job anew at once, in another cluster too, while the old cluster is away", async () => {
  const [old, next] = [await Teller.join(fresh("old")), await Teller.join(fresh("next"))];
  const jobId = fresh("job");
  await old.running(jobId);
  await old.told(jobId, FACTS.ended);
  old.relay.ws.close(1000, "gone");

  const answer = await update(updateOf(jobId, next.cluster), jobId);

  expect(answer).toMatchObject({ answer: "updated", outcome: "already_finished", run: 2 });
  expect(await next.created(jobId, 2)).toMatchObject({ name: jobId });
  const again = await Teller.join(old.cluster);
  const { n } = await again.removal(jobId);
  await again.told(jobId, { ...FACTS.removed, n });
  await vi.waitFor(async () => expect((await stored(jobId)).job?.runs.map(({ run }) => run)).toEqual([2]));
});

it("gives nothing to another cluster while the old one, which has the run, is away", async () => {
  const [old, next] = [await Teller.join(fresh("away")), await Teller.join(fresh("other"))];
  const jobId = fresh("job");
  await old.running(jobId);
  old.relay.ws.close(1000, "gone");

  expect(await update(updateOf(jobId, next.cluster), jobId, 30)).toEqual({ answer: "timeout" });
  await vi.waitFor(async () => {
    const away = await jobObject(jobId).calls.describe();
    expect(away?.explain).toMatch(
      /once run 1 is gone: .* waits for cluster away\d+; cluster away\d+ can't be asked since/,
    );
  });
  expect(next.relay.all("create")).toEqual([]);

  const again = await Teller.join(old.cluster);
  const { n } = await again.removal(jobId);
  await again.told(jobId, { ...FACTS.removed, n });
  expect(await next.created(jobId, 2)).toMatchObject({ name: jobId });
});

it("stays as it was where the cluster refuses to remove the old Job, with its words", async () => {
  const cluster = await Teller.join(fresh("stern"));
  const jobId = fresh("job");
  await cluster.running(jobId);

  const answer = update(updateOf(jobId, cluster.cluster), jobId);
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.remove_failed, n });

  expect(await answer).toEqual({ answer: "refused", message: "forbidden by policy" });
  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ jobStatus: 0, definition: { command: "echo,hello" } });
  expect(job?.explain).toMatch(/could not be removed: forbidden by policy$/);
  expect(job?.runs).toMatchObject([{ run: 2, status: "cancelled", reason: "update_refused" }, { run: 1 }]);
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ command: "echo,hello", job_status: 0 }));
});

it("claims a new name before, and gives the old one up only when its Job is gone", async () => {
  const cluster = await Teller.join(fresh("rename"));
  const jobId = fresh("job");
  const newName = fresh("renamed");
  const held = async () => {
    const { results } = await env.DB.prepare("SELECT job_name FROM name_claims WHERE job_id = ?").bind(jobId).all();
    return results.map((row) => row.job_name).sort();
  };
  const claim = (name: string) =>
    env.DB.prepare("INSERT INTO name_claims (namespace, job_name, job_id, id, claimed_at) VALUES (?, ?, ?, 1, ?)")
      .bind("default", name, jobId, Date.now())
      .run();
  await claim(jobId);
  await cluster.running(jobId);
  const renamed = (claimedAt: number | null) =>
    update(updateOf(jobId, cluster.cluster, { claimedAt }, { jobName: newName }), jobId);

  expect(await renamed(null)).toMatchObject({ answer: "claim_first" });
  expect(await renamed(Date.now() - 31_000)).toEqual({ answer: "claim_too_old" });
  await claim(newName);
  const answer = renamed(Date.now());
  const { n, name } = await cluster.removal(jobId);
  expect(await held()).toEqual([jobId, newName]);
  expect(await jobObject(jobId).calls.holdsName("default", jobId)).toBe(true);
  await cluster.told(jobId, { ...FACTS.removed, n });

  expect(await answer).toMatchObject({ answer: "updated", run: 2 });
  expect(name).toBe(jobId);
  expect(await cluster.created(jobId, 2)).toMatchObject({ name: newName });
  await vi.waitFor(async () => expect(await held()).toEqual([newName]));
  expect(await jobObject(jobId).calls.holdsName("default", jobId)).toBe(false);
});

it("goes on after a crash at each step of an update", async () => {
  const cluster = await Teller.join(fresh("crash"));
  const jobId = fresh("job");
  const restart = async () => {
    await jobObject(jobId).calls.creation();
    await evictDurableObject(jobObject(jobId).stub);
  };
  await cluster.running(jobId);

  expect(await update(updateOf(jobId, cluster.cluster), jobId, 20)).toEqual({ answer: "timeout" });
  await restart();
  const { n } = await cluster.removal(jobId);
  await restart();
  await cluster.told(jobId, { ...FACTS.removed, n });
  await restart();
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(jobObject(jobId).stub);
    await cluster.created(jobId, 2);
  });
  await restart();
  await cluster.told(jobId, { ...FACTS.created, run: 2 });
  await restart();
  await cluster.told(jobId, { ...FACTS.started, run: 2 }, { ...FACTS.ended, run: 2 });

  const job = await describedAs(jobId, ({ jobStatus }) => jobStatus === 2);
  expect(job.runs).toMatchObject([
    { run: 2, status: "succeeded" },
    { run: 1, status: "cancelled" },
  ]);
  expect(
    cluster.relay
      .all("create")
      .filter((item) => item.jobId === jobId)
      .map(({ run }) => run),
  ).toEqual([1, 2]);
});

it("knows no deleted job, and deletes one whose update is under way with both its runs", async () => {
  const cluster = await Teller.join(fresh("both"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  expect(await update(updateOf(jobId, cluster.cluster), jobId, 20)).toEqual({ answer: "timeout" });

  expect(await jobObject(jobId).calls.delete({ jobType: "once", force: false, waitMs: 20 })).toEqual({
    answer: "submitted",
  });
  const deletion = jobObject(jobId).calls.delete({ jobType: "once", force: true, waitMs: WAIT_MS });
  const { n } = await cluster.removal(jobId);
  expect(await update(updateOf(jobId, cluster.cluster, { force: true }), jobId)).toEqual({ answer: "deleted" });
  await cluster.told(jobId, { ...FACTS.removed, n });

  expect(await deletion).toEqual({ answer: "deleted", outcome: "removed_from_cluster" });
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ jobStatus: 3 });
  expect(await update(updateOf(jobId, cluster.cluster, { force: true }), jobId)).toEqual({ answer: "deleted" });
  expect(await jobObject(jobId).calls.rerun()).toEqual({ answer: "deleted" });
  expect(cluster.relay.all("create").filter((item) => item.jobId === jobId)).toHaveLength(1);
});

it("lets a run that fails while its Job can't be removed be what it was: failed", async () => {
  const cluster = await Teller.join(fresh("stuck"));
  const jobId = fresh("job");
  await cluster.running(jobId);

  const answer = jobObject(jobId).calls.delete({ jobType: "once", force: false, waitMs: WAIT_MS });
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, ENDED_FAILED);
  await cluster.told(jobId, { ...FACTS.remove_failed, n });

  expect(await answer).toEqual({ answer: "deleted", outcome: "already_finished" });
  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ jobStatus: 3, runs: [{ status: "failed", reason: "BackoffLimitExceeded" }] });
  expect(job?.explain).toMatch(/its Job could not be removed: forbidden by policy$/);
});
