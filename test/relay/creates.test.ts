import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../../dev/cluster/cluster.ts";
import { ANNOTATIONS } from "../../protocol/words.ts";
import { ClusterApi } from "./support/cluster-api.ts";
import { FakeGateway } from "./support/fake-gateway.ts";
import { createOf } from "./support/manifests.ts";
import { type RunningRelay, startTestCluster, startTestRelay } from "./support/running-relay.ts";

let cluster: Cluster;
let api: ClusterApi;
let gateway: FakeGateway;
let relay: RunningRelay;

beforeAll(async () => {
  cluster = await startTestCluster();
  api = new ClusterApi(cluster.kubeconfig);
});
afterAll(async () => {
  await api.close();
  await cluster.stop();
});
async function start(settings: { namespaces?: string[]; welcome?: object } = {}): Promise<void> {
  gateway = await new FakeGateway({ welcome: settings.welcome ?? {} }).start();
  relay = startTestRelay(gateway, cluster.kubeconfig, { namespaces: settings.namespaces ?? [] });
  await gateway.linked();
}
afterEach(async () => {
  cluster.faults.clear();
  await relay.stop();
  await gateway.stop();
});

describe("a create meets trouble", () => {
  beforeEach(() => start());
  const onCreate = { verb: "create", path: "/jobs$" };
  const jobsNamed = async (jobId: string): Promise<number> => {
    const path = "/apis/batch/v1/namespaces/default/jobs";
    const answer = await api.api.request({ method: "GET", path, query: { labelSelector: `job_id=${jobId}` } });
    return answer.ok ? (answer.body as { items: unknown[] }).items.length : -1;
  };

  it.each([
    { name: "429", action: { kind: "answer", code: 429, retryAfterSeconds: 0 } },
    { name: "500", action: { kind: "answer", code: 500 } },
    { name: "503", action: { kind: "answer", code: 503 } },
    { name: "a dropped connection", action: { kind: "drop" } },
  ] as const)("$name twice, and then succeeds once", async ({ name, action }) => {
    const jobId = `tries${name.replace(/[^a-z0-9]/g, "")}`;
    const fault = cluster.faults.add({ ...onCreate, times: 2, action });

    gateway.send(createOf({ jobId }));

    expect(await gateway.fact("created", jobId)).toMatchObject({ adopted: false });
    expect(fault.hits()).toBe(2);
    expect(await jobsNamed(jobId)).toBe(1);
  });

  it.each([
    { name: "504 after the write", action: { kind: "answer", code: 504, isAfterWrite: true } },
    { name: "a connection lost after the write", action: { kind: "drop", isAfterWrite: true } },
  ] as const)("$name, and adopts what it made", async ({ name, action }) => {
    const jobId = `made${name.replace(/[^a-z0-9]/g, "")}`;
    cluster.faults.add({ ...onCreate, times: 1, action });

    gateway.send(createOf({ jobId }));

    expect(await gateway.fact("created", jobId)).toMatchObject({ adopted: true });
    expect(await jobsNamed(jobId)).toBe(1);
    expect(gateway.factsOf("created", jobId)).toHaveLength(1);
  });

  it("and its start deadline passes: it expires, and there is no Job", async () => {
    cluster.faults.add({ ...onCreate, action: { kind: "answer", code: 429 } });

    gateway.send(createOf({ jobId: "expires1", startDeadlineInMs: 400 }));

    await gateway.fact("expired", "expires1");
    cluster.faults.clear();
    expect(await jobsNamed("expires1")).toBe(0);
  });

  it("and expires only once an attempt that may have happened can't come any more", async () => {
    cluster.faults.add({ ...onCreate, times: 1, action: { kind: "answer", code: 504, isAfterWrite: true } });

    gateway.send(createOf({ jobId: "expires2", startDeadlineInMs: 1 }));

    await gateway.fact("created", "expires2");
    expect(gateway.factsOf("expired", "expires2")).toEqual([]);
  });
});

describe("a name that is taken", () => {
  beforeEach(() => start());

  it("by this run is success: the Job is adopted", async () => {
    gateway.send(createOf({ jobId: "twice1", command: ["sleep", "60"] }));
    const first = await gateway.fact("created", "twice1");

    gateway.send(createOf({ jobId: "twice1", command: ["sleep", "60"] }));

    await vi.waitFor(() => expect(gateway.factsOf("created", "twice1")).toHaveLength(2));
    expect(gateway.factsOf("created", "twice1")[1]).toMatchObject({ uid: first.uid, adopted: true });
    await api.delete("twice1", first.uid);
  });

  it("by somebody else fails the run, and theirs is not touched", async () => {
    const { manifest } = createOf({ jobId: "theirs", name: "taken1", command: ["sleep", "60"] });
    const uid = await api.create({ ...manifest, metadata: { name: "taken1", namespace: "default" } });

    gateway.send(createOf({ jobId: "mine", name: "taken1" }));

    expect(await gateway.fact("create_refused", "mine")).toMatchObject({ reason: "name_taken" });
    expect((await api.job("taken1"))?.metadata.uid).toBe(uid);
    await api.delete("taken1", uid);
  });

  it("by an older run of the job is taken over, once that is gone", async () => {
    gateway.send(createOf({ jobId: "older1", run: 1, command: ["sleep", "60"] }));
    const first = await gateway.fact("created", "older1");

    gateway.send(createOf({ jobId: "older1", run: 2, command: ["sleep", "60"] }));

    await vi.waitFor(() => expect(gateway.factsOf("created", "older1")).toHaveLength(2), 10_000);
    const second = gateway.factsOf("created", "older1")[1];
    expect(second).toMatchObject({ run: 2, adopted: false });
    expect(second?.uid).not.toBe(first.uid);
    expect(gateway.factsOf("lost", "older1")).toEqual([]);
    await api.delete("older1", second?.uid ?? "");
  });

  it("by a reported Job of ours is taken over", async () => {
    const old = createOf({ jobId: "older2", name: "reused1" });
    const metadata = old.manifest.metadata as { annotations: Record<string, string> };
    metadata.annotations[ANNOTATIONS.reportedAt] = "2026-11-24T16:00:00Z";
    await api.create(old.manifest);

    gateway.send(createOf({ jobId: "newer2", name: "reused1" }));

    expect(await gateway.fact("created", "newer2")).toMatchObject({ name: "reused1", adopted: false });
  });
});

describe("a create that will never succeed", () => {
  it("is refused where the namespace is missing", async () => {
    await start();
    gateway.send(createOf({ jobId: "nons1", namespace: "nowhere" }));

    expect(await gateway.fact("create_refused", "nons1")).toMatchObject({ reason: "namespace_missing" });
  });

  it("is refused where the manifest is invalid, naming fields and no values", async () => {
    await start();
    const create = createOf({ jobId: "invalid1" });
    const template = (create.manifest.spec as { template: { spec: object } }).template;
    template.spec = {
      restartPolicy: "Sometimes",
      containers: [{ name: "main", image: "x", env: [{ name: "A", value: "hunter2-secret" }] }],
    };

    gateway.send(create);

    const refused = await gateway.fact("create_refused", "invalid1");
    expect(refused.reason).toBe("invalid");
    expect(refused.message).toContain("restartPolicy");
    expect(refused.message).not.toContain("hunter2");
  });

  it("is refused where the relay may not touch the namespace, and nothing is created", async () => {
    await start({ namespaces: ["kube-public"] });
    const creates = cluster.faults.add({ verb: "create", path: "/jobs$", action: { kind: "delay", ms: 0 } });

    gateway.send(createOf({ jobId: "notallowed1" }));

    expect(await gateway.fact("create_refused", "notallowed1")).toMatchObject({ reason: "namespace_not_allowed" });
    expect(creates.hits()).toBe(0);
  });

  it("in a namespace that can't be read keeps no other namespace from being served, and is never lost", async () => {
    cluster.faults.add({ path: "/namespaces/kube-public/", action: { kind: "answer", code: 403 } });
    await start({ namespaces: ["default", "kube-public"] });
    const check = { type: "check" as const, jobId: "dark2", run: 1, namespace: "kube-public", name: "dark2", uid: "u" };

    gateway.send(check, createOf({ jobId: "light1" }), createOf({ jobId: "dark1", namespace: "kube-public" }));

    await gateway.fact("created", "light1");
    expect(await gateway.fact("create_refused", "dark1")).toMatchObject({ reason: "forbidden" });
    expect(gateway.facts("lost")).toEqual([]);
    const ready = await fetch(`${await relay.healthUrl}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.text()).toContain("/namespaces/kube-public/jobs can't be read");
  });

  it("is refused where a right is missing", async () => {
    await start();
    cluster.faults.add({ verb: "create", path: "/jobs$", times: 2, action: { kind: "answer", code: 403 } });

    gateway.send(createOf({ jobId: "forbidden1" }));

    expect(await gateway.fact("create_refused", "forbidden1")).toMatchObject({ reason: "forbidden" });
  });
});

describe("the right to create", () => {
  it("is not a standby's: it drops what it gets", async () => {
    await start({ welcome: { role: "standby" } });

    gateway.send(createOf({ jobId: "standby1" }));

    await gateway.fact("dropped", "standby1");
    expect(await api.job("standby1")).toBeNull();
  });

  it("comes with a promotion, and what was found meanwhile is told then", async () => {
    await start({ welcome: { role: "standby" } });
    const uid = await api.create(createOf({ jobId: "found1", command: ["sleep", "60"] }).manifest);

    gateway.send({ type: "role", role: "active" }, createOf({ jobId: "promoted1" }));

    await gateway.fact("created", "promoted1");
    expect(await gateway.fact("created", "found1")).toMatchObject({ uid, adopted: true });
    await api.delete("found1", uid);
  });

  it("is waited for where the create comes right behind the welcome", async () => {
    await start();
    gateway.drop();
    gateway.answersPings = true;
    await gateway.linked(2);

    gateway.send(createOf({ jobId: "early1" }));

    await gateway.fact("created", "early1");
    expect(gateway.factsOf("dropped", "early1")).toEqual([]);
  });

  it("is used for at most 32 attempts at once, in the order in which the creates came", async () => {
    await start();
    cluster.faults.add({ verb: "create", path: "/jobs$", action: { kind: "delay", ms: 150 } });
    const jobIds = Array.from({ length: 40 }, (_, index) => `window${index}`);

    gateway.send(...jobIds.map((jobId) => createOf({ jobId })));

    const created = () => gateway.facts("created").filter((fact) => fact.jobId.startsWith("window"));
    await vi.waitFor(() => expect(created()).toHaveLength(40), { timeout: 10_000 });
    const first = created()
      .slice(0, 8)
      .map((fact) => Number(fact.jobId.slice(6)));
    expect(Math.max(...first)).toBeLessThan(32);
  });

  it("is not used up by creates that can't succeed", async () => {
    await start();
    cluster.faults.add({
      verb: "create",
      path: "/kube-public/jobs$",
      action: { kind: "answer", code: 429, retryAfterSeconds: 5 },
    });
    const stuck = Array.from({ length: 40 }, (_, index) =>
      createOf({ jobId: `stuck${index}`, namespace: "kube-public" }),
    );

    gateway.send(...stuck, createOf({ jobId: "free1" }));

    await gateway.fact("created", "free1", 3_000);
  });
});

describe("the process stops", () => {
  it("hands back creates that have not succeeded, then leaves", async () => {
    await start();
    const busy = cluster.faults.add({ verb: "create", path: "/jobs$", action: { kind: "answer", code: 429 } });
    gateway.send(createOf({ jobId: "stop1" }), createOf({ jobId: "stop2" }));
    await vi.waitFor(() => expect(busy.hits()).toBeGreaterThan(1), 5_000);

    await relay.stop();

    await gateway.fact("dropped", "stop1");
    await gateway.fact("dropped", "stop2");
    expect(gateway.items.at(-1)?.type).toBe("leaving");
    await vi.waitFor(() => expect(gateway.closes.at(-1)?.code).toBe(1001));
  });

  it("lets an attempt that is under way end first", async () => {
    await start();
    const slow = cluster.faults.add({ verb: "create", path: "/jobs$", times: 1, action: { kind: "delay", ms: 500 } });
    gateway.send(createOf({ jobId: "slow1", command: ["true"] }));
    await vi.waitFor(() => expect(slow.hits()).toBe(1));

    await relay.stop();

    await gateway.fact("created", "slow1");
    expect(gateway.items.at(-1)?.type).toBe("leaving");
  });
});
