import { readFileSync } from "node:fs";
import { z } from "zod";
import { listProcesses } from "../../../dev/support/processes.ts";
import type { Answer, Api, Described } from "../../support/api.ts";
import { until } from "../../support/wait.ts";
import { JOBS, type Target } from "./target.ts";

/** Process 1 of a container does not end by SIGTERM unless it asks for it; this one does. */
export const LASTING = "trap 'exit 1' TERM; sleep 600 & wait";
/** One that ends by SIGKILL alone. */
export const STUBBORN = "trap '' TERM; while :; do sleep 600; done";

/** Processes of a job's containers, on whichever cluster: namespaces hide nothing from the machine that holds them. */
export function processesOf(jobId: string): number[] {
  const variable = `WATCHBELL_JOB_ID=${jobId}`;
  return listProcesses()
    .filter(({ pid, isZombie }) => !isZombie && ofProcess(pid, "environ").split("\0").includes(variable))
    .map(({ pid }) => pid);
}

/** A process's command line, or its environment, NUL between its parts; empty where it has ended. */
export function ofProcess(pid: number, what: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "latin1");
  } catch {
    // It has ended since the list was made.
    return "";
  }
}

/** Waits until a container of the run has started. */
export async function untilRunning(api: Api, id: string): Promise<Described> {
  return await until(
    `${id} runs`,
    async () => {
      const job = await api.describe(id);
      return job.status === "running" ? job : null;
    },
    60_000,
  );
}

/** Deletes a job and measures how long the answer took, seconds. */
export async function deleteJob(api: Api, id: string): Promise<{ answer: Answer; seconds: number }> {
  const startedMs = performance.now();
  const answer = await api.call("POST", `/api/once_job/delete/${id}`, {});
  return { answer, seconds: (performance.now() - startedMs) / 1_000 };
}

const KubeItem = z.object({
  metadata: z.object({
    name: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({ ttlSecondsAfterFinished: z.number().optional() }),
  status: z
    .object({
      phase: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
      containerStatuses: z.array(z.object({ restartCount: z.number() })).optional(),
    })
    .default({}),
});
/** Of a Job or a pod what the cases look at. */
export type KubeItem = z.infer<typeof KubeItem>;

/** A job's Jobs or pods as they are in the cluster. */
export async function objectsOf(target: Target, kind: "jobs" | "pods", jobId: string): Promise<KubeItem[]> {
  const text = await target.kubectl("get", kind, "-n", JOBS, "-l", `job_id=${jobId}`, "-o", "json");
  return z.object({ items: z.array(KubeItem) }).parse(JSON.parse(text)).items;
}
