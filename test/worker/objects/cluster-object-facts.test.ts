import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { clusterObject, clusterStub, type FakeRelay, joinedRelay } from "./cluster-object-fake-relay.ts";
import { describedAs, fresh, inputOf, jobObject } from "./job-object-support.ts";

const FIRST = { run: 1, ageMs: 0 };

/** A job that is due now in that cluster, its create in the relay's hands. */
async function sentJob(
  cluster: string,
  change: { execAt?: number } = {},
): Promise<{ jobId: string; relay: FakeRelay }> {
  const jobId = fresh("job");
  const relay = await joinedRelay(cluster, "p1");
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster }, change));
  await relay.until("create");
  return { jobId, relay };
}

async function rowState(cluster: string, jobId: string): Promise<string | null> {
  return (await clusterObject(cluster).look({ jobId, run: 1 })).row?.state ?? null;
}

describe("a run's facts", () => {
  it("move the row and the job along, and are acknowledged one by one", async () => {
    const { jobId, relay } = await sentJob("life");
    const at = { namespace: "default", name: jobId };

    relay.send({ type: "created", ...FIRST, jobId, id: 1, uid: "u", ...at, adopted: false });
    await vi.waitFor(() => expect(relay.all("ok").flatMap(({ ids }) => ids)).toEqual([1]));
    expect(await rowState("life", jobId)).toBe("created");

    relay.send(
      { type: "started", ...FIRST, jobId, id: 2, podName: "p" },
      {
        type: "ended",
        ...FIRST,
        jobId,
        id: 3,
        uid: "u",
        result: "succeeded",
        reason: "",
        message: "",
        pods: [],
        podCount: 1,
        logs: [],
      },
    );
    await vi.waitFor(() => expect(relay.all("ok").flatMap(({ ids }) => ids)).toEqual([1, 2, 3]));
    expect(await rowState("life", jobId)).toBe("final");
    const { runs } = await describedAs(jobId, (job) => job.status === "succeeded");
    const [run] = runs;
    expect([run?.dueAt, run?.firedAt, run?.sentAt, run?.createdAt].every(Number.isInteger)).toBe(true);
    expect(run?.firedAt).toBeGreaterThanOrEqual(run?.dueAt ?? Number.POSITIVE_INFINITY);
  });

  it("are answered with gone where no object knows the job, and its row is over", async () => {
    const relay = await joinedRelay("nobody", "p1");
    relay.send({ type: "started", jobId: "nobodys", ...FIRST, id: 9, podName: "p" });
    expect(await relay.until("gone")).toEqual([{ type: "gone", ids: [9] }]);
  });

  it("are dated by their age, in whole milliseconds", async () => {
    const { jobId, relay } = await sentJob("ages", { execAt: Date.now() - 10_000 });
    const at = { namespace: "default", name: jobId };
    relay.send({ type: "created", jobId, run: 1, id: 1, ageMs: 0.4321, uid: "u", ...at, adopted: false });
    const { runs } = await describedAs(jobId, (job) => job.status === "created");
    expect(Number.isInteger(runs[0]?.createdAt)).toBe(true);
  });

  it("end a run that its job cancelled: the removal is confirmed with its own n", async () => {
    const { jobId, relay } = await sentJob("cancel");
    const at = { namespace: "default", name: jobId };
    relay.send({ type: "created", ...FIRST, jobId, id: 1, uid: "u", ...at, adopted: false });
    await relay.until("ok");

    const deleted = jobObject(jobId).calls.delete({ jobType: "once", force: true, waitMs: 5_000 });
    const [remove] = await relay.until("remove");
    relay.send({ type: "removed", ...FIRST, jobId, id: 2, n: remove?.n ?? -1, existed: true });

    expect(await deleted).toEqual({ answer: "deleted", outcome: "removed_from_cluster" });
    await vi.waitFor(async () => expect(await rowState("cancel", jobId)).toBe("final"));
  });

  it("survive a restart between two of them", async () => {
    const { jobId, relay } = await sentJob("restart");
    const at = { namespace: "default", name: jobId };
    relay.send({ type: "created", ...FIRST, jobId, id: 1, uid: "u", ...at, adopted: false });
    await relay.until("ok");
    await evictDurableObject(clusterStub("restart"));
    relay.send({ type: "lost", ...FIRST, jobId, id: 2, uid: "u" });
    await describedAs(jobId, (job) => job.status === "lost");
    await vi.waitFor(async () => expect(await rowState("restart", jobId)).toBe("final"));
  });
});

describe("a late run", () => {
  it("is asked for when a relay comes, and sent in due order when its job keeps it", async () => {
    const cluster = "late-keep";
    const early = fresh("early");
    const later = fresh("later");
    const now = Date.now();
    // No relay was ever linked here, so what was due more than 5 s ago is late.
    await jobObject(later).calls.create(inputOf(later, { cluster }, { execAt: now - 7_000 }));
    await jobObject(early).calls.create(inputOf(early, { cluster }, { execAt: now - 9_000 }));
    await vi.waitFor(async () => expect(await rowState(cluster, early)).toBe("booked"));
    await vi.waitFor(async () => expect(await rowState(cluster, later)).toBe("booked"));

    const relay = await joinedRelay(cluster, "p1");

    const creates = await relay.until("create", 2);
    expect(creates.map((create) => create.jobId)).toEqual([early, later]);
  });

  it("is not sent when its job drops it", async () => {
    const cluster = "late-drop";
    const kept = fresh("kept");
    // Nobody knows this job: what it answers is drop.
    await clusterObject(cluster).book({
      jobId: "stranger",
      run: 1,
      n: 1,
      dueAt: Date.now() - 20_000,
      startDeadlineAt: null,
      namespace: "default",
      name: "stranger",
      manifest: {},
    });
    await jobObject(kept).calls.create(inputOf(kept, { cluster }, { execAt: Date.now() - 9_000 }));
    const relay = await joinedRelay(cluster, "p1");
    await relay.until("create");
    expect(relay.all("create").map((create) => create.jobId)).toEqual([kept]);
    expect(await rowState(cluster, "stranger")).toBe("final");
  });
});
