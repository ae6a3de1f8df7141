import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Hello, UpItem } from "../../../protocol/up.ts";
import { clusterObject, clusterStub, dial, type FakeRelay, hello, joinedRelay } from "./cluster-object-fake-relay.ts";

const AT = { namespace: "default", name: "hello" };
const RUN = { jobId: "job1", run: 1 };
const INVENTORY: UpItem = { type: "inventory", jobs: [], last: true };

async function bookNow(cluster: string, run = 1): Promise<void> {
  const when = { n: 1, dueAt: Date.now(), startDeadlineAt: null };
  await clusterObject(cluster).book({ jobId: "job1", run, ...when, ...AT, manifest: { kind: "Job" } });
}

/** An event that changes nothing, so that the object looks at its clocks. */
async function look(cluster: string, run = 1) {
  return await clusterObject(cluster).look({ jobId: "job1", run });
}

async function kept(cluster: string): Promise<Record<string, unknown>> {
  return await runInDurableObject(clusterStub(cluster), (_object, state) => state.storage.kv.get("cluster") ?? {});
}

/** Moves the object's clock; sockets and their pings keep the real one. */
function setClock(at: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: at });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the handshake", () => {
  it("welcomes the first relay as active, with the label and the intervals", async () => {
    const relay = await joinedRelay("welcome", "p1");
    expect(relay.all("welcome")).toEqual([
      {
        type: "welcome",
        protocol: 1,
        role: "active",
        pingMs: 5_000,
        leaseMs: 10_000,
        clusterLabel: "abcd1234.welcome",
        nextDueInMs: null,
      },
    ]);
  });

  it.each<[string, Partial<Hello>, number, string]>([
    ["another cluster's id", { cluster: "elsewhere" }, 4403, "elsewhere"],
    ["no identity", { identity: {} }, 4403, "identity"],
    ["a protocol that is not spoken here", { protocol: 0 }, 4426, "protocol"],
    ["a Kubernetes that is too old", { kubernetesVersion: "v1.30.1" }, 4426, "1.30.1"],
    ["a window of nothing", { window: 0 }, 4400, "window"],
  ])("closes a hello with %s and says why", async (_name, change, code, words) => {
    const relay = await dial("refusals");
    relay.send(hello("refusals", "p1", change));
    const closed = await relay.untilClosed();
    expect(closed.code).toBe(code);
    expect(closed.reason).toContain(words);
    expect((await look("refusals")).link).toEqual({ up: false, since: null });
  });

  it("pins the first Kubernetes cluster and refuses another one, even after a restart", async () => {
    const relay = await joinedRelay("pinned", "p1", { hello: { identity: { kubeSystemUid: "a" } } });
    relay.ws.close(1000, "done");
    await relay.untilClosed();
    await evictDurableObject(clusterStub("pinned"));

    const other = await dial("pinned");
    other.send(hello("pinned", "p2", { identity: { kubeSystemUid: "b", namespaceUid: "c" } }));
    const closed = await other.untilClosed();
    expect(closed).toMatchObject({ code: 4403 });
    expect(closed.reason).toContain("pinned to another Kubernetes cluster");
    await joinedRelay("pinned", "p3", { hello: { identity: { kubeSystemUid: "a" } } });
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["something else before hello", '{"items":[{"type":"nudge"}]}'],
    ["an empty frame", '{"items":[]}'],
  ])("closes a socket that begins with %s", async (_name, text) => {
    const relay = await dial("strangers");
    relay.ws.send(text);
    expect((await relay.untilClosed()).code).toBe(4400);
  });

  it("closes a socket that says nothing for 10 s", async () => {
    const relay = await dial("mute");
    setClock(Date.now() + 10_500);
    await look("mute");
    expect(await relay.untilClosed()).toEqual({ code: 4400, reason: "no hello came within 10 s" });
  });
});

describe("what a link says", () => {
  it.each<[string, string | ArrayBuffer]>([
    ["a frame that is none", "null"],
    ["bytes", new Uint8Array([1, 2, 3]).buffer],
    ["a second hello", JSON.stringify({ items: [hello("garbage", "p1")] })],
    ["an inventory that does not fit", JSON.stringify({ items: [{ type: "inventory", jobs: 5, last: true }] })],
  ])("closes it when it is %s, and the run goes on with the next link", async (_name, message) => {
    const relay = await joinedRelay("garbage", "p1");
    relay.ws.send(message);
    expect((await relay.untilClosed()).code).toBe(4400);
    expect((await look("garbage")).link.up).toBe(false);
  });

  it("is ignored where its type is not known here, and the rest of the frame counts", async () => {
    const relay = await joinedRelay("newer", "p1");
    relay.ws.send(
      JSON.stringify({
        items: [{ type: "song", id: 3 }, 7, { type: "waiting", ...RUN, id: 4, ageMs: 0, reason: "r", message: "m" }],
      }),
    );
    expect(await relay.until("ok")).toEqual([{ type: "ok", ids: [4] }]);
    expect(relay.closed).toBeNull();
  });

  it("is refused by its id where a known fact does not fit, and others of the frame are taken", async () => {
    const relay = await joinedRelay("malformed", "p1");
    const waiting = { type: "waiting", ...RUN, ageMs: 0, reason: "r", message: "m" };
    relay.ws.send(
      JSON.stringify({
        items: [
          { ...waiting, id: 1, ageMs: -5 },
          { ...waiting, id: 2 },
        ],
      }),
    );
    const [refused] = await relay.until("refused");
    expect(refused).toMatchObject({ id: 1 });
    expect(refused?.reason).toContain("ageMs");
    expect((await relay.until("ok"))[0]?.ids).toEqual([2]);
  });
});

describe("several relays", () => {
  it("are one active and the rest standby; the standby is promoted when the active one closes", async () => {
    const active = await joinedRelay("promote", "p1");
    const standby = await joinedRelay("promote", "p2");
    expect(standby.all("welcome")[0]?.role).toBe("standby");
    await bookNow("promote");
    await active.until("create");
    expect(standby.all("create")).toEqual([]);

    active.ws.close(1001, "stopping");
    await active.untilClosed();

    expect(await standby.until("role")).toEqual([{ type: "role", role: "active" }]);
    expect(await standby.until("create")).toMatchObject([RUN]);
    expect((await look("promote")).link.up).toBe(true);
  });

  it("hand the right to create over at once when the active one is leaving", async () => {
    const active = await joinedRelay("leaving", "p1");
    const standby = await joinedRelay("leaving", "p2");
    active.send({ type: "leaving" });
    await standby.until("role");
    await bookNow("leaving");
    await standby.until("create");
    expect(active.all("create")).toEqual([]);
    // Its own word ends its fence.
    expect(await kept("leaving")).toMatchObject({ linked: ["p2"], lost: {} });
  });

  it("lose the active one 20 s after its last sign of life, and its silence is told to it", async () => {
    const start = Date.now();
    const active = await joinedRelay("silent", "p1");
    setClock(start + 15_000);
    const standby = await joinedRelay("silent", "p2");
    await bookNow("silent");
    await active.until("create");
    setClock(start + 19_000);
    await look("silent");
    expect(standby.all("role")).toEqual([]);

    setClock(start + 21_000);
    await look("silent");

    expect(await active.untilClosed()).toEqual({ code: 4408, reason: "no ping came for 20 s" });
    await standby.until("role");
    expect(await standby.until("create")).toMatchObject([RUN]);
  });

  it("close the older link of a process that comes back, which stays what it was", async () => {
    const older = await joinedRelay("replaced", "p1");
    await joinedRelay("replaced", "p2");
    const newer = await joinedRelay("replaced", "p1");
    expect((await older.untilClosed()).code).toBe(4409);
    expect(newer.all("welcome")[0]?.role).toBe("active");
    expect(await kept("replaced")).toMatchObject({ linked: ["p2", "p1"], lost: {} });
  });
});

describe("what is unconfirmed", () => {
  async function sentTo(cluster: string, process: string): Promise<FakeRelay> {
    const relay = await joinedRelay(cluster, process);
    await bookNow(cluster);
    await relay.until("create");
    return relay;
  }

  it("is not sent again when the inventory already lists it", async () => {
    const first = await sentTo("listed", "p1");
    first.ws.close(1001, "");
    await first.untilClosed();
    const job = { ...RUN, ...AT, uid: "uid1", phase: "active" } as const;
    const second = await joinedRelay("listed", "p2", { jobs: [job] });
    await vi.waitFor(async () => expect((await look("listed")).row?.state).toBe("created"));
    expect(second.all("create")).toEqual([]);

    // Seen, and missing in the next inventory: only the API server can say what became of it.
    second.ws.close(1001, "");
    await second.untilClosed();
    const third = await joinedRelay("listed", "p3");
    expect(await third.until("check")).toEqual([{ type: "check", ...RUN, ...AT, uid: "uid1" }]);
  });

  it("waits for the whole inventory", async () => {
    const first = await sentTo("pages", "p1");
    first.ws.close(1001, "");
    await first.untilClosed();
    const second = await joinedRelay("pages", "p2", { inventory: false });
    second.send({ type: "inventory", jobs: [], last: false }, { type: "nudge" });
    await second.ping();
    await look("pages");
    expect(second.all("create")).toEqual([]);
    second.send(INVENTORY);
    await second.until("create");
  });

  it("is expired only when no earlier process can still create it: the create is repeated after that", async () => {
    const start = Date.now();
    const first = await sentTo("fence", "p1");
    first.ws.close(1001, "");
    await first.untilClosed();
    setClock(start + 12_000);
    const second = await joinedRelay("fence", "p2");
    await second.until("create");

    second.send({ type: "expired", ...RUN, id: 1, ageMs: 0 });
    expect(await second.until("ok")).toEqual([{ type: "ok", ids: [1] }]);
    expect((await look("fence")).row?.state).toBe("sent");
    expect(second.all("create")).toHaveLength(1);

    setClock(start + 21_000);
    await look("fence");
    await second.until("create", 2);
    // Nobody knows the job, so its answer to evidence that counts is: gone.
    second.send({ type: "expired", ...RUN, id: 2, ageMs: 0 });
    expect(await second.until("gone")).toEqual([{ type: "gone", ids: [2] }]);
    expect((await look("fence")).row?.state).toBe("final");
  });

  it("goes back to the control plane when the relay drops it, and is offered again after a pause", async () => {
    const relay = await sentTo("dropped", "p1");
    relay.send({ type: "dropped", ...RUN, id: 1, ageMs: 0 });
    await relay.until("ok");
    expect((await look("dropped")).row).toMatchObject({ state: "booked", sentAt: null });
    await relay.until("create", 2);
    const [first = 0, second = 0] = relay.timesOf("create");
    expect(second - first).toBeGreaterThanOrEqual(1_000);
  });

  it("is offered to another relay at once when the one that dropped it leaves", async () => {
    const start = Date.now();
    const relay = await sentTo("offered", "p1");
    setClock(start + 10_000);
    const standby = await joinedRelay("offered", "p2");
    // 10 s after its time the pause would be 2.5 s.
    relay.send({ type: "dropped", ...RUN, id: 1, ageMs: 0 }, { type: "leaving" });
    await standby.until("create");
    expect(relay.all("create")).toHaveLength(1);
  });

  it("shows the relay's last word on why it waits", async () => {
    const relay = await sentTo("waits", "p1");
    relay.send({ type: "waiting", ...RUN, id: 1, ageMs: 0, reason: "quota", message: "exceeded quota: pods" });
    await relay.until("ok");
    expect((await look("waits")).row?.waiting).toEqual({ reason: "quota", message: "exceeded quota: pods" });
  });
});

describe("a run that was taken back", () => {
  it("has a Job that still turns up removed, and counted as a repair", async () => {
    const relay = await joinedRelay("repair", "p1");
    const later = { n: 1, dueAt: Date.now() + 60_000, startDeadlineAt: null, manifest: {} };
    await clusterObject("repair").book({ ...RUN, ...AT, ...later });
    expect(await clusterObject("repair").cancel(RUN, { n: 2, ...AT, unlessSent: false })).toEqual({
      answer: "unbooked",
    });

    relay.send({ type: "inventory", jobs: [{ ...RUN, ...AT, uid: "uid1", phase: "active" }], last: true });

    expect(await relay.until("remove")).toEqual([{ type: "remove", ...RUN, ...AT, n: 2 }]);
    expect((await clusterObject("repair").figures()).counters.repairs).toEqual({ listed_after_cancel: 1 });
    relay.send({ type: "removed", ...RUN, id: 1, ageMs: 0, n: 2, existed: true });
    await vi.waitFor(async () => expect((await look("repair")).row?.state).toBe("final"));
  });
});
