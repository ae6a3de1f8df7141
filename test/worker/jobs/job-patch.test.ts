import { describe, expect, it } from "vitest";
import { buildManifest } from "../../../worker/jobs/manifest.ts";
import { parseOnceJobFields } from "../../../worker/jobs/once-job-fields.ts";
import { main, pod, REFUSED_BY_KUBERNETES, REFUSED_BY_US, TAKEN } from "./job-patch-cases.ts";

const INPUT = { jobId: "abc123", run: 1, clusterLabel: "0a1b2c3d.local", kubeJob: "hello", slotAt: null };
const OWN_ENVS = [
  { name: "WATCHBELL_JOB_ID", value: "abc123" },
  { name: "WATCHBELL_RUN", value: "1" },
];

function parse(jobPatch: unknown, metadata: Record<string, unknown> = {}) {
  const fields = { job_name: "a-rather-long-name-for-such-a-short-job-as-this-one-is", image: "busybox" };
  return parseOnceJobFields(
    {
      ...fields,
      job_exec_time: "",
      namespace: "default",
      command: "echo,hi",
      metadata: { ...metadata, job_patch: jobPatch },
    },
    0,
    { allowPrivateCallbacks: false },
  );
}

function patched(jobPatch: unknown, metadata: Record<string, unknown> = {}) {
  const parsed = parse(jobPatch, metadata);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return buildManifest(parsed.definition, { ...INPUT, jobType: "once" });
}

describe("job_patch", () => {
  it("merges objects, replaces what is no object, and removes what is null", () => {
    const manifest = patched({
      metadata: { labels: { team: "b" } },
      spec: { backoffLimit: 4, activeDeadlineSeconds: null, template: { spec: { nodeSelector: { disk: "ssd" } } } },
    });

    expect(manifest).toMatchObject({
      metadata: { name: "hello", labels: { team: "b", job_id: "abc123" } },
      spec: {
        backoffLimit: 4,
        completions: 1,
        template: { spec: { nodeSelector: { disk: "ssd" }, restartPolicy: "Never" } },
      },
    });
    expect(manifest.spec).not.toHaveProperty("activeDeadlineSeconds");
  });

  it("changes nothing where it is empty", () => {
    expect(patched({})).toEqual(patched(""));
  });

  it("lets main keep what a new list of containers does not name", () => {
    const resources = { limits: { memory: "1Gi" } };
    const envs = { A: "1" };

    const manifest = patched(main({ resources }), { envs, args: "x" });

    const container = { name: "main", image: "busybox", command: ["echo", "hi"], args: ["x"], resources };
    expect(manifest).toMatchObject({
      spec: { template: { spec: { containers: [{ ...container, env: [...OWN_ENVS, { name: "A", value: "1" }] }] } } },
    });
  });

  it("gives main what it does name, and nothing of what is null there", () => {
    const manifest = patched(main({ image: "other", command: null, env: [{ name: "B", value: "2" }] }), {
      envs: { A: "1" },
    });

    expect(manifest).toHaveProperty("spec.template.spec.containers", [
      { name: "main", image: "other", env: [...OWN_ENVS, { name: "B", value: "2" }] },
    ]);
  });

  it("tells every container, those that run first too, its job and run", () => {
    const sidecar = { name: "b", image: "b" };
    const manifest = patched(
      pod({ containers: [{ name: "main" }, sidecar], initContainers: [{ name: "c", image: "c" }] }),
    );

    expect(manifest).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [{ name: "main" }, { ...sidecar, env: OWN_ENVS }],
            initContainers: [{ name: "c", image: "c", env: OWN_ENVS }],
          },
        },
      },
    });
  });

  it("is kept as text, however it came", () => {
    const patch = pod({ terminationGracePeriodSeconds: 60 });

    expect(parse(patch)).toEqual(parse(JSON.stringify(patch)));
    expect(parse(patch)).toHaveProperty("definition.metadata.job_patch", JSON.stringify(patch));
  });

  it.each(TAKEN)("takes %s", (_name, patch) => {
    expect(parse(patch)).toHaveProperty("definition");
  });

  it.each([...REFUSED_BY_US, ...REFUSED_BY_KUBERNETES])("refuses %s, and says where", (_name, patch, words) => {
    const parsed = parse(patch === null ? "null" : patch);

    expect(parsed).toHaveProperty("problem");
    for (const word of words) expect(parsed).toEqual({ problem: expect.stringContaining(word) });
  });

  it("that is no JSON is refused", () => {
    expect(parse("{")).toEqual({ problem: "metadata.job_patch must be JSON" });
  });

  it("never repeats the value of a variable, nor what an annotation holds", () => {
    const secret = "s3cret\0";

    for (const patch of [main({ env: [{ name: "A", value: secret }] }), { metadata: { annotations: { a: secret } } }]) {
      expect(parse(patch)).toEqual({ problem: expect.not.stringContaining("s3cret") });
    }
  });

  it("names the field in full", () => {
    expect(parse(main({ ports: [{ containerPort: 70_000 }] }))).toEqual({
      problem:
        "metadata.job_patch.spec.template.spec.containers[0].ports[0].containerPort 70000 must be a whole number from 1 to 65535",
    });
  });
});
