import { ANNOTATIONS, JOB_FROM, LABELS } from "../../protocol/words.ts";
import type { Definition } from "./definition.ts";
import type { EnvVar } from "./env-vars.ts";
import { indexedNameProblem } from "./indexed-name.ts";
import { applyJobPatch, jobPatchProblem, mapContainers, patchedJobProblem, readJobPatch } from "./job-patch.ts";
import { isJsonObject, type JsonObject } from "./merge-patch.ts";
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
export function buildManifest(definition: Definition, input: ManifestInput): JsonObject {
  return withOwnEnvs(patchedJob(definition, input), ownEnvs(input));
}

/**
 * Why the API server would not take the definition's Job: a sentence about its `job_patch`, which is all that can still be
 * wrong with checked fields; null: it would. Pure.
 */
export function manifestProblem(definition: Definition): string | null {
  const text = definition.metadata.job_patch;
  if (text === undefined) return null;
  const problem = jobPatchProblem(JSON.parse(text));
  if (problem !== null) return problem;
  const job = patchedJob(definition, WIDEST_INPUT);
  return patchedJobProblem(job) ?? indexedProblem(definition, job);
}

function indexedProblem({ jobName, cron }: Definition, job: JsonObject): string | null {
  const spec = isJsonObject(job.spec) ? job.spec : {};
  return spec.completionMode === "Indexed" ? indexedNameProblem(jobName, Number(spec.completions), cron) : null;
}

/** What a job's runs differ by, as long as it can get: the patch is checked on a Job that is as large as any of them. */
const WIDEST_INPUT: ManifestInput = {
  jobId: "0".repeat(40),
  jobType: "cron",
  run: 1_000_000_000,
  clusterLabel: "0".repeat(49),
  kubeJob: "0".repeat(63),
  slotAt: 0,
};

function patchedJob(definition: Definition, input: ManifestInput): JsonObject {
  const job = generatedJob(definition, input);
  const patch = readJobPatch(definition.metadata.job_patch);
  return patch === null ? job : applyJobPatch(job, patch);
}

/** Ours first, so that the caller's may refer to them as $(WATCHBELL_RUN). */
function withOwnEnvs(job: JsonObject, own: EnvVar[]): JsonObject {
  return mapContainers(job, ["containers", "initContainers"], (container) => {
    const theirs: unknown[] = Array.isArray(container.env) ? container.env : [];
    return { ...container, env: [...own, ...theirs] };
  });
}

function generatedJob(definition: Definition, input: ManifestInput): JsonObject {
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
          containers: [containerOf(definition)],
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

function containerOf(definition: Definition): JsonObject {
  const { args, envs } = definition.metadata;
  return {
    name: "main",
    image: definition.image,
    command: wordsOf(definition.command),
    ...(args !== undefined && { args: wordsOf(args) }),
    env: readEnvs(envs),
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
