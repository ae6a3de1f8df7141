import type { Definition } from "./definition.ts";

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

/** Builds a run's `batch/v1` Job (contract, part 3). Pure: the same run always gets the same manifest. */
export function buildManifest(definition: Definition, input: ManifestInput): Record<string, unknown> {
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name: input.kubeJob, namespace: definition.namespace } };
}
