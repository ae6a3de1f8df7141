import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../dev/cluster/cluster.ts";
import { FakeGateway } from "./support/fake-gateway.ts";
import { createOf, removeOf } from "./support/manifests.ts";
import { type RunningRelay, startTestCluster, startTestRelay } from "./support/running-relay.ts";

let cluster: Cluster;
let gateway: FakeGateway;
let relay: RunningRelay;

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  relay = startTestRelay(gateway, cluster.kubeconfig);
  await gateway.linked();
});
afterEach(async () => {
  await relay.stop();
  await gateway.stop();
  cluster.faults.clear();
});

describe("a run's life", () => {
  it("is created, started, ended and logged in that order", async () => {
    gateway.send(createOf({ jobId: "life1", command: ["echo", "k8s jobs !!!"], logCollect: true }));

    const log = await gateway.fact("log", "life1");

    expect(log).toMatchObject({ text: "k8s jobs !!!\n", seq: 0, last: true, severalContainers: false });
    expect(log.problem).toBeUndefined();
    const ended = await gateway.fact("ended", "life1");
    expect(ended).toMatchObject({ result: "succeeded", reason: "", message: "", podCount: 1 });
    expect(ended.logs).toEqual([log.log]);
    expect(ended.pods).toEqual([{ podName: log.log.podName, exitCode: 0, reason: "Completed" }]);
    const types = gateway.items.map((item) => item.type);
    expect(types).toEqual(["hello", "inventory", "created", "started", "ended", "log"]);
  });

  it("is removed with its pods", async () => {
    gateway.send(createOf({ jobId: "gone1", command: ["sleep", "60"] }));
    await gateway.fact("started", "gone1");

    gateway.send(removeOf({ jobId: "gone1" }, 7));

    expect(await gateway.fact("removed", "gone1")).toMatchObject({ n: 7, existed: true });
    expect(gateway.facts("lost")).toEqual([]);
  });
});
