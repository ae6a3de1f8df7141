import { expect, test } from "vitest";
import { decideDelete, deleteOptions } from "../../../../dev/cluster/api/deleting.ts";
import type { KubeObject } from "../../../../dev/cluster/api/json.ts";
import { findResource, namespaces } from "../../../../dev/cluster/api/resources.ts";

const nowMs = Date.parse("2026-11-24T00:00:00Z");
const none = { propagation: undefined, graceSeconds: undefined, uid: "", resourceVersion: "" };
const jobsResource = findResource("batch", "v1", "jobs") ?? namespaces;
const podsResource = findResource("", "v1", "pods") ?? namespaces;

function job(metadata: object = {}): KubeObject {
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j", uid: "u", ...metadata } };
}

function pod(phase: string, nodeName = "n", metadata: object = {}): KubeObject {
  const spec = { nodeName, terminationGracePeriodSeconds: 10 };
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "p", uid: "u", ...metadata }, spec, status: { phase } };
}

test("a Job goes at once in the background, waits for its pods in the foreground, and orphans them by default", () => {
  const decide = (propagation: "Foreground" | "Background" | undefined) =>
    decideDelete(jobsResource, job(), { ...none, propagation }, nowMs);
  expect(decide("Background")).toEqual({ ok: true, value: { kind: "gone" } });
  expect(decide("Foreground")).toMatchObject({
    value: { kind: "marked", object: { metadata: { finalizers: ["foregroundDeletion"] } } },
  });
  expect(decide(undefined)).toMatchObject({
    value: { kind: "marked", object: { metadata: { finalizers: ["orphan"] } } },
  });
});

test("a deletion in the foreground can be turned into one in the background", () => {
  const deleting = job({
    finalizers: ["foregroundDeletion", "mine"],
    deletionTimestamp: "x",
    deletionGracePeriodSeconds: 0,
  });
  const decided = decideDelete(jobsResource, deleting, { ...none, propagation: "Background" }, nowMs);
  expect(decided).toMatchObject({ value: { kind: "marked", object: { metadata: { finalizers: ["mine"] } } } });
});

test("a running pod keeps its grace, one that ended or was never bound goes at once", () => {
  const running = decideDelete(podsResource, pod("Running"), none, nowMs);
  const metadata = { deletionGracePeriodSeconds: 10, deletionTimestamp: "2026-11-24T00:00:10Z" };
  expect(running).toMatchObject({ value: { kind: "marked", object: { metadata } } });
  expect(decideDelete(podsResource, pod("Succeeded"), none, nowMs)).toEqual({ ok: true, value: { kind: "gone" } });
  expect(decideDelete(podsResource, pod("Pending", ""), none, nowMs)).toEqual({ ok: true, value: { kind: "gone" } });
});

test("a second delete shortens the grace and never lengthens it", () => {
  const deleting = pod("Running", "n", { deletionTimestamp: "x", deletionGracePeriodSeconds: 5 });
  const longer = decideDelete(podsResource, deleting, { ...none, graceSeconds: 60 }, nowMs);
  expect(longer).toMatchObject({ value: { object: { metadata: { deletionGracePeriodSeconds: 5 } } } });
  expect(decideDelete(podsResource, deleting, { ...none, graceSeconds: 0 }, nowMs)).toMatchObject({
    value: { kind: "gone" },
  });
});

test("a uid that is not the object's is a conflict that says so", () => {
  const decided = decideDelete(jobsResource, job(), { ...none, uid: "other" }, nowMs);
  expect(decided).toMatchObject({ ok: false, failure: { code: 409, reason: "Conflict" } });
  expect(decided.ok ? "" : decided.failure.message).toContain("deleted and then recreated");
});

test("the body of a delete wins over its query, and nonsense is refused", () => {
  const query = new URLSearchParams("propagationPolicy=Orphan&gracePeriodSeconds=7");
  const body = { propagationPolicy: "Foreground", preconditions: { uid: "u" } };
  expect(deleteOptions(body, query)).toMatchObject({ value: { propagation: "Foreground", graceSeconds: 7, uid: "u" } });
  expect(deleteOptions({ propagationPolicy: "Later" }, query)).toMatchObject({ ok: false });
  expect(deleteOptions({ gracePeriodSeconds: -1 }, query)).toMatchObject({ ok: false });
});

test("the first mark counts as a change of the object, a second one with less grace does not", () => {
  const first = decideDelete(podsResource, pod("Running", "n", { generation: 1 }), none, nowMs);
  expect(first).toMatchObject({ value: { kind: "marked", object: { metadata: { generation: 2 } } } });
  const marked = { generation: 2, deletionTimestamp: "2026-11-24T00:00:10Z", deletionGracePeriodSeconds: 10 };
  const second = decideDelete(podsResource, pod("Running", "n", marked), { ...none, graceSeconds: 3 }, nowMs);
  expect(second).toMatchObject({ value: { kind: "marked", object: { metadata: { generation: 2 } } } });
});
