import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../../dev/cluster/cluster.ts";
import { ClusterApi } from "./support/cluster-api.ts";
import { FakeGateway } from "./support/fake-gateway.ts";
import { createOf, removeOf } from "./support/manifests.ts";
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
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  relay = startTestRelay(gateway, cluster.kubeconfig, { namespaces: [] });
  await gateway.linked();
});
afterEach(async () => {
  cluster.faults.clear();
  await relay.stop();
  await gateway.stop();
});

describe("a run's life", () => {
  it("is created, started, ended and logged in that order, and then its TTL begins", async () => {
    gateway.send(createOf({ jobId: "life1", command: ["echo", "k8s jobs !!!"], logCollect: true, ttlSeconds: 600 }));

    const log = await gateway.fact("log", "life1");

    expect(log).toMatchObject({ text: "k8s jobs !!!\n", seq: 0, last: true, severalContainers: false });
    expect(log.problem).toBeUndefined();
    const ended = await gateway.fact("ended", "life1");
    expect(ended).toMatchObject({ result: "succeeded", reason: "", message: "", podCount: 1, logs: [log.log] });
    expect(ended.pods).toEqual([{ podName: log.log.podName, exitCode: 0, reason: "Completed" }]);
    const job = await api.reported("life1");
    expect(job.spec.ttlSecondsAfterFinished).toBeGreaterThanOrEqual(600);
    expect(job.spec.ttlSecondsAfterFinished).toBeLessThan(605);
    const types = gateway.items.filter((item) => !("jobId" in item) || item.jobId === "life1").map(({ type }) => type);
    expect(types).toEqual(["hello", "inventory", "created", "started", "ended", "log"]);
  });

  it("that fails says why, and its log is there unasked", async () => {
    gateway.send(createOf({ jobId: "fails1", command: ["sh", "-c", "echo oh no; exit 3"] }));

    const log = await gateway.fact("log", "fails1");

    const ended = await gateway.fact("ended", "fails1");
    expect(ended).toMatchObject({ result: "failed", reason: "BackoffLimitExceeded" });
    expect(ended.message).toContain(`pod ${log.log.podName}: container main exited with code 3`);
    expect(log.text).toBe("oh no\n");
  });

  it("that succeeds sends no log unless asked, and with a TTL of 0 leaves nothing", async () => {
    gateway.send(createOf({ jobId: "quiet1", command: ["echo", "x"], ttlSeconds: 0 }));

    await gateway.fact("ended", "quiet1");

    await api.absent("quiet1");
    expect(gateway.factsOf("log", "quiet1")).toEqual([]);
    expect(gateway.factsOf("lost", "quiet1")).toEqual([]);
  });

  it("keeps its Job untouched until end and log are acknowledged", async () => {
    gateway.judge = (fact) => (fact.type === "log" ? null : "ok");
    gateway.send(createOf({ jobId: "acked1", command: ["echo", "x"], logCollect: true, ttlSeconds: 0 }));
    const log = await gateway.fact("log", "acked1");
    expect((await api.job("acked1"))?.spec.ttlSecondsAfterFinished).toBeUndefined();

    gateway.send({ type: "ok", ids: [log.id] });

    await api.absent("acked1");
  });

  it("that nobody knows above gets its TTL at once, and no log", async () => {
    gateway.judge = () => "gone";
    gateway.send(createOf({ jobId: "unknown1", command: ["sh", "-c", "sleep 0.3; exit 1"], ttlSeconds: 300 }));

    const job = await api.reported("unknown1");

    expect(job.spec.ttlSecondsAfterFinished).toBe(300);
    expect(gateway.factsOf("log", "unknown1")).toEqual([]);
  });

  it("whose Job vanishes is lost", async () => {
    gateway.send(createOf({ jobId: "lost1", command: ["sleep", "60"] }));
    const { uid } = await gateway.fact("created", "lost1");
    await gateway.fact("started", "lost1");

    await api.delete("lost1", uid);

    expect(await gateway.fact("lost", "lost1")).toMatchObject({ uid });
  });

  it("whose image can't be run says why it waits or failed", async () => {
    gateway.send(createOf({ jobId: "nocmd1", command: ["/no/such/command"] }));

    const ended = await gateway.fact("ended", "nocmd1");

    expect(ended.result).toBe("failed");
    expect(ended.message).toMatch(/container main (could not start|exited with code 12[78])/);
  });
});

describe("logs", () => {
  const textOf = (jobId: string): string =>
    gateway
      .facts("log")
      .filter((fact) => fact.jobId === jobId)
      .map((fact) => fact.text)
      .join("");

  it("are exact: no newline invented, other bytes as U+FFFD, empty ones empty", async () => {
    gateway.send(
      createOf({ jobId: "exact1", command: ["printf", "a\\n\\n  b\\377c"], logCollect: true }),
      createOf({ jobId: "empty1", command: ["true"], logCollect: true }),
    );

    await gateway.fact("log", "exact1");
    await gateway.fact("log", "empty1");

    expect(textOf("exact1")).toBe("a\n\n  b\ufffdc");
    expect(textOf("empty1")).toBe("");
  });

  it("beyond the limit keep head and tail with a marker between", async () => {
    const command = ["sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"];
    gateway.send(createOf({ jobId: "cut1", command, logCollect: true, logLimitBytes: 4_096 }));

    await gateway.fact("log", "cut1");

    const text = textOf("cut1");
    const whole = Array.from({ length: 3_000 }, (_, index) => `line ${index}\n`).join("");
    const [, head = "", bytes, tail = ""] = /^(.*)\[watchbell: (\d+) bytes cut\]\n(.*)$/s.exec(text) ?? [];
    expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
    expect(head.length + Number(bytes) + tail.length).toBe(whole.length);
    expect(head.length + tail.length).toBeGreaterThan(2_048);
    expect(head.length + tail.length).toBeLessThanOrEqual(4_096);
  });

  it("larger than one piece come in order and whole", async () => {
    const command = ["sh", "-c", "head -c 900000 /dev/zero | tr '\\0' x; echo end"];
    gateway.send(createOf({ jobId: "big1", command, logCollect: true }));

    await vi.waitFor(() => expect(gateway.factsOf("log", "big1").some((fact) => fact.last)).toBe(true), {
      timeout: 10_000,
    });

    expect(gateway.factsOf("log", "big1").map((fact) => fact.seq)).toEqual([0, 1, 2, 3]);
    expect(textOf("big1")).toBe(`${"x".repeat(900_000)}end\n`);
  });

  it("of a pod that its Job's deadline deletes are there", async () => {
    const command = ["sh", "-c", "echo before; trap 'echo term; exit 1' TERM; sleep 30 & wait"];
    gateway.send(createOf({ jobId: "late1", command, activeDeadlineSeconds: 1 }));

    const log = await gateway.fact("log", "late1");

    expect(log.problem).toBeUndefined();
    expect(log.text).toMatch(/^before\n/);
    expect(await gateway.fact("ended", "late1")).toMatchObject({ result: "failed", reason: "DeadlineExceeded" });
  });

  it("of a restarting container are there for each start that is readable", async () => {
    const command = ["sh", "-c", "echo try; exit 5"];
    gateway.send(createOf({ jobId: "again1", command, restartPolicy: "OnFailure", backoffLimit: 1 }));

    const ended = await gateway.fact("ended", "again1", 20_000);
    await vi.waitFor(
      () => expect(gateway.facts("log").filter((fact) => fact.last)).toHaveLength(ended.logs.length),
      5_000,
    );

    expect(ended.message).toContain("container main exited with code 5");
    expect(gateway.facts("log").map((fact) => fact.text)).toContain("try\n");
  });

  it("that the control plane refuses hold the TTL back", async () => {
    gateway.judge = (fact) => (fact.type === "log" ? { refused: "not now" } : "ok");
    gateway.send(createOf({ jobId: "refused1", command: ["echo", "x"], logCollect: true, ttlSeconds: 0 }));

    await gateway.fact("log", "refused1");
    await vi.waitFor(() => expect(relay.lines.join()).toContain("not now"));

    expect((await api.job("refused1"))?.spec.ttlSecondsAfterFinished).toBeUndefined();
  });
});

describe("a remove", () => {
  it("ends a running Job and its pods, and is no loss", async () => {
    gateway.send(createOf({ jobId: "gone1", command: ["sleep", "60"] }));
    await gateway.fact("started", "gone1");

    gateway.send(removeOf({ jobId: "gone1" }, 7));

    expect(await gateway.fact("removed", "gone1")).toMatchObject({ n: 7, existed: true });
    expect(await api.job("gone1")).toBeNull();
    expect(gateway.factsOf("lost", "gone1")).toEqual([]);
  });

  it("also takes a finished Job away", async () => {
    gateway.send(createOf({ jobId: "gone2" }));
    await gateway.fact("ended", "gone2");

    gateway.send(removeOf({ jobId: "gone2" }));

    expect(await gateway.fact("removed", "gone2")).toMatchObject({ existed: true });
  });

  it("of what never was says so", async () => {
    gateway.send(removeOf({ jobId: "never1" }));

    expect(await gateway.fact("removed", "never1")).toMatchObject({ existed: false });
  });

  it("leaves somebody else's Job alone", async () => {
    const { manifest } = createOf({ jobId: "other1", name: "theirs1", command: ["sleep", "60"] });
    const uid = await api.create(manifest);

    gateway.send(removeOf({ jobId: "mine1", name: "theirs1" }));

    expect(await gateway.fact("removed", "mine1")).toMatchObject({ existed: false });
    expect((await api.job("theirs1"))?.metadata.uid).toBe(uid);
    await api.delete("theirs1", uid);
  });

  it("waits for its run's create and wins over it", async () => {
    cluster.faults.add({ verb: "create", path: "/jobs$", action: { kind: "answer", code: 503 } });
    gateway.send(createOf({ jobId: "race1" }));
    gateway.send(removeOf({ jobId: "race1" }, 3));

    const removed = await gateway.fact("removed", "race1", 15_000);

    expect(removed).toMatchObject({ n: 3, existed: false });
    expect(gateway.factsOf("created", "race1")).toEqual([]);
  }, 20_000);
});

describe("a check", () => {
  const check = (jobId: string, uid: string) => ({
    type: "check" as const,
    jobId,
    run: 1,
    namespace: "default",
    name: jobId,
    uid,
  });

  it("of a Job that is not there is answered lost", async () => {
    gateway.send(check("check1", "some-uid"));

    expect(await gateway.fact("lost", "check1")).toMatchObject({ uid: "some-uid" });
  });

  it("of a Job with another uid is answered lost, with the uid that was asked for", async () => {
    gateway.send(createOf({ jobId: "check2", command: ["sleep", "60"] }));
    await gateway.fact("created", "check2");

    gateway.send(check("check2", "old-uid"));

    expect(await gateway.fact("lost", "check2")).toMatchObject({ uid: "old-uid" });
    gateway.send(removeOf({ jobId: "check2" }));
    await gateway.fact("removed", "check2");
  });
});

describe("a right that is lost while a run goes on", () => {
  it("is said of the run, which is not lost, and taken back once the right is there again", async () => {
    gateway.send(createOf({ jobId: "deprived1", command: ["sleep", "60"] }));
    const { uid } = await gateway.fact("created", "deprived1");
    await gateway.fact("started", "deprived1");
    const waiting = () => gateway.factsOf("waiting", "deprived1");

    cluster.faults.add({ path: "/jobs", action: { kind: "answer", code: 403 } });
    cluster.faults.onOpenWatches("drop", "/jobs");

    await vi.waitFor(() => expect(waiting()).toMatchObject([{ reason: "forbidden" }]), 10_000);
    expect(waiting()[0]?.message).toContain("its Job can't be watched: the API server answered 403");
    const ready = await (await fetch(`${await relay.healthUrl}/readyz`)).text();
    expect(ready).toContain("/apis/batch/v1/jobs can't be read");
    cluster.faults.clear();
    await vi.waitFor(() => expect(waiting().at(-1)).toMatchObject({ reason: "", message: "" }), 10_000);
    expect(gateway.factsOf("lost", "deprived1")).toEqual([]);
    await api.delete("deprived1", uid);
  });
});

describe("health", () => {
  it("is told over HTTP: alive, ready as active, and Prometheus text", async () => {
    gateway.send(createOf({ jobId: "health1" }));
    await gateway.fact("ended", "health1");
    const url = await relay.healthUrl;
    const get = async (path: string) => {
      const answer = await fetch(`${url}${path}`);
      return { status: answer.status, text: await answer.text() };
    };

    expect(await get("/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await get("/readyz")).toEqual({ status: 200, text: "ready: active\n" });
    const metrics = await get("/metrics");
    expect(metrics.text).toContain('watchbell_relay_creates_total{result="created"} 1');
    expect(metrics.text).toContain("watchbell_relay_link_up 1");
    expect(metrics.text).toContain("watchbell_relay_create_seconds_count 1");
    expect(await get("/elsewhere")).toMatchObject({ status: 404 });
  });

  it("is not ready while the API server does not answer, and says so", async () => {
    const url = await relay.healthUrl;
    cluster.faults.add({ verb: "get", action: { kind: "drop" } });

    const answer = await fetch(`${url}/readyz`);

    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("no answer from the API server");
  });

  it("is not ready while the link is down", async () => {
    const url = await relay.healthUrl;
    gateway.refuseUpgrade = { status: 503, body: "" };
    gateway.drop();

    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(503));
  });
});
