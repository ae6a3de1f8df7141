import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import type { Booking } from "../../../worker/clusters/calls.ts";
import { clusterObject, clusterStub, dial, type FakeRelay, hello, joinedRelay } from "./cluster-object-fake-relay.ts";

const AT = { namespace: "default", name: "hello" };

function booking(run: number, dueAt: number, change: Partial<Booking> = {}): Booking {
  return { jobId: "job1", run, n: 1, dueAt, startDeadlineAt: null, ...AT, manifest: { kind: "Job", run }, ...change };
}

function created(relay: FakeRelay, run: number, id: number): void {
  relay.send({ type: "created", jobId: "job1", run, id, ageMs: 0, uid: `uid${run}`, ...AT, adopted: false });
}

async function stateOf(cluster: string, run: number): Promise<string | null> {
  return (await clusterObject(cluster).look({ jobId: "job1", run })).row?.state ?? null;
}

async function alarmOf(cluster: string): Promise<number | null> {
  return await runInDurableObject(clusterStub(cluster), (_object, state) => state.storage.getAlarm());
}

describe("the hand-over", () => {
  it("sends a booked run at its time and never early", async () => {
    const relay = await joinedRelay("on-time", "p1");
    const dueAt = Date.now() + 400;

    expect(await clusterObject("on-time").book(booking(1, dueAt))).toEqual({ answer: "booked" });
    const [create] = await relay.until("create");

    expect(create).toMatchObject({ jobId: "job1", run: 1, n: 1, ...AT, manifest: { kind: "Job", run: 1 } });
    const lateMs = (relay.timesOf("create")[0] ?? 0) - dueAt;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(100);
    const { row } = await clusterObject("on-time").look({ jobId: "job1", run: 1 });
    expect(row).toMatchObject({ state: "sent", n: 1 });
    expect(row?.firedAt).toBeGreaterThanOrEqual(dueAt);
  });

  it("wakes by its alarm for a run that is due beyond the reach of a timer", async () => {
    const relay = await joinedRelay("by-alarm", "p1");
    const dueAt = Date.now() + 1_600;

    await clusterObject("by-alarm").book(booking(1, dueAt));
    await evictDurableObject(clusterStub("by-alarm"));
    await relay.until("create");

    const lateMs = (relay.timesOf("create")[0] ?? 0) - dueAt;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(150);
  });

  it("tells the relay when the next run is due, and again whenever that changes", async () => {
    await clusterObject("tell").book(booking(1, Date.now() + 60_000));
    const relay = await joinedRelay("tell", "p1");
    expect(relay.all("welcome")[0]?.nextDueInMs).toBeGreaterThan(59_000);

    await clusterObject("tell").book(booking(2, Date.now() + 90_000));
    await clusterObject("tell").book(booking(3, Date.now() + 30_000));
    const told = await relay.until("next_due");
    expect(told[0]?.nextDueInMs).toBeLessThanOrEqual(30_000);

    await clusterObject("tell").cancel({ jobId: "job1", run: 1 }, { n: 2, ...AT, unlessSent: false });
    await clusterObject("tell").cancel({ jobId: "job1", run: 2 }, { n: 2, ...AT, unlessSent: false });
    await clusterObject("tell").cancel({ jobId: "job1", run: 3 }, { n: 2, ...AT, unlessSent: false });
    await vi.waitFor(() => expect(relay.all("next_due").at(-1)?.nextDueInMs).toBeNull());
  });

  it("keeps to the relay's window, and goes on with each confirmation in due order", async () => {
    const relay = await joinedRelay("window", "p1", { hello: { window: 2 } });
    const past = Date.now() - 1_000;
    for (const run of [3, 1, 2, 4]) await clusterObject("window").book(booking(run, past + run));
    expect((await relay.until("create", 2)).map((create) => create.run)).toEqual([3, 1]);

    created(relay, 3, 1);
    await relay.until("create", 3);
    created(relay, 1, 2);
    expect((await relay.until("create", 4)).map((create) => create.run)).toEqual([3, 1, 2, 4]);
    expect(await stateOf("window", 3)).not.toBe("sent");
  });

  it("puts many creates into one frame, after the deletes", async () => {
    const past = Date.now() - 100;
    for (let run = 1; run <= 40; run += 1) await clusterObject("batch").book(booking(run, past + run));
    await clusterObject("batch").cancel({ jobId: "job1", run: 99 }, { n: 1, ...AT, unlessSent: false });

    const relay = await joinedRelay("batch", "p1");
    await relay.until("create", 40);

    expect(relay.frames).toBeLessThanOrEqual(4);
    const order = relay.received.map(({ item }) => item.type);
    expect(order.indexOf("remove")).toBeLessThan(order.indexOf("create"));
    expect(relay.all("create").map((create) => create.run)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });

  it("carries the start deadline as what is left of it", async () => {
    const relay = await joinedRelay("deadline", "p1");
    const now = Date.now();
    await clusterObject("deadline").book(booking(1, now, { startDeadlineAt: now + 5_000 }));
    const [create] = await relay.until("create");
    expect(create?.startDeadlineInMs).toBeLessThanOrEqual(5_000);
    expect(create?.startDeadlineInMs).toBeGreaterThan(4_000);
  });

  // A time that is measured: what else the machine does counts, so it may be measured again.
  it("hands 300 runs due within one second over without adding to their lateness", { retry: 2 }, async (context) => {
    const name = `burst-${context.task.result?.retryCount ?? 0}`;
    const relay = await joinedRelay(name, "p1", { hello: { window: 1_000 } });
    // All of them are booked before the first is due, on a busy machine too.
    const first = Date.now() + 2_500;
    const cluster = clusterObject(name);
    const bookings = Array.from({ length: 300 }, (_, index) => booking(index + 1, first + index * 3));
    await Promise.all(bookings.map((each) => cluster.book(each)));

    await relay.until("create", 300);

    const runs = relay.all("create");
    const lateness = relay.timesOf("create").map((at, index) => at - first - ((runs[index]?.run ?? 1) - 1) * 3);
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
    expect(lateness.sort((a, b) => a - b)[Math.floor(lateness.length / 2)]).toBeLessThan(50);
  });
});

describe("booking and taking back", () => {
  it("answers a late booking of a run that was taken back with stale, and never sends it", async () => {
    const relay = await joinedRelay("tombstone", "p1");
    const cluster = clusterObject("tombstone");
    await cluster.book(booking(1, Date.now() + 250));

    expect(await cluster.cancel({ jobId: "job1", run: 1 }, { n: 2, ...AT, unlessSent: false })).toEqual({
      answer: "unbooked",
    });
    expect(await cluster.book(booking(1, Date.now()))).toEqual({ answer: "stale" });
    await cluster.book(booking(2, Date.now() + 300));
    await relay.until("create");

    expect(relay.all("create").map((create) => create.run)).toEqual([2]);
  });

  it("removes what was sent, now or when a relay comes", async () => {
    const relay = await joinedRelay("remove", "p1");
    const cluster = clusterObject("remove");
    await cluster.book(booking(1, Date.now()));
    await relay.until("create");

    expect(await cluster.cancel({ jobId: "job1", run: 1 }, { n: 2, ...AT, unlessSent: false })).toEqual({
      answer: "removing",
    });
    expect(await relay.until("remove")).toMatchObject([{ run: 1, n: 2, ...AT }]);
    expect(await cluster.book(booking(1, Date.now(), { n: 3 }))).toEqual({ answer: "taken" });

    relay.ws.close(1001, "restart");
    await relay.untilClosed();
    const again = await joinedRelay("remove", "p1");
    expect(await again.until("remove")).toMatchObject([{ run: 1, n: 2 }]);
    expect(again.all("create")).toEqual([]);
  });

  it("leaves no alarm with nothing open, and forgets final rows after a quarter of an hour", async () => {
    const relay = await joinedRelay("idle", "p1");
    await vi.waitFor(async () => expect(await alarmOf("idle")).toBeNull());

    await clusterObject("idle").book(booking(1, Date.now() + 60_000));
    await clusterObject("idle").cancel({ jobId: "job1", run: 1 }, { n: 2, ...AT, unlessSent: false });
    const before = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: before + 15 * 60_000 + 1_000 });
    try {
      // The link is silent by that time: it goes, and nothing else is left to wake up for.
      await clusterObject("idle").look({ jobId: "job1", run: 1 });
      expect(await stateOf("idle", 1)).toBeNull();
      expect(await alarmOf("idle")).toBeNull();
    } finally {
      vi.useRealTimers();
    }
    expect((await relay.untilClosed()).code).toBe(4408);
  });
});

describe("a restart of the object", () => {
  it("that hibernates its sockets goes unnoticed: the link stands and the run is sent", async () => {
    const relay = await joinedRelay("hibernate", "p1");
    await clusterObject("hibernate").book(booking(1, Date.now() + 500));
    await evictDurableObject(clusterStub("hibernate"), { webSockets: "hibernate" });
    await clusterObject("hibernate").look({ jobId: "job1", run: 1 });
    await relay.until("create");
    expect(relay.closed).toBeNull();
    expect((await clusterObject("hibernate").look({ jobId: "job1", run: 1 })).link.up).toBe(true);
  });

  it("that closes its sockets sends what is unconfirmed once more, to the same process", async () => {
    const relay = await joinedRelay("reset", "p1");
    await clusterObject("reset").book(booking(1, Date.now()));
    await clusterObject("reset").book(booking(2, Date.now()));
    await relay.until("create", 2);
    created(relay, 2, 1);
    await vi.waitFor(async () => expect(await stateOf("reset", 2)).not.toBe("sent"));

    await evictDurableObject(clusterStub("reset"), { webSockets: "close" });
    await relay.untilClosed();
    expect((await clusterObject("reset").look({ jobId: "job1", run: 1 })).link.up).toBe(false);
    const again = await dial("reset");
    again.send(hello("reset", "p1"), { type: "inventory", jobs: [], last: true });

    expect((await again.until("create")).map((create) => create.run)).toEqual([1]);
  });
});
