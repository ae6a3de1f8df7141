import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../../dev/cluster/cluster.ts";
import { ClusterApi } from "./support/cluster-api.ts";
import { FakeGateway } from "./support/fake-gateway.ts";
import { createOf } from "./support/manifests.ts";
import { startTestCluster, startTestRelay } from "./support/running-relay.ts";

const MAIN = path.resolve(import.meta.dirname, "../../relay/main.ts");

let cluster: Cluster;
let gateway: FakeGateway;
let running: Relay[] = [];

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  gateway = await new FakeGateway().start();
});
afterEach(async () => {
  for (const relay of running) {
    relay.process.kill("SIGKILL");
    await relay.exit;
  }
  running = [];
  cluster.faults.clear();
  await gateway.stop();
});

type Relay = { process: ChildProcess; exit: Promise<number | null>; output: () => string; ready: Promise<unknown> };

/** A relay as its own process, in its own process group; variables set to undefined are left out. */
function startRelay(env: Record<string, string | undefined> = {}, args: string[] = [], ipc = false): Relay {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ipc ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      WATCHBELL_URL: gateway.url,
      WATCHBELL_CLUSTER: "local",
      WATCHBELL_JOIN_TOKEN: "join-token-1",
      KUBECONFIG: cluster.kubeconfig,
      WATCHBELL_HEALTH_PORT: "0",
      WATCHBELL_HEALTH_HOST: "127.0.0.1",
      ...env,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (output += part));
  // A channel that the parent disconnects keeps `close` from ever coming; without one it says that all output was read.
  const exit = once(child, ipc ? "exit" : "close").then(([code]) => code as number | null);
  const ready = new Promise((resolve) => child.once("message", resolve));
  const relay = { process: child, exit, output: () => output, ready };
  running.push(relay);
  return relay;
}

describe("a start that can't succeed", () => {
  it("for bad variables exits 1 with one sentence for each that names it", async () => {
    const relay = startRelay({ WATCHBELL_URL: "nonsense", WATCHBELL_JOIN_TOKEN: undefined });

    expect(await relay.exit).toBe(1);
    const lines = relay.output().trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["WATCHBELL_URL", "WATCHBELL_JOIN_TOKEN"]);
  });

  it("for a wrong join token exits 1, names the variable and never the token", async () => {
    const relay = startRelay({ WATCHBELL_JOIN_TOKEN: "wrong-token-77" });

    expect(await relay.exit).toBe(1);
    expect(relay.output()).toContain("WATCHBELL_JOIN_TOKEN");
    expect(relay.output()).not.toContain("wrong-token-77");
  });

  it("for a KUBECONFIG that can't be read says so", async () => {
    const relay = startTestRelay(gateway, "/no/such/kubeconfig");

    expect(await relay.end).toMatchObject({
      code: 1,
      sentence: expect.stringContaining("KUBECONFIG=/no/such/kubeconfig"),
    });
  });

  it("for a health port that is taken names it", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const healthPort = typeof address === "object" && address ? address.port : 0;

    const relay = startTestRelay(gateway, cluster.kubeconfig, { healthPort });

    const sentence = expect.stringContaining(`WATCHBELL_HEALTH_PORT=${healthPort}`);
    expect(await relay.end).toMatchObject({ code: 1, sentence });
    await new Promise((resolve) => taken.close(resolve));
  });

  it("for a cluster that does not let it in names the KUBECONFIG", async () => {
    cluster.faults.add({ path: "/version", action: { kind: "answer", code: 403 } });

    const relay = startTestRelay(gateway, cluster.kubeconfig);

    expect(await relay.end).toMatchObject({
      code: 1,
      sentence: expect.stringContaining(`KUBECONFIG=${cluster.kubeconfig}`),
    });
  });

  it("is explained by --help", async () => {
    const relay = startRelay({}, ["--help"]);

    expect(await relay.exit).toBe(0);
    expect(relay.output()).toContain("WATCHBELL_JOIN_TOKEN");
  });
});

describe("a running process", () => {
  it("says over IPC when it is linked and on which port its health is, and ends with the channel", async () => {
    const relay = startRelay({}, [], true);

    const message = (await relay.ready) as { type: string; healthPort: number };

    expect(message.type).toBe("ready");
    expect((await fetch(`http://127.0.0.1:${message.healthPort}/readyz`)).status).toBe(200);
    relay.process.disconnect();
    expect(await relay.exit).toBe(0);
    expect(gateway.items.at(-1)?.type).toBe("leaving");
  });

  it("stops on SIGTERM with exit code 0, also when the signal comes twice; its log is single lines", async () => {
    const relay = startRelay();
    await gateway.linked();

    relay.process.kill("SIGTERM");
    relay.process.kill("SIGINT");

    expect(await relay.exit).toBe(0);
    await vi.waitFor(() => expect(gateway.closes.at(-1)?.code).toBe(1001));
    for (const line of relay.output().trim().split("\n")) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (info |warn |error) \S/);
    }
  });

  it("stops during its start, too", async () => {
    const frozen = cluster.faults.add({ path: "/version", action: { kind: "freeze" } });
    const relay = startRelay();
    await vi.waitFor(() => expect(frozen.hits()).toBeGreaterThan(0), 10_000);

    relay.process.kill("SIGTERM");

    expect(await relay.exit).toBe(0);
  });

  it("killed while a job runs: the next process finds it, and end and log still arrive", async () => {
    const first = startRelay();
    await gateway.linked();
    const command = ["sh", "-c", "echo begun; sleep 0.5; echo done; exit 4"];
    gateway.send(createOf({ jobId: "kill1", command, ttlSeconds: 600 }));
    const created = await gateway.fact("created", "kill1");
    await gateway.fact("started", "kill1");
    first.process.kill("SIGKILL");
    await first.exit;

    startRelay();
    await gateway.linked(2);

    const inventory = gateway.items.findLast((item) => item.type === "inventory");
    expect(inventory).toMatchObject({ jobs: [{ jobId: "kill1", run: 1, uid: created.uid }] });
    const log = await gateway.fact("log", "kill1");
    expect(log.text).toBe("begun\ndone\n");
    expect(await gateway.fact("ended", "kill1")).toMatchObject({ result: "failed", uid: created.uid });
    const again = gateway.factsOf("created", "kill1").at(-1);
    expect(again).toMatchObject({ adopted: true, uid: created.uid });
    const api = new ClusterApi(cluster.kubeconfig);
    await api.reported("kill1");
    await api.close();
  });
});
