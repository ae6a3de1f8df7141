import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { counted, NOTHING_COUNTED } from "../../../worker/clusters/counters.ts";
import { ClusterCounters, EMPTY_TALLY } from "../../../worker/objects/cluster-object-counters.ts";
import { ENDED_FAILED, FACTS } from "../jobs/lifecycle-samples.ts";
import { clusterObject, clusterStub } from "./cluster-object-fake-relay.ts";
import { fresh, inputOf, jobObject, Teller } from "./job-object-support.ts";

const figures = async (cluster: string) => await clusterObject(cluster).figures();

/** What is stored of the counters, as a new start of the object would find it. */
async function stored(cluster: string): Promise<unknown> {
  return await runInDurableObject(clusterStub(cluster), (_, { storage }) => storage.kv.get("counters"));
}

describe("the counters of a cluster's object", () => {
  it("count a run's life by the facts that tell it, each once though it comes again", async () => {
    const teller = await Teller.join(fresh("counted"));
    const jobId = fresh("countedjob");
    await jobObject(jobId).calls.create(inputOf(jobId, { cluster: teller.cluster }));
    await teller.created(jobId);
    expect(await figures(teller.cluster)).toMatchObject({ linkUp: true, outboxCommands: 1, createdJobs: 0 });

    await teller.told(jobId, FACTS.created, FACTS.created, FACTS.started);
    expect(await figures(teller.cluster)).toMatchObject({ outboxCommands: 0, createdJobs: 1 });
    await teller.told(jobId, ENDED_FAILED);
    await teller.told(jobId, ENDED_FAILED);

    const { counters, createdJobs } = await figures(teller.cluster);
    expect(createdJobs).toBe(0);
    expect(counters.runs).toEqual({ failed: 1 });
    expect(counters.lateness.counts.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it("count what no fact told: a run that was cancelled before its time", async () => {
    const teller = await Teller.join(fresh("untold"));
    const jobId = fresh("untoldjob");
    const later = { execAt: Date.now() + 3_600_000 };
    await jobObject(jobId).calls.create(inputOf(jobId, { cluster: teller.cluster }, later));

    await jobObject(jobId).calls.delete({ jobType: "once", force: true, waitMs: 5_000 });

    await vi.waitFor(async () => expect((await figures(teller.cluster)).counters.runs).toEqual({ cancelled: 1 }));
  });

  it("count a Job of a cancelled run that turns up as one repair", async () => {
    const teller = await Teller.join(fresh("repaired"));
    const jobId = fresh("repairedjob");
    const soon = { execAt: Date.now() + 3_000_000 };
    await jobObject(jobId).calls.create(inputOf(jobId, { cluster: teller.cluster }, soon));
    const booking = { jobId, run: 1, n: 1, dueAt: soon.execAt, startDeadlineAt: null, manifest: {} };
    await clusterObject(teller.cluster).book({ ...booking, namespace: "default", name: jobId });
    await jobObject(jobId).calls.delete({ jobType: "once", force: true, waitMs: 5_000 });
    await clusterObject(teller.cluster).cancel(
      { jobId, run: 1 },
      { n: 9, namespace: "default", name: jobId, unlessSent: false },
    );

    await teller.told(jobId, FACTS.created);

    expect((await figures(teller.cluster)).counters.repairs).toEqual({ created_after_cancel: 1 });
  });

  it("are stored in the turn of the first change, and live on in another start of the object", async () => {
    const cluster = fresh("kept");
    await clusterObject(cluster).count({ ...EMPTY_TALLY, ended: { lost: 2 } });
    expect(await stored(cluster)).toMatchObject({ runs: { lost: 2 } });

    await evictDurableObject(clusterStub(cluster));

    expect((await figures(cluster)).counters.runs).toEqual({ lost: 2 });
  });

  it("cost one row a second, however many changes there are", async () => {
    await runInDurableObject(clusterStub(fresh("cheap")), async (_, { storage }) => {
      let puts = 0;
      const kv = new Proxy(storage.kv, {
        get: (target, key) => {
          const value = Reflect.get(target, key);
          if (typeof value !== "function") return value;
          if (key === "put") puts += 1;
          return value.bind(target);
        },
      });
      const counters = new ClusterCounters(kv);
      const since = Date.now();

      for (let n = 0; n < 500; n += 1) counters.add({ ended: { succeeded: 1 } });
      expect(puts).toBe(1);
      expect(counters.now.runs).toEqual({ succeeded: 500 });

      await vi.waitFor(() => expect(puts).toBe(2), { timeout: 5_000, interval: 20 });
      expect(Date.now() - since).toBeGreaterThanOrEqual(1_000);
      const all = counted(NOTHING_COUNTED, { ...EMPTY_TALLY, ended: { succeeded: 500 } });
      expect(storage.kv.get("counters")).toEqual(all);
    });
  });

  it("count attempts at callbacks", async () => {
    const teller = await Teller.join(fresh("called"));
    const jobId = fresh("calledjob");
    // An address that may not be called: the attempt is refused here, and one more follows.
    await teller.running(jobId, { metadata: { callback_url: "http://127.0.0.1/hook" } });

    await teller.told(jobId, FACTS.ended);

    await vi.waitFor(async () =>
      expect((await figures(teller.cluster)).counters).toMatchObject({
        runs: { succeeded: 1 },
        callbacks: { retried: 1 },
      }),
    );
  });
});
