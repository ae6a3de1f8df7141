import type { Create, Remove } from "../../../protocol/down.ts";
import { ANNOTATIONS, JOB_FROM, LABELS } from "../../../protocol/words.ts";

export const CLUSTER_LABEL = "abcd1234.local";

export type RunSpec = {
  jobId: string;
  run?: number;
  name?: string;
  namespace?: string;
  command?: string[];
  restartPolicy?: "Never" | "OnFailure";
  backoffLimit?: number;
  activeDeadlineSeconds?: number;
  logCollect?: boolean;
  logLimitBytes?: number;
  ttlSeconds?: number;
  startDeadlineInMs?: number | null;
};

/** A create as the Worker builds it. */
export function createOf(spec: RunSpec): Create {
  const { jobId, run = 1, name = jobId, namespace = "default" } = spec;
  const labels = {
    [LABELS.from]: JOB_FROM,
    [LABELS.cluster]: CLUSTER_LABEL,
    [LABELS.jobId]: jobId,
    [LABELS.jobName]: name,
    [LABELS.jobType]: "once",
  };
  const annotations = {
    [ANNOTATIONS.run]: String(run),
    [ANNOTATIONS.logCollect]: String(spec.logCollect ?? false),
    [ANNOTATIONS.logLimitBytes]: String(spec.logLimitBytes ?? 10 * 1024 * 1024),
    [ANNOTATIONS.ttlSeconds]: String(spec.ttlSeconds ?? 60),
  };
  const manifest = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels, annotations },
    spec: {
      backoffLimit: spec.backoffLimit ?? 0,
      podReplacementPolicy: "Failed",
      ...(spec.activeDeadlineSeconds ? { activeDeadlineSeconds: spec.activeDeadlineSeconds } : {}),
      template: {
        metadata: { labels, annotations },
        spec: {
          restartPolicy: spec.restartPolicy ?? "Never",
          terminationGracePeriodSeconds: 1,
          containers: [{ name: "main", image: "busybox", command: spec.command ?? ["true"] }],
        },
      },
    },
  };
  const startDeadlineInMs = spec.startDeadlineInMs ?? null;
  return { type: "create", jobId, run, n: 1, namespace, name, manifest, startDeadlineInMs };
}

/** A remove of the same run. */
export function removeOf(spec: RunSpec, n = 2): Remove {
  const { jobId, run = 1, name = jobId, namespace = "default" } = spec;
  return { type: "remove", jobId, run, n, namespace, name };
}
