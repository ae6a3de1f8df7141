import { statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, listAt, textAt } from "../../../dev/cluster/api/json.ts";
import {
  conditionsOf,
  jobs,
  jobWith,
  podIn,
  pods,
  podsOf,
  shellJob,
  startTestCluster,
  type TestCluster,
} from "./support/test-cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.end());

const suspended = { suspend: true };
const merge = "application/merge-patch+json";

describe("a caller", () => {
  test("without the token gets a 401 Status, health and version excepted", async () => {
    const { Agent, request } = await import("undici");
    const dispatcher = new Agent({ connect: { ca: cluster.ca } });
    const refused = await request(`${cluster.url}${jobs}`, { dispatcher });
    expect(refused.statusCode).toBe(401);
    expect(await refused.body.json()).toMatchObject({ kind: "Status", status: "Failure", reason: "Unauthorized" });
    const ready = await request(`${cluster.url}/readyz`, { dispatcher });
    expect(await ready.body.text()).toBe("ok");
    await dispatcher.destroy();
  });

  test("finds a kubeconfig that only its owner can read", () => {
    expect(statSync(cluster.kubeconfig).mode & 0o777).toBe(0o600);
  });

  test("finds the cluster's identity, version and resources", async () => {
    const system = await cluster.send("GET", "/api/v1/namespaces/kube-system");
    expect(textAt(system.body, "metadata", "uid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(textAt((await cluster.send("GET", "/version")).body, "gitVersion")).toBe("v1.36.3+watchbell");
    const batch = await cluster.send("GET", "/apis/batch/v1");
    expect(listAt(batch.body, "resources").map((one) => textAt(one, "name"))).toEqual(["jobs", "jobs/status"]);
  });
});

describe("creating", () => {
  test("answers 201, then 409 for the name, 422 with causes, 404 for a missing namespace, 400 for no JSON", async () => {
    expect(await cluster.send("POST", `${jobs}?timeout=8s`, shellJob("once", "true", suspended))).toMatchObject({
      code: 201,
    });
    const again = await cluster.send("POST", jobs, shellJob("once", "true", suspended));
    expect(again).toMatchObject({
      code: 409,
      body: { reason: "AlreadyExists", message: 'jobs.batch "once" already exists' },
    });
    const invalid = await cluster.send("POST", jobs, shellJob("bad", "true", { backoffLimit: -1 }));
    expect(invalid).toMatchObject({
      code: 422,
      body: { reason: "Invalid", details: { causes: [{ field: "spec.backoffLimit" }] } },
    });
    const elsewhere = await cluster.send("POST", jobs.replace("default", "nowhere"), shellJob("x", "true"));
    expect(elsewhere).toMatchObject({ code: 404, body: { details: { name: "nowhere", kind: "namespaces" } } });
    expect(await cluster.send("POST", jobs, "text")).toMatchObject({ code: 400, body: { reason: "BadRequest" } });
    expect(await cluster.send("POST", jobs, { kind: "Pod" })).toMatchObject({ code: 400 });
  });
});

describe("patching", () => {
  test("is guarded by the uid, refuses what never changes, and lets the TTL be set", async () => {
    const created = await cluster.send("POST", jobs, shellJob("patched", "true", suspended));
    const uid = textAt(created.body, "metadata", "uid");
    const ttl = { metadata: { uid }, spec: { ttlSecondsAfterFinished: 60 } };
    expect(await cluster.send("PATCH", `${jobs}/patched`, ttl, merge)).toMatchObject({
      code: 200,
      body: { spec: { ttlSecondsAfterFinished: 60 } },
    });
    const wrong = await cluster.send("PATCH", `${jobs}/patched`, { ...ttl, metadata: { uid: "other" } }, merge);
    expect(wrong).toMatchObject({ code: 422, body: { details: { causes: [{ field: "metadata.uid" }] } } });
    const mode = await cluster.send("PATCH", `${jobs}/patched`, { spec: { completionMode: "Indexed" } }, merge);
    expect(mode).toMatchObject({ code: 422, body: { details: { causes: [{ field: "spec.completionMode" }] } } });
    expect(await cluster.send("PATCH", `${jobs}/patched`, [], "application/json-patch+json")).toMatchObject({
      code: 415,
    });
    expect(await cluster.send("PATCH", `${jobs}/missing`, ttl, merge)).toMatchObject({ code: 404 });
  });
});

describe("listing", () => {
  test("selects by label and field, and pages with limit and continue", async () => {
    for (const name of ["l-1", "l-2", "l-3"]) {
      const job = { ...shellJob(name, "true", suspended), metadata: { name, labels: { set: "l" } } };
      await cluster.send("POST", jobs, job);
    }
    const first = await cluster.send("GET", `/apis/batch/v1/jobs?labelSelector=set%3Dl&limit=2`);
    expect(first.body).toMatchObject({ kind: "JobList", metadata: { remainingItemCount: 1 } });
    const token = textAt(first.body, "metadata", "continue");
    const rest = await cluster.send("GET", `/apis/batch/v1/jobs?labelSelector=set%3Dl&limit=2&continue=${token}`);
    const names = [...listAt(first.body, "items"), ...listAt(rest.body, "items")].map((one) =>
      textAt(one, "metadata", "name"),
    );
    expect(names).toEqual(["l-1", "l-2", "l-3"]);
    const one = await cluster.send("GET", `${jobs}?fieldSelector=metadata.name%3Dl-2`);
    expect(listAt(one.body, "items")).toHaveLength(1);
    expect(await cluster.send("GET", `${jobs}?labelSelector=%21%21`)).toMatchObject({ code: 400 });
  });
});

describe("deleting", () => {
  test("in the foreground keeps the name taken until the pods are gone, and runs their grace", async () => {
    const script = "trap 'sleep 0.3; exit 0' TERM; touch up; while :; do sleep 0.05; done";
    await cluster.send("POST", jobs, shellJob("fore", script));
    await podIn(cluster, "fore", "Running");
    const uid = textAt((await cluster.send("GET", `${jobs}/fore`)).body, "metadata", "uid");
    const options = { propagationPolicy: "Foreground", preconditions: { uid } };
    expect(await cluster.send("DELETE", `${jobs}/fore`, { ...options, preconditions: { uid: "other" } })).toMatchObject(
      { code: 409 },
    );
    const answer = await cluster.send("DELETE", `${jobs}/fore`, options);
    expect(answer).toMatchObject({ code: 200, body: { metadata: { finalizers: ["foregroundDeletion"] } } });
    const meanwhile = await cluster.send("POST", jobs, shellJob("fore", "true"));
    expect(meanwhile).toMatchObject({ code: 409 });
    expect(textAt(meanwhile.body, "message")).toContain("object is being deleted");
    await expect.poll(async () => (await cluster.send("GET", `${jobs}/fore`)).code, { timeout: 10_000 }).toBe(404);
    expect(await podsOf(cluster, "fore")).toEqual([]);
  });

  test("in the background takes the Job at once and its pods after it", async () => {
    await cluster.send("POST", jobs, shellJob("back", "sleep 60", {}, { terminationGracePeriodSeconds: 1 }));
    await podIn(cluster, "back", "Running");
    const answer = await cluster.send("DELETE", `${jobs}/back?propagationPolicy=Background`);
    expect(answer).toMatchObject({ code: 200, body: { kind: "Status", status: "Success", details: { kind: "jobs" } } });
    expect(await cluster.send("GET", `${jobs}/back`)).toMatchObject({ code: 404 });
    await expect.poll(() => podsOf(cluster, "back"), { timeout: 10_000 }).toEqual([]);
  });

  test("without a policy warns and leaves the pods, which nobody owns any more", async () => {
    await cluster.send("POST", jobs, shellJob("left", "sleep 60"));
    const pod = await podIn(cluster, "left", "Running");
    const answer = await cluster.send("DELETE", `${jobs}/left`);
    expect(String(answer.headers.warning)).toContain("child pods are preserved");
    await expect.poll(async () => (await cluster.send("GET", `${jobs}/left`)).code).toBe(404);
    const path = `${pods}/${textAt(pod, "metadata", "name")}`;
    const orphan = await cluster.send("GET", path);
    expect(orphan).toMatchObject({ code: 200, body: { status: { phase: "Running" } } });
    expect(listAt(orphan.body, "metadata", "ownerReferences")).toEqual([]);
    await cluster.send("DELETE", `${path}?gracePeriodSeconds=0`);
    await expect.poll(async () => (await cluster.send("GET", path)).code, { timeout: 10_000 }).toBe(404);
  });

  test("a namespace takes what is in it; the first ones can't be deleted", async () => {
    await cluster.send("POST", "/api/v1/namespaces", { metadata: { name: "brief" } });
    await cluster.send(
      "POST",
      jobs.replace("default", "brief"),
      shellJob("x", "sleep 60", {}, { terminationGracePeriodSeconds: 1 }),
    );
    await cluster.send("DELETE", "/api/v1/namespaces/brief");
    await expect
      .poll(async () => (await cluster.send("GET", "/api/v1/namespaces/brief")).code, { timeout: 10_000 })
      .toBe(404);
    expect(listAt((await cluster.send("GET", "/apis/batch/v1/namespaces/brief/jobs")).body, "items")).toEqual([]);
    expect(await cluster.send("DELETE", "/api/v1/namespaces/kube-system")).toMatchObject({ code: 403 });
  });

  test("a TTL set on a finished Job counts from its end", async () => {
    await cluster.send("POST", jobs, shellJob("ttl", "true"));
    await jobWith(cluster, "ttl", "Complete");
    await cluster.send("PATCH", `${jobs}/ttl`, { spec: { ttlSecondsAfterFinished: 0 } }, merge);
    await expect.poll(async () => (await cluster.send("GET", `${jobs}/ttl`)).code, { timeout: 10_000 }).toBe(404);
    expect(await podsOf(cluster, "ttl")).toEqual([]);
  });
});

test("a table carries kubectl's columns", async () => {
  await cluster.send("POST", jobs, shellJob("table", "true"));
  const job = await jobWith(cluster, "table", "Complete");
  expect(conditionsOf(job)).toEqual(["SuccessCriteriaMet", "Complete"]);
  const { Agent, request } = await import("undici");
  const dispatcher = new Agent({ connect: { ca: cluster.ca } });
  const headers = { authorization: `Bearer ${cluster.token}`, accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const answer = await request(`${cluster.url}${jobs}/table`, { dispatcher, headers });
  const table: unknown = await answer.body.json();
  expect(table).toMatchObject({
    kind: "Table",
    rows: [{ cells: expect.arrayContaining(["table", "Complete", "1/1"]) }],
  });
  await dispatcher.destroy();
  expect(at(job, "status", "succeeded")).toBe(1);
});
