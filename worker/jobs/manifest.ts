import { ANNOTATIONS, JOB_FROM, LABELS } from "../../protocol/words.ts";
import type { Definition } from "./definition.ts";
import type { EnvVar } from "./env-vars.ts";
import { readEnvs, readStringMap } from "./once-job-metadata.ts";
import { parseWords } from "./words.ts";

/** What a manifest depends on beside the job's definition. */
export type ManifestInput = {
  jobId: string;
  jobType: "once" | "cron";
  /** Counts from 1 within the job. */
  run: number;
  /** `<installation>.<cluster>`. */
  clusterLabel: string;
  /** The Kubernetes Job's name: a pure function of the run. */
  kubeJob: string;
  /** The slot's time, epoch ms; null: the run has none. */
  slotAt: number | null;
};

/** So that a delete, which waits for the pods, fits its 15 s. */
const TERMINATION_GRACE_SECONDS = 10;

/**
 * Builds a run's `batch/v1` Job (contract, part 3). Pure: the same run always gets the same manifest. Throws where a stored
 * definition is damaged; one that the create checked never is.
 */
export function buildManifest(definition: Definition, input: ManifestInput): Record<string, unknown> {
  const { metadata } = definition;
  const labels = labelsOf(definition, input);
  const annotations = readStringMap(metadata.annotations);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: input.kubeJob,
      namespace: definition.namespace,
      labels,
      annotations: { ...annotations, ...ownAnnotations(metadata, input.run) },
    },
    // No ttlSecondsAfterFinished: the relay sets it once the end is acknowledged, so that a cluster cut off loses nothing.
    spec: {
      parallelism: Number(metadata.parallelism),
      completions: Number(metadata.completions),
      completionMode: metadata.completion_mode,
      backoffLimit: Number(metadata.backoff_limit),
      activeDeadlineSeconds: Number(metadata.active_deadline_seconds),
      podReplacementPolicy: "Failed",
      template: {
        metadata: { labels, ...(Object.keys(annotations).length > 0 && { annotations }) },
        spec: {
          restartPolicy: metadata.restart_policy,
          terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
          // A variable for every Service of the namespace is none of a job's business, and slows the start of large ones.
          enableServiceLinks: false,
          containers: [containerOf(definition, input)],
        },
      },
    },
  };
}

function labelsOf(definition: Definition, input: ManifestInput): Record<string, string> {
  return {
    ...readStringMap(definition.metadata.labels),
    [LABELS.from]: JOB_FROM,
    [LABELS.cluster]: input.clusterLabel,
    [LABELS.jobId]: input.jobId,
    [LABELS.jobName]: definition.jobName,
    [LABELS.jobType]: input.jobType,
  };
}

function ownAnnotations(metadata: Definition["metadata"], run: number): Record<string, string> {
  return {
    [ANNOTATIONS.run]: String(run),
    [ANNOTATIONS.logCollect]: metadata.log_collect ?? "",
    [ANNOTATIONS.logLimitBytes]: metadata.log_limit_bytes ?? "",
    [ANNOTATIONS.ttlSeconds]: metadata.ttl_seconds_after_finished ?? "",
  };
}

function containerOf(definition: Definition, input: ManifestInput): Record<string, unknown> {
  const { args, envs } = definition.metadata;
  return {
    name: "main",
    image: definition.image,
    command: wordsOf(definition.command),
    ...(args !== undefined && { args: wordsOf(args) }),
    // Ours first, so that the caller's may refer to them as $(WATCHBELL_RUN).
    env: [...ownEnvs(input), ...readEnvs(envs)],
  };
}

function ownEnvs(input: ManifestInput): EnvVar[] {
  const always = [
    { name: "WATCHBELL_JOB_ID", value: input.jobId },
    { name: "WATCHBELL_RUN", value: String(input.run) },
  ];
  if (input.slotAt === null) return always;
  // RFC 3339 without the milliseconds that a slot never has.
  const slotAt = new Date(input.slotAt).toISOString().replace(".000Z", "Z");
  return [...always, { name: "WATCHBELL_SLOT_AT", value: slotAt }];
}

function wordsOf(text: string): string[] {
  const parsed = parseWords(text);
  if ("problem" in parsed) throw new Error(`a stored command or args ${parsed.problem}`);
  return parsed.words;
}
