import { systemClock } from "../relay/clock.ts";
import { KubernetesApi } from "../relay/kubernetes/api.ts";
import { loadClusterAccess } from "../relay/kubernetes/config.ts";
import { arrivals, type Lateness } from "./lateness.ts";
import type { BenchSystem } from "./system.ts";

/** Posts under way at once: the relay's window. */
const WINDOW = 64;

/** A Job like those that the Worker builds: the same command, the same size but for the labels' values. */
function manifestOf(name: string): Record<string, unknown> {
  const labels = { job_from: "bench", job_name: name, job_id: "00000000000000000000000000000000", job_type: "once" };
  const env = [
    { name: "WATCHBELL_JOB_ID", value: labels.job_id },
    { name: "WATCHBELL_RUN", value: "1" },
  ];
  const containers = [{ name: "main", image: "busybox", command: ["true"], env }];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: "default", labels },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 1,
      activeDeadlineSeconds: 300,
      podReplacementPolicy: "Failed",
      template: {
        metadata: { labels },
        spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 10, containers },
      },
    },
  };
}

/** The pace of the API server itself: the relay's own client posts Jobs as fast as it is answered. */
export async function postJobs(system: BenchSystem, prefix: string, count: number): Promise<Lateness> {
  const access = loadClusterAccess(system.kubeconfig);
  if (!access.ok) throw new Error(access.sentence);
  const api = new KubernetesApi(access.value, systemClock, () => {});
  let next = 0;
  const post = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const path = "/apis/batch/v1/namespaces/default/jobs";
      const answer = await api.request({ method: "POST", path, body: manifestOf(`${prefix}${index}`) });
      if (!answer.ok) throw new Error(`the API server refused a post: ${JSON.stringify(answer.failure)}`);
    }
  };
  const startedAt = Date.now();
  await Promise.all(Array.from({ length: WINDOW }, post));
  const taken = await arrivals(system.auditLog, prefix, count, Date.now() + 30_000);
  await api.close();
  const times = taken.map(({ receivedAt }) => receivedAt);
  const spanMs = Math.max(...times) - Math.min(...times);
  return { latenessMs: times.map((time) => time - startedAt), early: 0, twice: 0, spanMs };
}
