import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../dev/cluster/cluster.ts";
import { positionOf } from "../../protocol/follow-position.ts";
import { FakeGateway } from "./support/fake-gateway.ts";
import { LiveReader } from "./support/live-reader.ts";
import { createOf, removeOf } from "./support/manifests.ts";
import { type RunningRelay, startTestCluster, startTestRelay } from "./support/running-relay.ts";

let cluster: Cluster;
let gateway: FakeGateway;
let relay: RunningRelay;
let folder: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  folder = mkdtempSync(join(tmpdir(), "watchbell-live-logs-"));
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  relay = startTestRelay(gateway, cluster.kubeconfig);
  await gateway.linked();
});
afterEach(async () => {
  cluster.faults.clear();
  await relay.stop();
  await gateway.stop();
});

/** A command that waits for its gate between two others, and what opens the gate. */
function gated(name: string, before: string, after: string): { command: string[]; open: () => void } {
  const gate = join(folder, name);
  return {
    command: ["sh", "-c", `${before}; while [ ! -e ${gate} ]; do sleep 0.02; done; ${after}`],
    open: () => writeFileSync(gate, ""),
  };
}

/** Counts the requests for logs from now on. */
function logRequests(): () => number {
  const fault = cluster.faults.add({ path: "/log", action: { kind: "delay", ms: 0 } });
  return () => fault.hits();
}

describe("somebody who looks at a run", () => {
  it("gets its lines while it runs and to their end, those of a short run that was looked at before it was there too", async () => {
    const { command, open } = gated("while", "echo one; echo two", "echo three; printf four");
    const reader = new LiveReader(gateway, "while1");
    const early = reader.until("two");
    gateway.send(createOf({ jobId: "while1", command }));

    await early;
    expect(gateway.factsOf("ended", "while1")).toEqual([]);
    open();

    expect(await reader.toTheEnd()).toEqual(["one", "two", "three", "four"]);
    expect(reader.lines.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
    expect(gateway.factsOf("log", "while1")).toEqual([]);

    const short = new LiveReader(gateway, "short1");
    const hello = short.until("hello");
    gateway.send(createOf({ jobId: "short1", command: ["echo", "hello"], ttlSeconds: 0 }));
    await hello;
    expect(await short.toTheEnd()).toEqual(["hello"]);
  });

  it("shares one follow with others and with the log's row, and goes on from wherever they stand", async () => {
    const { command, open } = gated("shared", "for i in 1 2 3 4 5; do echo $i; done", "echo last");
    const count = logRequests();
    gateway.send(createOf({ jobId: "shared1", command, logCollect: true }));
    const first = new LiveReader(gateway, "shared1");
    await first.until("5");
    const second = new LiveReader(gateway, "shared1");
    await second.until("3");
    const resumed = new LiveReader(gateway, "shared1", second.position);
    open();

    const all = ["1", "2", "3", "4", "5", "last"];
    expect(await first.toTheEnd()).toEqual(all);
    expect(await second.toTheEnd()).toEqual(all);
    expect([...second.texts.slice(0, -1), ...(await resumed.toTheEnd())]).toEqual(all);
    expect((await gateway.fact("log", "shared1")).text).toBe(`${all.join("\n")}\n`);
    // The follow, and what is asked for once more after its end.
    expect(count()).toBe(2);
  });

  it("of several starts and containers gets each line once, wherever it goes on", async () => {
    // Its gate is opened only once its line was seen: the log API gives the log of whichever start is the present one.
    const gate = join(folder, "starts");
    const wait = `while [ ! -e ${gate} ]; do sleep 0.02; done`;
    const script = `if [ -e ${gate} ]; then echo second start; else echo first start; ${wait}; exit 1; fi`;
    const command = ["sh", "-c", script];
    gateway.send(createOf({ jobId: "starts1", command, restartPolicy: "OnFailure", backoffLimit: 3 }));
    const reader = new LiveReader(gateway, "starts1");
    await reader.until("first start");
    writeFileSync(gate, "");
    await reader.until("second start");

    expect(await reader.toTheEnd()).toEqual(["first start", "second start"]);
    expect(reader.lines.map(({ line }) => line)).toEqual([1, 1]);
  });

  it("is told of a cut where the middle was dropped before it was read, and gets head and tail", async () => {
    const { command, open } = gated(
      "cut",
      "echo begun",
      "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo last",
    );
    gateway.send(createOf({ jobId: "cut1", command, logLimitBytes: 4_000 }));
    const reader = new LiveReader(gateway, "cut1");
    await reader.until("begun");
    const slow = positionOf("1.11") ?? reader.position;
    open();
    await gateway.fact("ended", "cut1");

    const late = new LiveReader(gateway, "cut1", slow);
    const texts = await late.toTheEnd();

    expect(texts.slice(0, 2)).toEqual(["begun", "line 0"]);
    expect(texts.at(-1)).toBe("last");
    // While it reads the middle may still be dropped: what is missing has a marker in its place each time.
    const gaps = late.lines.filter(({ line }, at) => line !== (late.lines[at - 1]?.line ?? 0) + 1);
    expect(gaps.length).toBeGreaterThanOrEqual(1);
    for (const { text } of gaps) expect(text).toMatch(/\[watchbell: \d+ bytes cut\]$/);
    expect(late.lines.at(-1)?.line).toBe(20_002);
  });

  it("goes on exactly at another relay process, and while it catches up is told nothing twice", async () => {
    const { command, open } = gated("moved", "for i in 1 2 3; do echo $i; done", "echo last");
    gateway.send(createOf({ jobId: "moved1", command, logCollect: true }));
    const reader = new LiveReader(gateway, "moved1");
    await reader.until("3");
    await relay.stop();
    relay = startTestRelay(gateway, cluster.kubeconfig);
    await gateway.linked(2);
    await reader.ask({ waitMs: 500 });
    open();

    expect(await reader.toTheEnd()).toEqual(["1", "2", "3", "last"]);
  });

  it("whose place another reading of the log does not have is given that log from its beginning", async () => {
    const { command, open } = gated("other", "for i in 1 2 3; do echo $i; done", "true");
    gateway.send(createOf({ jobId: "other1", command }));
    const reader = new LiveReader(gateway, "other1");
    await reader.until("3");
    const [[log = "", place = { line: 0, mark: "" }] = []] = [...reader.position.logs];
    const far = new LiveReader(gateway, "other1", { run: 1, events: 9, logs: new Map([[log, { ...place, line: 9 }]]) });
    const wrong = new LiveReader(gateway, "other1", {
      run: 1,
      events: 9,
      logs: new Map([[log, { ...place, line: 2 }]]),
    });

    await wrong.ask();
    open();

    expect(wrong.texts).toEqual(["1", "2", "3"]);
    expect(await far.toTheEnd()).toEqual(["1", "2", "3"]);
  });

  it("gets what a run had said until it was removed", async () => {
    const { command } = gated("never", "echo begun", "true");
    gateway.send(createOf({ jobId: "gone1", command }));
    const reader = new LiveReader(gateway, "gone1");
    await reader.until("begun");

    gateway.send(removeOf({ jobId: "gone1" }));

    expect(await reader.toTheEnd()).toEqual(["begun"]);
    await gateway.fact("removed", "gone1");
  });

  it("of a run that is over and that nobody looked at, or that does not exist, is told so at once", async () => {
    gateway.send(createOf({ jobId: "over1", command: ["echo", "x"] }));
    await gateway.fact("ended", "over1");

    expect(await new LiveReader(gateway, "nosuch1").ask({ ended: true })).toMatchObject({ logs: [], done: true });
    expect(await new LiveReader(gateway, "nosuch2").ask({ waitMs: 100 })).toMatchObject({ logs: [], done: false });
  });
});
