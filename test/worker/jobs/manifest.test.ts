import { describe, expect, it } from "vitest";
import { buildManifest, type ManifestInput } from "../../../worker/jobs/manifest.ts";
import { parseOnceJobFields } from "../../../worker/jobs/once-job-fields.ts";

const INPUT: ManifestInput = {
  jobId: "abc123",
  jobType: "once",
  run: 1,
  clusterLabel: "0a1b2c3d.local",
  kubeJob: "hello",
  slotAt: null,
};

const OWN_LABELS = {
  job_from: "watchbell",
  watchbell_cluster: "0a1b2c3d.local",
  job_id: "abc123",
  job_name: "hello",
  job_type: "once",
};

const OWN_ANNOTATIONS = {
  "watchbell.dev/run": "1",
  "watchbell.dev/log-collect": "false",
  "watchbell.dev/log-limit-bytes": "10485760",
  "watchbell.dev/ttl-seconds": "300",
};

const OWN_ENVS = [
  { name: "WATCHBELL_JOB_ID", value: "abc123" },
  { name: "WATCHBELL_RUN", value: "1" },
];

function manifestOf(fields: Record<string, unknown>, input: Partial<ManifestInput> = {}) {
  const least = { job_name: "hello", job_exec_time: "", namespace: "default", image: "busybox", command: "echo,hi" };
  const parsed = parseOnceJobFields({ ...least, ...fields }, 0, { allowPrivateCallbacks: false });
  if ("problem" in parsed) throw new Error(parsed.problem);
  return buildManifest(parsed.definition, { ...INPUT, ...input });
}

/** What the least create becomes; every case below is this with a few changes. */
function leastManifest() {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "hello", namespace: "default", labels: OWN_LABELS, annotations: OWN_ANNOTATIONS },
    spec: {
      parallelism: 1,
      completions: 1,
      completionMode: "NonIndexed",
      backoffLimit: 1,
      activeDeadlineSeconds: 300,
      podReplacementPolicy: "Failed",
      template: {
        metadata: { labels: OWN_LABELS },
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: 10,
          enableServiceLinks: false,
          containers: [{ name: "main", image: "busybox", command: ["echo", "hi"], env: OWN_ENVS }],
        },
      },
    },
  };
}

describe("buildManifest", () => {
  it("makes the Job of a create that gives nothing but what it must", () => {
    const manifest = manifestOf({});

    expect(manifest).toEqual(leastManifest());
  });

  it("sets no TTL, which is the relay's to set", () => {
    const manifest = manifestOf({ metadata: { ttl_seconds_after_finished: 0 } });

    expect(JSON.stringify(manifest)).not.toContain("ttlSecondsAfterFinished");
  });

  it("carries every metadata key", () => {
    const manifest = manifestOf({
      timeout: 30,
      metadata: {
        labels: { team: "a" },
        annotations: { note: "any text" },
        parallelism: 2,
        completions: 4,
        completion_mode: "Indexed",
        restart_policy: "OnFailure",
        active_deadline_seconds: 60,
        backoff_limit: 0,
        ttl_seconds_after_finished: 9,
        envs: { GREETING: "hi" },
        log_collect: true,
        log_limit_bytes: 1_000,
        args: "a,b c",
        callback_url: "https://example.com/",
      },
    });

    const labels = { team: "a", ...OWN_LABELS };
    const expected = leastManifest();
    expect(manifest).toEqual({
      ...expected,
      metadata: {
        ...expected.metadata,
        labels,
        annotations: {
          note: "any text",
          "watchbell.dev/run": "1",
          "watchbell.dev/log-collect": "true",
          "watchbell.dev/log-limit-bytes": "1000",
          "watchbell.dev/ttl-seconds": "9",
        },
      },
      spec: {
        parallelism: 2,
        completions: 4,
        completionMode: "Indexed",
        backoffLimit: 0,
        activeDeadlineSeconds: 60,
        podReplacementPolicy: "Failed",
        template: {
          metadata: { labels, annotations: { note: "any text" } },
          spec: {
            ...expected.spec.template.spec,
            restartPolicy: "OnFailure",
            containers: [
              {
                name: "main",
                image: "busybox",
                command: ["echo", "hi"],
                args: ["a", "b c"],
                env: [...OWN_ENVS, { name: "GREETING", value: "hi" }],
              },
            ],
          },
        },
      },
    });
  });

  it("takes timeout as the deadline where metadata has none", () => {
    const manifest = manifestOf({ timeout: 30 });

    expect(manifest).toMatchObject({ spec: { activeDeadlineSeconds: 30 } });
  });

  it.each([
    ["echo,k8s jobs !!!", ["echo", "k8s jobs !!!"]],
    ['["sh","-c","echo a,b"]', ["sh", "-c", "echo a,b"]],
    ["a,,b", ["a", "", "b"]],
    ["true", ["true"]],
  ])("splits the command %s", (command, words) => {
    const manifest = manifestOf({ command });

    expect(manifest).toMatchObject({ spec: { template: { spec: { containers: [{ command: words }] } } } });
  });

  it("passes EnvVars on as they are, in their order, after ours", () => {
    const envs = [
      { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
      { name: "B", value: "$(WATCHBELL_RUN)" },
    ];

    const manifest = manifestOf({ metadata: { envs } });

    expect(manifest).toMatchObject({ spec: { template: { spec: { containers: [{ env: [...OWN_ENVS, ...envs] }] } } } });
  });

  it("tells a slot's run its time, and names a later run otherwise", () => {
    const slotAt = Date.parse("2026-11-24T12:05:00Z");

    const manifest = manifestOf({}, { jobType: "cron", run: 7, kubeJob: "hello-r7", slotAt });

    expect(manifest).toMatchObject({
      metadata: {
        name: "hello-r7",
        labels: { job_type: "cron", job_name: "hello" },
        annotations: { "watchbell.dev/run": "7" },
      },
      spec: {
        template: {
          spec: {
            containers: [
              {
                env: [
                  { name: "WATCHBELL_JOB_ID", value: "abc123" },
                  { name: "WATCHBELL_RUN", value: "7" },
                  { name: "WATCHBELL_SLOT_AT", value: "2026-11-24T12:05:00Z" },
                ],
              },
            ],
          },
        },
      },
    });
  });

  it("is the same for the same run, byte for byte", () => {
    const fields = { metadata: { labels: { b: "1", a: "2" }, envs: { B: "1", A: "2" } } };

    expect(JSON.stringify(manifestOf(fields))).toBe(JSON.stringify(manifestOf(fields)));
  });
});
