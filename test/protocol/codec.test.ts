import { describe, expect, it } from "vitest";
import { decodeDown, decodeUp, encodeFrame } from "../../protocol/codec.ts";
import type { DownItem } from "../../protocol/down.ts";
import { UpItem } from "../../protocol/up.ts";
import { MAX_FRAME_BYTES } from "../../protocol/words.ts";

const run = { jobId: "job1", run: 1 };
const fact = { ...run, id: 7, ageMs: 12 };

const UP: Record<UpItem["type"], UpItem> = {
  hello: {
    type: "hello",
    protocol: 1,
    cluster: "local",
    process: "p1",
    relayVersion: "0.1.0",
    kubernetesVersion: "v1.36.3",
    identity: { kubeSystemUid: "u" },
    window: 64,
    namespaces: [],
  },
  inventory: {
    type: "inventory",
    jobs: [{ ...run, uid: "u", namespace: "default", name: "a", phase: "active" }],
    last: true,
  },
  nudge: { type: "nudge" },
  leaving: { type: "leaving" },
  created: { type: "created", ...fact, uid: "u", name: "a", namespace: "default", adopted: false },
  create_refused: { type: "create_refused", ...fact, reason: "name_taken", message: "taken" },
  expired: { type: "expired", ...fact },
  dropped: { type: "dropped", ...fact },
  waiting: { type: "waiting", ...fact, reason: "ErrImagePull", message: "no such image" },
  started: { type: "started", ...fact, podName: "a-x" },
  ended: {
    type: "ended",
    ...fact,
    uid: "u",
    result: "failed",
    reason: "BackoffLimitExceeded",
    message: "exit code 3",
    pods: [{ podName: "a-x", exitCode: 3, reason: "Error" }],
    podCount: 1,
    logs: [{ podName: "a-x", podUid: "pu", container: "main", restart: 0 }],
  },
  log: {
    type: "log",
    ...fact,
    log: { podName: "a-x", podUid: "pu", container: "main", restart: 0 },
    seq: 0,
    text: "zeile ü �\n",
    last: true,
    severalContainers: false,
    cut: { at: 12, markerBytes: 31, bytes: 100, lines: 3 },
  },
  lines: {
    type: "lines",
    ...run,
    ask: 3,
    logs: [{ log: { podName: "a-x", podUid: "pu", container: "main", restart: 0 }, lines: [[1, "zeile ü"]] }],
    done: false,
  },
  lost: { type: "lost", ...fact, uid: "u" },
  removed: { type: "removed", ...fact, n: 2, existed: true },
  remove_failed: { type: "remove_failed", ...fact, n: 2, message: "forbidden" },
};

const DOWN: Record<DownItem["type"], DownItem> = {
  welcome: {
    type: "welcome",
    protocol: 1,
    role: "active",
    pingMs: 5_000,
    leaseMs: 10_000,
    clusterLabel: "abcd1234.local",
    nextDueInMs: null,
  },
  role: { type: "role", role: "standby" },
  next_due: { type: "next_due", nextDueInMs: 1_500 },
  create: { type: "create", ...run, n: 1, namespace: "default", name: "a", manifest: {}, startDeadlineInMs: null },
  remove: { type: "remove", ...run, n: 2, namespace: "default", name: "a" },
  check: { type: "check", ...run, namespace: "default", name: "a", uid: "u" },
  follow: { type: "follow", ...run, ask: 3, after: "1.11", ended: false, waitMs: 10_000 },
  unfollow: { type: "unfollow", ...run },
  ok: { type: "ok", ids: [1, 2] },
  gone: { type: "gone", ids: [3] },
  refused: { type: "refused", id: 4, reason: "later" },
};

describe("the codec", () => {
  it.each(Object.entries(UP))("takes an upward %s back as it was sent", (_type, item) => {
    expect(decodeUp(encodeFrame([item]))).toEqual({ ok: true, items: [item], bad: [] });
  });

  it.each(Object.entries(DOWN))("takes a downward %s back as it was sent", (_type, item) => {
    expect(decodeDown(encodeFrame([item]))).toEqual({ ok: true, items: [item], bad: [] });
  });

  it.each(Object.keys(UP))("refuses an upward %s with nothing in it, and keeps the rest of the frame", (type) => {
    const text = JSON.stringify({ items: [{ type }, UP.started] });
    const decoded = decodeUp(text);
    const empty = UpItem.safeParse({ type }).success;
    expect(decoded).toMatchObject({ ok: true, items: empty ? [{ type }, UP.started] : [UP.started] });
    expect(decoded.ok && decoded.bad.length).toBe(empty ? 0 : 1);
  });

  it("names an unknown type without refusing the frame, so that a newer peer is tolerated", () => {
    const decoded = decodeUp(JSON.stringify({ items: [{ type: "song", id: 9 }, UP.nudge] }));
    expect(decoded).toMatchObject({ ok: true, items: [UP.nudge], bad: [{ type: "song", id: 9, known: false }] });
  });

  it("says which field of a known type is wrong, and the fact's id", () => {
    const decoded = decodeUp(JSON.stringify({ items: [{ ...UP.started, podName: 5 }] }));
    expect(decoded).toMatchObject({ ok: true, items: [], bad: [{ type: "started", id: 7, known: true }] });
    expect(decoded.ok && decoded.bad[0]?.problem).toContain("podName");
  });

  it("ignores fields that it does not know", () => {
    expect(decodeDown(JSON.stringify({ items: [{ ...DOWN.ok, colour: "red" }] }))).toEqual({
      ok: true,
      items: [DOWN.ok],
      bad: [],
    });
  });

  it.each([
    ["no JSON", "{", "not JSON"],
    ["null", "null", "list `items`"],
    ["a list", "[]", "list `items`"],
    ["items that are no list", '{"items":{}}', "list `items`"],
    ["too much", " ".repeat(MAX_FRAME_BYTES + 1), "above the limit"],
  ])("answers %s with a problem and never throws", (_name, text, words) => {
    const decoded = decodeUp(text);
    expect(decoded.ok).toBe(false);
    expect(!decoded.ok && decoded.problem).toContain(words);
  });

  it.each([1, null, "x", [], { type: 3 }, { type: null, id: "a" }])("reports the odd item %j as bad", (item) => {
    expect(decodeUp(JSON.stringify({ items: [item] }))).toMatchObject({ ok: true, items: [], bad: [{ known: false }] });
  });
});
