import { describe, expect, it } from "vitest";
import { CLOSE } from "../../../protocol/close-codes.ts";
import { decodeDown } from "../../../protocol/codec.ts";
import type { Hello } from "../../../protocol/up.ts";
import { chooseCluster } from "../../../worker/clusters/choosing.ts";
import { createText, itemText, packFrames } from "../../../worker/clusters/frames.ts";
import { closeReason, judgeHello } from "../../../worker/clusters/joining.ts";
import { checksFor, comparePage, missingRuns } from "../../../worker/clusters/open-runs-comparison.ts";
import { aRow, aTombstone, NOW } from "./sample-rows.ts";

const HELLO: Hello = {
  type: "hello",
  protocol: 1,
  cluster: "local",
  process: "p1",
  relayVersion: "0.1.0",
  kubernetesVersion: "v1.36.3",
  identity: { kubeSystemUid: "ks", namespaceUid: "ns" },
  window: 64,
  namespaces: [],
};

describe("a relay's hello", () => {
  it.each<[string, Partial<Hello>, string | null, unknown]>([
    ["pins the first cluster by kube-system", {}, null, { answer: "join", pinned: "ks", protocol: 1 }],
    [
      "pins by its own namespace where it may read no other",
      { identity: { namespaceUid: "ns" } },
      null,
      { answer: "join", pinned: "ns", protocol: 1 },
    ],
    ["is taken while the pinned uid is among its own", {}, "ns", { answer: "join", pinned: "ns", protocol: 1 }],
    ["of a newer relay is answered in the older protocol", { protocol: 9 }, null, { answer: "join", protocol: 1 }],
    ["is taken where the Kubernetes version can't be read", { kubernetesVersion: "?" }, null, { answer: "join" }],
    ["from another Kubernetes cluster is refused", {}, "uid9", { answer: "refuse", code: CLOSE.otherCluster }],
    [
      "that may not read the pinned kube-system any more is refused, and told why",
      { identity: { namespaceUid: "ns" } },
      "uid9",
      { answer: "refuse", reason: "cluster local is pinned to uid uid9, and this relay may not read kube-system's" },
    ],
    ["without any identity is refused", { identity: {} }, null, { answer: "refuse", code: CLOSE.otherCluster }],
    ["for another id is refused", { cluster: "other" }, null, { answer: "refuse", code: CLOSE.otherCluster }],
    [
      "from a Kubernetes before 1.31 is refused",
      { kubernetesVersion: "v1.30.9" },
      null,
      { answer: "refuse", code: CLOSE.unsupported },
    ],
    ["in an older protocol is refused", { protocol: 0 }, null, { answer: "refuse", code: CLOSE.unsupported }],
  ])("%s", (_name, change, pinned, expected) => {
    expect(judgeHello({ ...HELLO, ...change }, "local", pinned)).toMatchObject(Object(expected));
  });

  it("is refused with a sentence that fits a close frame and splits no character", () => {
    const cut = closeReason(`${"x".repeat(119)}üüüü`);
    expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(123);
    expect(cut).toBe(`${"x".repeat(119)}…`);
    expect(closeReason("short")).toBe("short");
  });
});

describe("choosing a cluster", () => {
  it.each([
    [["b", "a"], "", { cluster: "a" }],
    [["b", "a"], "b", { cluster: "b" }],
    [["b", "a"], "c", { unknownRoute: true }],
    [[], "", { cluster: null }],
    [[], "a", { unknownRoute: true }],
  ])("of %j with route %j gives %j", (clusters, route, expected) => {
    expect(chooseCluster(clusters, route)).toEqual(expected);
  });
});

describe("frames", () => {
  it("carry a create whose manifest is the stored text", () => {
    const manifest = { kind: "Job", spec: { note: 'ü "quoted"' } };
    const text = createText(aRow("sent", { startDeadlineAt: NOW + 1_500 }), JSON.stringify(manifest), NOW);
    const decoded = decodeDown(packFrames([text])[0] ?? "");
    expect(decoded).toEqual({
      ok: true,
      bad: [],
      items: [
        {
          type: "create",
          jobId: "job1",
          run: 1,
          n: 5,
          namespace: "default",
          name: "hello",
          startDeadlineInMs: 1_500,
          manifest,
        },
      ],
    });
  });

  it("stay below 1 MiB, keep the order, and send what is too large alone", () => {
    const items = Array.from({ length: 900 }, (_, id) =>
      itemText({ type: "refused", id: id + 1, reason: "漢".repeat(2_000) }),
    );
    const large = itemText({ type: "refused", id: 901, reason: "漢".repeat(400_000) });
    const frames = packFrames([...items, large]);
    expect(frames.length).toBeGreaterThan(2);
    for (const frame of frames.slice(0, -1)) expect(new TextEncoder().encode(frame).length).toBeLessThan(1024 * 1024);
    const ids = frames.flatMap((frame) => {
      const decoded = decodeDown(frame);
      return decoded.ok ? decoded.items.map((item) => (item.type === "refused" ? item.id : 0)) : [];
    });
    expect(ids).toEqual(Array.from({ length: 901 }, (_, index) => index + 1));
  });

  it("are none for nothing", () => {
    expect(packFrames([])).toEqual([]);
  });
});

describe("comparing an inventory with the rows", () => {
  const job = { jobId: "job1", run: 1, uid: "uid1", namespace: "default", name: "hello", phase: "active" as const };

  it("takes a listed run that was sent as created, so that it is not sent again", () => {
    const { changed } = comparePage([job], () => aRow("sent"));
    expect(changed).toMatchObject([{ state: "created", uid: "uid1" }]);
  });

  it("asks about a Job that has another uid than the one that was seen", () => {
    const row = aRow("created", { uid: "uid0" });
    expect(comparePage([job], () => row)).toEqual({ changed: [], repairs: [], checks: [row] });
  });

  it("removes a Job of a run that was taken back and is over, unless it is being deleted", () => {
    expect(comparePage([job], () => aTombstone()).repairs).toMatchObject([{ state: "removing", uid: "uid1" }]);
    expect(comparePage([{ ...job, phase: "deleting" }], () => aTombstone()).repairs).toEqual([]);
    expect(comparePage([job], () => aRow("final")).repairs).toEqual([]);
  });

  it("leaves Jobs alone that no row is about", () => {
    expect(comparePage([job], () => null)).toEqual({ changed: [], repairs: [], checks: [] });
  });

  it("has created runs looked for that no page listed", () => {
    const missing = aRow("created", { run: 2 });
    const neverSeen = aRow("created", { run: 3, uid: null });
    expect(missingRuns([aRow("created"), missing, neverSeen], new Set(["job1/1"]))).toEqual([missing]);
    expect(checksFor([missing, neverSeen]).map((text) => JSON.parse(text))).toMatchObject([{ type: "check", run: 2 }]);
  });
});
