import { describe, expect, test } from "vitest";
import { at, type Json, type JsonObject, type KubeObject, textAt } from "../../../../dev/cluster/api/json.ts";
import { findResource, type Resource } from "../../../../dev/cluster/api/resources.ts";
import { changedObject, newObject } from "../../../../dev/cluster/api/writing.ts";
import { shellJob } from "../support/test-cluster.ts";

const context = { now: "2026-11-24T00:00:00Z", uid: "uid-1", nameTail: "abcde" };

function resource(group: string, plural: string): Resource {
  const found = findResource(group, "v1", plural);
  if (found === undefined) throw new Error(plural);
  return found;
}
const jobsResource = resource("batch", "jobs");

function created(body: Json): KubeObject {
  const result = newObject(jobsResource, "default", body, context);
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

function causes(body: Json): string[] {
  const result = newObject(jobsResource, "default", body, context);
  if (result.ok) return [];
  return (result.failure.details?.causes ?? []).map((cause) => `${cause.field}: ${cause.message}`);
}

describe("a new Job", () => {
  test("gets the defaults and the labels that the real server gives", () => {
    const job = created(shellJob("nightly", "true"));
    expect(job.metadata).toMatchObject({
      uid: "uid-1",
      generation: 1,
      namespace: "default",
      creationTimestamp: context.now,
    });
    expect(job.spec).toMatchObject({ parallelism: 1, completions: 1, completionMode: "NonIndexed", suspend: false });
    expect(at(job, "spec", "template", "metadata", "labels")).toEqual({
      "batch.kubernetes.io/controller-uid": "uid-1",
      "batch.kubernetes.io/job-name": "nightly",
      "controller-uid": "uid-1",
      "job-name": "nightly",
    });
    expect(at(job, "spec", "template", "spec", "terminationGracePeriodSeconds")).toBe(30);
  });

  test("with parallelism alone stays a queue without completions", () => {
    const job = created(shellJob("queue", "true", { parallelism: 3 }));
    expect(at(job, "spec", "completions")).toBeUndefined();
  });

  test("takes a null for an absent field", () => {
    const job = created(
      shellJob("nulls", "true", {
        activeDeadlineSeconds: null,
        template: { metadata: { creationTimestamp: null }, spec: shellPod() },
      }),
    );
    expect(at(job, "spec", "activeDeadlineSeconds")).toBeUndefined();
    expect(at(job, "spec", "template", "metadata", "creationTimestamp")).toBeUndefined();
  });

  test("with generateName gets 5 random characters", () => {
    const job = created({ ...shellJob("x", "true"), metadata: { generateName: "batch-" } });
    expect(textAt(job, "metadata", "name")).toBe("batch-abcde");
  });
});

function shellPod(): JsonObject {
  return { restartPolicy: "Never", containers: [{ name: "main", image: "x", command: ["true"] }] };
}

test.each<[string, JsonObject, string]>([
  [
    "restartPolicy Always",
    { template: { spec: { ...shellPod(), restartPolicy: "Always" } } },
    "spec.template.spec.restartPolicy",
  ],
  ["no container", { template: { spec: { restartPolicy: "Never", containers: [] } } }, "spec.template.spec.containers"],
  [
    "no image",
    { template: { spec: { restartPolicy: "Never", containers: [{ name: "a" }] } } },
    "spec.template.spec.containers[0].image",
  ],
  ["a negative back-off limit", { backoffLimit: -1 }, "spec.backoffLimit"],
  ["Indexed without completions", { completionMode: "Indexed", parallelism: 1 }, "spec.completions"],
  ["a pod failure policy, which is not supported here", { podFailurePolicy: { rules: [] } }, "spec.podFailurePolicy"],
])("a Job with %s is refused by the field's name", (_what, spec, field) => {
  expect(causes(shellJob("bad", "true", spec)).join("\n")).toContain(`${field}: `);
});

test("names and labels keep Kubernetes' rules: 64 characters and capital letters are refused", () => {
  expect(causes(shellJob("a".repeat(64), "true")).join()).toContain("spec.template.labels: Invalid value");
  expect(causes(shellJob("Upper", "true")).join()).toContain("metadata.name: Invalid value");
  expect(causes({ ...shellJob("x", "true"), metadata: { name: "x", labels: { a: "b c" } } }).join()).toContain(
    "metadata.labels",
  );
});

test("a wrong JSON type is 400 in Go's words, not 422", () => {
  const result = newObject(jobsResource, "default", shellJob("x", "true", { backoffLimit: "many" }), context);
  expect(result).toMatchObject({ ok: false, failure: { code: 400, reason: "BadRequest" } });
  expect(result.ok ? "" : result.failure.message).toContain(
    "cannot unmarshal string into Go struct field JobSpec.spec.backoffLimit",
  );
});

describe("a changed Job", () => {
  const stored: KubeObject = { ...created(shellJob("x", "true")), status: { active: 1 } };
  stored.metadata.resourceVersion = "7";

  function change(wanted: JsonObject, part: "main" | "status" = "main") {
    return changedObject(jobsResource, stored, { ...stored, ...wanted }, part);
  }

  test("may get a TTL and counts a generation", () => {
    const result = change({ spec: { ...specOf(stored), ttlSecondsAfterFinished: 5 } });
    expect(result).toMatchObject({
      ok: true,
      value: { metadata: { generation: 2 }, spec: { ttlSecondsAfterFinished: 5 } },
    });
  });

  test("keeps its status in a change of the rest, and the rest in a change of its status", () => {
    const main = change({ status: { active: 9 } });
    const status = change({ status: { active: 9 }, spec: {} }, "status");
    expect(main.ok && main.value.status).toEqual({ active: 1 });
    expect(status.ok && status.value.status).toEqual({ active: 9 });
    expect(status.ok && status.value.spec).toEqual(stored.spec);
  });

  test("can't get other pods, another mode or another uid: 422", () => {
    const template = { spec: { ...shellPod(), containers: [{ name: "main", image: "other" }] } };
    expect(change({ spec: { ...specOf(stored), template } })).toMatchObject({ ok: false, failure: { code: 422 } });
    expect(change({ spec: { ...specOf(stored), completionMode: "Indexed" } })).toMatchObject({
      ok: false,
      failure: { code: 422 },
    });
    const other = change({ metadata: { ...stored.metadata, uid: "other" } });
    expect(other.ok ? "" : other.failure.message).toContain('metadata.uid: Invalid value: "other": field is immutable');
  });

  test("of another version is a conflict: 409", () => {
    const result = change({ metadata: { ...stored.metadata, resourceVersion: "6" } });
    expect(result).toMatchObject({ ok: false, failure: { code: 409, reason: "Conflict" } });
  });
});

function specOf(job: KubeObject): JsonObject {
  const spec = at(job, "spec");
  return typeof spec === "object" && spec !== null && !Array.isArray(spec) ? spec : {};
}
