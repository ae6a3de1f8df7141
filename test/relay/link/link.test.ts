import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "../../../protocol/close-codes.ts";
import type { Role } from "../../../protocol/down.ts";
import { systemClock } from "../../../relay/clock.ts";
import { Link, type LinkEvents } from "../../../relay/link/link.ts";
import { FakeGateway } from "../support/fake-gateway.ts";
import { createOf } from "../support/manifests.ts";

let gateway: FakeGateway;
let running: { link: Link; run: Promise<string | null> }[] = [];

beforeEach(async () => {
  gateway = await new FakeGateway({ welcome: { pingMs: 50, leaseMs: 200 } }).start();
});
afterEach(async () => {
  for (const { link, run } of running) {
    await link.stop();
    await run;
  }
  running = [];
  await gateway.stop();
});

type Seen = { commands: Parameters<LinkEvents["onCommand"]>[0][]; roles: Role[]; lines: string[]; welcomes: number };

function startLink(joinToken = "join-token-1"): { link: Link; run: Promise<string | null>; seen: Seen } {
  const seen: Seen = { commands: [], roles: [], lines: [], welcomes: 0 };
  const link: Link = new Link({
    url: `${gateway.url.replace("http", "ws")}/relay/local`,
    joinToken,
    hello: {
      type: "hello",
      protocol: 1,
      cluster: "local",
      process: "process-1",
      relayVersion: "0.1.0",
      kubernetesVersion: "v1.36.3",
      identity: { kubeSystemUid: "uid-1" },
      window: 64,
      namespaces: [],
    },
    clock: { ...systemClock, random: () => 0.1 },
    log: (level, message, values) => seen.lines.push(`${level} ${message} ${JSON.stringify(values ?? {})}`),
    events: {
      onWelcome: () => {
        seen.welcomes++;
        link.sendInventory([{ type: "inventory", jobs: [], last: true }]);
      },
      onRole: (role) => seen.roles.push(role),
      onCommand: (command) => seen.commands.push(command),
      onFactsSent: () => {},
    },
  });
  const run = link.run();
  running.push({ link, run });
  return { link, run, seen };
}

const report = (link: Link, jobId: string): Promise<string> =>
  link.report({ type: "started", jobId, run: 1, podName: "p" }, performance.now());

describe("the handshake", () => {
  it("says hello first, pings right on welcome, and sends the inventory", async () => {
    const { link } = startLink();

    await gateway.linked();

    expect(gateway.items.map((item) => item.type)).toEqual(["hello", "inventory"]);
    await vi.waitFor(() => expect(link.mayCreate()).toBe(true));
    // Well before the interval of 5 s, and as late as a busy machine makes it.
    expect(gateway.pings[0]?.atMs).toBeLessThan((gateway.frames[0]?.atMs ?? 0) + 2_500);
  });

  it.each([
    { status: 401, cause: "bad token", variable: "WATCHBELL_JOIN_TOKEN" },
    { status: 403, cause: "not you", variable: "WATCHBELL_JOIN_TOKEN" },
    { status: 404, cause: "no such cluster", variable: "WATCHBELL_CLUSTER" },
  ])("ends for good with a sentence when the upgrade is answered $status", async ({ status, cause, variable }) => {
    gateway.refuseUpgrade = { status, body: JSON.stringify({ code: 100, cause }) };

    const { run } = startLink();

    expect(await run).toBe(`${cause} (look at ${variable})`);
  });

  it("never shows the token", async () => {
    const { run, seen } = startLink("wrong-token-9");

    const sentence = await run;

    expect(sentence).toContain("WATCHBELL_JOIN_TOKEN");
    expect(`${sentence} ${seen.lines.join(" ")}`).not.toContain("wrong-token-9");
  });

  it("keeps dialling while the control plane answers 503", async () => {
    gateway.refuseUpgrade = { status: 503, body: "" };
    startLink();
    await vi.waitFor(() => expect(running[0]?.link.isUp).toBe(false));

    gateway.refuseUpgrade = null;

    await gateway.linked();
  });
});

describe("an open link", () => {
  it("ends for good with the reason when the control plane closes it finally", async () => {
    const { run } = startLink();
    await gateway.linked();

    gateway.drop(CLOSE.otherCluster, "this is another cluster");

    expect(await run).toBe("this is another cluster (look at WATCHBELL_CLUSTER or KUBECONFIG)");
  });

  it("is dialled again when it breaks, as the same process", async () => {
    const { link } = startLink();
    await gateway.linked();

    gateway.drop();

    await gateway.linked(2);
    expect(link.isUp).toBe(true);
    const hellos = gateway.items.filter((item) => item.type === "hello");
    expect(hellos.map((hello) => hello.process)).toEqual(["process-1", "process-1"]);
  });

  it("loses the right to create when pings go unanswered", async () => {
    const { link } = startLink();
    await vi.waitFor(() => expect(link.mayCreate()).toBe(true));

    gateway.answersPings = false;

    await vi.waitFor(() => expect(link.mayCreate()).toBe(false), { interval: 10 });
    expect(link.isUp).toBe(true);
  });

  it("hands on commands and roles in order", async () => {
    const { link, seen } = startLink();
    await gateway.linked();

    gateway.send(createOf({ jobId: "a" }), { type: "role", role: "standby" }, createOf({ jobId: "b" }));

    await vi.waitFor(() => expect(seen.commands.map((command) => command.jobId)).toEqual(["a", "b"]));
    expect(seen.roles).toEqual(["standby"]);
    expect(link.mayCreate()).toBe(false);
  });

  it("ignores what it does not know, and logs it once", async () => {
    const { link, seen } = startLink();
    await gateway.linked();

    const odd = JSON.stringify({ items: [{ type: "shiny" }, { type: "role", role: "standby" }] });
    gateway.sendText(odd);
    gateway.sendText(odd);

    await vi.waitFor(() => expect(seen.roles).toEqual(["standby", "standby"]));
    expect(seen.lines.filter((line) => line.includes("shiny"))).toHaveLength(1);
    expect(link.isUp).toBe(true);
  });

  it("is closed as a bad frame when what comes is none, and dialled again", async () => {
    startLink();
    await gateway.linked();

    gateway.sendText("not JSON");

    await gateway.linked(2);
    expect(gateway.closes[0]?.code).toBe(CLOSE.badFrame);
  });

  it("is closed on purpose at the end: leaving, then 1001", async () => {
    const { link, run } = startLink();
    await gateway.linked();
    gateway.judge = () => null;
    void report(link, "a");

    await link.stop();

    expect(await run).toBeNull();
    expect(gateway.items.at(-1)?.type).toBe("leaving");
    expect(gateway.facts("started")).toHaveLength(1);
    await vi.waitFor(() => expect(gateway.closes[0]?.code).toBe(CLOSE.goingAway));
  });
});

describe("facts", () => {
  it("leave at once after a pause, and then in one frame per 100 ms", async () => {
    const { link } = startLink();
    await gateway.linked();
    const from = gateway.frames.length;

    await report(link, "a");
    for (const jobId of ["b", "c", "d"]) void report(link, jobId);
    await gateway.fact("started", "d");

    const frames = gateway.frames.slice(from);
    expect(frames.map((frame) => frame.items.length)).toEqual([1, 3]);
    expect((frames[1]?.atMs ?? 0) - (frames[0]?.atMs ?? 0)).toBeGreaterThan(80);
  });

  it("that were not confirmed are sent again on the next link, older by then", async () => {
    gateway.judge = () => null;
    const { link } = startLink();
    await gateway.linked();
    const answer = report(link, "a");
    await gateway.fact("started", "a");

    gateway.judge = () => "ok";
    gateway.drop();

    expect(await answer).toBe("ok");
    const [first, second] = gateway.facts("started");
    expect(second?.id).toBe(first?.id);
    expect(second?.ageMs).toBeGreaterThan(first?.ageMs ?? 0);
    expect(link.outbox.size).toBe(0);
  });

  it("wait for the inventory", async () => {
    gateway.welcomes = false;
    const { link } = startLink();
    void report(link, "a");
    await vi.waitFor(() => expect(gateway.items.map((item) => item.type)).toEqual(["hello"]));

    gateway.send(gateway.welcome);

    await gateway.fact("started", "a");
    expect(gateway.items.map((item) => item.type)).toEqual(["hello", "inventory", "started"]);
  });

  it("that are refused are logged with their reason and do not stop the others", async () => {
    gateway.judge = (fact) => (fact.jobId === "bad" ? { refused: "broken job" } : "ok");
    const { link, seen } = startLink();
    await gateway.linked();

    void report(link, "bad");
    expect(await report(link, "good")).toBe("ok");

    await vi.waitFor(() => expect(seen.lines.join()).toContain("broken job"));
    expect(link.outbox.size).toBe(1);
  });
});

describe("the nudge", () => {
  const nudges = (): number => gateway.items.filter((item) => item.type === "nudge").length;

  it("asks 250 ms after a due time at which nothing came", async () => {
    startLink();
    await gateway.linked();
    const toldMs = performance.now();

    gateway.send({ type: "next_due", nextDueInMs: 100 });

    await vi.waitFor(() => expect(nudges()).toBe(1), { interval: 5 });
    expect(performance.now() - toldMs).toBeGreaterThan(340);
  });

  it("does not ask when the create came, or when nothing is due any more", async () => {
    startLink();
    await gateway.linked();

    gateway.send({ type: "next_due", nextDueInMs: 0 }, createOf({ jobId: "a" }));
    await systemClock.sleep(400);
    gateway.send({ type: "next_due", nextDueInMs: 0 }, { type: "next_due", nextDueInMs: null });
    await systemClock.sleep(400);

    expect(nudges()).toBe(0);
  });
});
