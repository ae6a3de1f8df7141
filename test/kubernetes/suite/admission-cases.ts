import { expect } from "vitest";
import { until } from "../../support/wait.ts";
import type { Bench } from "./cases.ts";
import { explained, explainedInTime } from "./explained.ts";
import { JOBS, LIMITED, RESTRICTED } from "./target.ts";
import { testOn } from "./test-on.ts";

const SECRET = "hunter2-of-the-night";

/** What admission refuses: a Job's pods, or the Job itself. */
export function admissionCases({ kind, target, watchbell, create }: Bench): void {
  const caseOf = testOn(kind, ["stand-in", "real"], "the embedded cluster has no admission");
  const inPod = (spec: Record<string, unknown>) => ({ job_patch: { spec: { template: { spec } } } });

  const saysNoPod = async (name: string, fields: Record<string, unknown>, words: RegExp): Promise<string> => {
    const id = await create(name, "true", fields);
    await explainedInTime(watchbell().api, id, words);
    return id;
  };

  caseOf("a Job whose pods Pod Security refuses says so within 15 s, and its deadline ends it", async () => {
    const enforce = "pod-security.kubernetes.io/enforce=restricted";
    await target().kubectl("label", "namespace", RESTRICTED, enforce, "--overwrite");
    const fields = { namespace: RESTRICTED, metadata: { active_deadline_seconds: "20" } };
    const id = await saysNoPod("insecure", fields, /violates PodSecurity "restricted:latest"/);
    const job = await watchbell().api.untilStatus(id, 1, 60_000);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "DeadlineExceeded" });
    expect(job.explain).toMatch(/no container started: FailedCreate: .*violates PodSecurity/);
  });

  caseOf("a Job whose ServiceAccount is missing says so within 15 s", async () => {
    const fields = { metadata: inPod({ serviceAccountName: "nobody" }) };
    const id = await saysNoPod("no-service-account", fields, /serviceaccount "nobody" not found/);
    expect(await watchbell().api.call("POST", `/api/once_job/delete/${id}`, {})).toMatchObject({ code: 0 });
  });

  caseOf("a Job whose pods a LimitRange refuses says so within 15 s", async () => {
    const limits = [{ type: "Pod", max: { memory: "1Mi" } }];
    const made = await target().client.create(`/api/v1/namespaces/${LIMITED}/limitranges`, {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "tiny" },
      spec: { limits },
    });
    expect(made.code).toBe(201);
    const id = await saysNoPod("too-large", { namespace: LIMITED }, /maximum memory usage per Pod is 1Mi/);
    expect(await watchbell().api.call("POST", `/api/once_job/delete/${id}`, {})).toMatchObject({ code: 0 });
  });

  caseOf("a policy that denies a Job fails it in the policy's words, without a value of its envs", async () => {
    const { api } = watchbell();
    await denyTeamNobody();
    const envs = { TOKEN: SECRET };
    const denied = async (name: string) => {
      const id = await create(name, "true", { metadata: { labels: { team: "nobody" }, envs } });
      const ended = await until("it ended", async () => {
        const job = await api.describe(id);
        return job.job_status > 0 ? job : null;
      });
      return ended;
    };
    // The API server takes a moment to hear of a policy.
    const job = await until("the policy is at work", async () => {
      const ended = await denied(`denied-${Date.now()}`);
      return ended.job_status === 1 ? ended : null;
    });
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "invalid" });
    const words =
      "ValidatingAdmissionPolicy 'nobody' with binding 'nobody' denied request: team nobody may not bring …";
    expect(job.explain).toContain(words);
    expect(JSON.stringify([job.explain, job.runs, job.job_exec_information])).not.toContain(SECRET);
  });

  const denyTeamNobody = async (): Promise<void> => {
    const admission = "/apis/admissionregistration.k8s.io/v1";
    const apiVersion = "admissionregistration.k8s.io/v1";
    const rule = { apiGroups: ["batch"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["jobs"] };
    const env = "object.spec.template.spec.containers[0].env.filter(e, e.name == 'TOKEN')[0].value";
    const spec = {
      failurePolicy: "Fail",
      matchConstraints: { resourceRules: [rule] },
      matchConditions: [{ name: "nobody", expression: "object.metadata.?labels.team.orValue('') == 'nobody'" }],
      validations: [{ expression: "false", messageExpression: `'team nobody may not bring ' + ${env}` }],
    };
    const policy = { apiVersion, kind: "ValidatingAdmissionPolicy", metadata: { name: "nobody" }, spec };
    const binding = { policyName: "nobody", validationActions: ["Deny"] };
    const bound = { ...policy, kind: "ValidatingAdmissionPolicyBinding", spec: binding };
    expect((await target().client.create(`${admission}/validatingadmissionpolicies`, policy)).code).toBe(201);
    expect((await target().client.create(`${admission}/validatingadmissionpolicybindings`, bound)).code).toBe(201);
  };

  caseOf(
    "a Job that only the API server finds invalid fails with the field's words, without a value of its envs",
    async () => {
      const { api } = watchbell();
      const spread = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" };
      const topologySpreadConstraints = [spread, spread];
      const id = await create("not-valid", "true", {
        metadata: { ...inPod({ topologySpreadConstraints }), envs: { TOKEN: SECRET } },
      });
      const job = await api.untilStatus(id, 1);
      expect(job.runs[0]).toMatchObject({ status: "failed", reason: "invalid" });
      expect(job.explain).toContain("the API server finds invalid: spec.template.spec.topologySpreadConstraints[");
      expect(job.explain).toContain('Duplicate value: "{zone, DoNotSchedule}"');
      expect(JSON.stringify([job.explain, job.runs, job.job_exec_information])).not.toContain(SECRET);
      const jobs = await target().kubectl("get", "job", "not-valid", "-n", JOBS, "--ignore-not-found", "-o", "name");
      expect(jobs).toBe("");
    },
  );

  testOn(
    kind,
    ["real"],
    "there are no images here",
  )("an image that can't be pulled is named, and active_deadline_seconds ends the wait", async () => {
    const { api } = watchbell();
    const fields = { image: "localhost/nowhere:2", metadata: { active_deadline_seconds: "12", backoff_limit: "0" } };
    const id = await create("no-image-deadline", "true", fields);
    await explained(api, id, /no container has started yet; waiting: (Image|ErrImage).*localhost\/nowhere:2/);
    const job = await api.untilStatus(id, 1, 60_000);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "DeadlineExceeded" });
    expect(job.explain).toMatch(/no container started: ImagePullBackOff: .*localhost\/nowhere:2/);
  });
}
