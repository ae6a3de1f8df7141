import { describe, expect, it } from "vitest";
import type { Create } from "../../../protocol/down.ts";
import { ANNOTATIONS } from "../../../protocol/words.ts";
import {
  envValuesOf,
  judgeCreateFailure,
  judgeExisting,
  refusedByRule,
} from "../../../relay/kubernetes/create-decision.ts";
import { failureFromAnswer, failureFromError } from "../../../relay/kubernetes/failures.ts";
import { CLUSTER_LABEL, createOf } from "../support/manifests.ts";
import { jobObject } from "../support/objects.ts";

const create = createOf({ jobId: "job1" });

/** The create with one value of its manifest changed; undefined takes it away. */
function changed(path: string[], value: unknown): Create {
  const copy = structuredClone(create);
  let at: Record<string, unknown> = copy.manifest;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string, unknown>;
  at[path.at(-1) ?? ""] = value;
  return copy;
}

describe("the cluster's own rules", () => {
  it("let a Job of ours through", () => {
    expect(refusedByRule(create, CLUSTER_LABEL, [])).toBeNull();
    expect(refusedByRule(create, CLUSTER_LABEL, ["other", "default"])).toBeNull();
  });

  it("refuse a namespace that is not on the list", () => {
    expect(refusedByRule(create, CLUSTER_LABEL, ["other"])).toMatchObject({ reason: "namespace_not_allowed" });
  });

  it.each([
    { path: ["kind"], value: "Pod" },
    { path: ["apiVersion"], value: "v1" },
    { path: ["metadata", "name"], value: "other" },
    { path: ["metadata", "namespace"], value: "other" },
    { path: ["metadata", "annotations", ANNOTATIONS.run], value: "2" },
    { path: ["metadata", "labels", "job_name"], value: "other" },
    { path: ["metadata", "labels", "job_from"], value: "somebody" },
    { path: ["metadata", "labels", "watchbell_cluster"], value: "abcd1234.other" },
    { path: ["metadata", "labels", "job_id"], value: "job2" },
    { path: ["metadata", "labels", "job_name"], value: undefined },
    { path: ["metadata", "labels", "job_type"], value: undefined },
    { path: ["spec", "template", "metadata", "labels", "watchbell_cluster"], value: undefined },
    { path: ["spec", "template", "metadata"], value: undefined },
    { path: ["spec"], value: undefined },
  ])("refuse a manifest whose $path is $value", ({ path, value }) => {
    expect(refusedByRule(changed(path, value), CLUSTER_LABEL, [])).toMatchObject({ reason: "invalid" });
  });
});

const status = (code: number, reason: string, message = "", causes: object[] = []): string =>
  JSON.stringify({ kind: "Status", code, reason, message, details: { causes } });
const judge = (code: number, body: string, retryAfter?: string) =>
  judgeCreateFailure(failureFromAnswer(code, body, retryAfter), []);

describe("an attempt that did not create the Job", () => {
  it.each([
    { code: 429, body: "Too many requests, please try again later.", reason: "api_server_busy", happened: false },
    { code: 500, body: status(500, "InternalError"), reason: "api_server_error", happened: true },
    { code: 503, body: status(503, "ServiceUnavailable"), reason: "api_server_error", happened: true },
    { code: 504, body: status(504, "Timeout"), reason: "api_server_error", happened: true },
    { code: 401, body: status(401, "Unauthorized"), reason: "unauthorized", happened: false },
    {
      code: 403,
      body: status(403, "Forbidden", "jobs x is forbidden: exceeded quota: rq"),
      reason: "quota",
      happened: false,
    },
    { code: 409, body: status(409, "Conflict"), reason: "api_server_error", happened: false },
  ])("with $code is tried again ($reason)", ({ code, body, reason, happened }) => {
    expect(judge(code, body)).toMatchObject({ verdict: "retry", reason, mayHaveHappened: happened });
  });

  it("waits as long as the server asks", () => {
    expect(judge(429, "busy", "3")).toMatchObject({ retryAfterMs: 3_000 });
  });

  it.each([
    { code: "ECONNREFUSED", happened: false },
    { code: "ECONNRESET", happened: true },
    { code: "Timeout", happened: true },
  ])("for want of a connection ($code) is tried again", ({ code, happened }) => {
    const failure = failureFromError(Object.assign(new Error("x"), { code }));

    expect(judgeCreateFailure(failure, [])).toMatchObject({
      verdict: "retry",
      reason: "api_server_unreachable",
      mayHaveHappened: happened,
    });
  });

  it.each([
    { code: 422, body: status(422, "Invalid"), reason: "invalid" },
    { code: 400, body: status(400, "BadRequest"), reason: "invalid" },
    { code: 413, body: status(413, "RequestEntityTooLarge"), reason: "invalid" },
    { code: 404, body: status(404, "NotFound", 'namespaces "x" not found'), reason: "namespace_missing" },
    { code: 403, body: status(403, "Forbidden", "User relay cannot create"), reason: "forbidden" },
    {
      code: 403,
      body: status(403, "Forbidden", "", [{ reason: "NamespaceTerminating" }]),
      reason: "namespace_terminating",
    },
  ])("with $code is refused for good ($reason)", ({ code, body, reason }) => {
    expect(judge(code, body)).toMatchObject({ verdict: "refused", reason });
  });

  it("meets its own name", () => {
    expect(judge(409, status(409, "AlreadyExists", "object is being deleted"))).toEqual({ verdict: "exists" });
  });

  it("never sends env values up: of a 422 only the fields, of other words all but the values", () => {
    const causes = [{ reason: "FieldValueInvalid", field: "spec.template", message: "Invalid value: hunter2-secret" }];
    const invalid = judgeCreateFailure(
      failureFromAnswer(422, status(422, "Invalid", "hunter2-secret", causes), undefined),
      [],
    );
    const denied = judgeCreateFailure(
      failureFromAnswer(400, status(400, "BadRequest", "bad hunter2-secret here"), undefined),
      ["hunter2-secret"],
    );

    expect(JSON.stringify([invalid, denied])).not.toContain("hunter2");
    expect(invalid).toMatchObject({ message: "the API server finds invalid: spec.template (FieldValueInvalid)" });
    expect(denied).toMatchObject({ message: "the API server answered 400: bad … here" });
  });

  it("takes secrets from every container's env, but not what occurs by chance, nor what is ours", () => {
    const env = (...values: string[]) => ({ env: values.map((value, at) => ({ name: `A${at}`, value })) });
    const containers = [env("hunter2", "on"), { env: [{ name: "C" }, { name: "WATCHBELL_JOB_ID", value: "a1b2c3" }] }];
    const spec = { containers: [...containers, {}], initContainers: [env("hunter3")] };

    expect(envValuesOf({ spec: { template: { spec } } })).toEqual(["hunter2", "hunter3"]);
    expect(envValuesOf("nonsense")).toEqual([]);
  });

  it("says what a 403 may mean where rights are given namespace by namespace", () => {
    const words = 'jobs.batch is forbidden: User "relay" cannot create resource "jobs" in the namespace "nowhere"';

    expect(judge(403, status(403, "Forbidden", words))).toMatchObject({
      reason: "forbidden",
      message: expect.stringMatching(/"nowhere" \(no Role of the relay's there, or no such namespace\)$/),
    });
    expect(judge(403, status(403, "Forbidden", "admission webhook denied"))).toMatchObject({
      message: "the API server answered 403: admission webhook denied",
    });
  });
});

describe("a Job that has the name", () => {
  const reported = { [ANNOTATIONS.reportedAt]: "2026-11-24T16:00:00Z" };
  it.each([
    { who: "this run", job: jobObject(), is: "same" },
    { who: "this run, being deleted", job: jobObject({ deletionTimestamp: "2026-11-24T16:00:00Z" }), is: "same" },
    { who: "this run, reported", job: jobObject({ annotations: reported }), is: "same" },
    { who: "an older run of this job", job: jobObject({ run: 0 + 1 }), is: "replace", run: 2 },
    { who: "a newer run of this job", job: jobObject({ run: 3 }), is: "taken", run: 2 },
    {
      who: "a newer run of this job, reported: this create comes late",
      job: jobObject({ run: 3, annotations: reported }),
      is: "taken",
      run: 2,
    },
    { who: "another job of ours", job: jobObject({ jobId: "job2" }), is: "taken" },
    { who: "another job of ours, reported", job: jobObject({ jobId: "job2", annotations: reported }), is: "replace" },
    {
      who: "another cluster id's",
      job: jobObject({ labels: { watchbell_cluster: "x.y" }, annotations: reported }),
      is: "taken",
    },
    { who: "somebody's", job: jobObject({ labels: { job_from: "kueue" } }), is: "taken" },
    {
      who: "somebody's, being deleted",
      job: jobObject({ labels: { job_from: "kueue" }, deletionTimestamp: "2026-11-24T16:00:00Z" }),
      is: "going",
    },
    {
      who: "another job of ours, being deleted",
      job: jobObject({ jobId: "job2", deletionTimestamp: "2026-11-24T16:00:00Z" }),
      is: "going",
    },
    { who: "a copy of this run's that somebody made", job: jobObject({ name: "copy", jobName: "job1" }), is: "taken" },
    { who: "one without a run", job: jobObject({ annotations: { [ANNOTATIONS.run]: "none" } }), is: "taken" },
  ])("and is $who: $is", ({ job, is, run }) => {
    expect(judgeExisting(job, { jobId: "job1", run: run ?? 1 }, CLUSTER_LABEL)).toBe(is);
  });
});
