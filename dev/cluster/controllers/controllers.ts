import { Informer } from "../client/informer.ts";
import { type ClientConfig, kubeClient } from "../client/kube-client.ts";
import { Job, Namespace, Pod } from "../client/objects.ts";
import { allJobs, allNamespaces, allPods } from "../client/paths.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { type ControllerContext, JobController, jobKeyOf } from "./job-controller.ts";
import { NamespaceController } from "./namespace-controller.ts";
import { TtlController } from "./ttl-controller.ts";

/** The controllers at work. */
export type Controllers = { stop: () => Promise<void> };

/** Starts every controller over two shared caches; they speak to the API server as any client does. */
export async function startControllers(
  config: ClientConfig,
  onProblem: (problem: string) => void,
): Promise<Controllers> {
  const client = kubeClient(config);
  const shared = { client, onProblem };
  // Handlers run once both caches are filled: a pod whose Job is not cached yet would look like an orphan.
  let isReady = false;
  const jobs: Informer<Job> = new Informer({
    ...shared,
    path: allJobs,
    parse: (object) => Job.parse(object),
    onChange: jobChanged,
  });
  const pods: Informer<Pod> = new Informer({
    ...shared,
    path: allPods,
    parse: (object) => Pod.parse(object),
    onChange: podChanged,
    indexBy: jobKeyOf,
  });
  const context: ControllerContext = { client, jobs, pods, onProblem };
  const jobController = new JobController(context);
  const garbage = new GarbageCollector(context);
  const ttl = new TtlController(context);
  const namespaceController = new NamespaceController(client, onProblem);
  const namespaces: Informer<Namespace> = new Informer({
    ...shared,
    path: allNamespaces,
    parse: (object) => Namespace.parse(object),
    onChange: (current) => {
      if (current !== undefined) namespaceController.namespaceChanged(current);
    },
  });

  function jobChanged(current: Job | undefined, last: Job): void {
    if (!isReady) return;
    jobController.jobChanged(last);
    garbage.jobChanged(current, last);
    if (current !== undefined) ttl.jobChanged(current);
  }

  function podChanged(current: Pod | undefined, last: Pod): void {
    if (!isReady) return;
    jobController.podChanged(current, last);
    garbage.podChanged(last);
  }

  await Promise.all([jobs.start(), pods.start(), namespaces.start()]);
  isReady = true;
  for (const job of jobs.all()) jobChanged(job, job);
  for (const pod of pods.all()) podChanged(pod, pod);
  return {
    stop: async () => {
      for (const controller of [jobController, garbage, ttl, namespaceController]) controller.stop();
      await Promise.all([jobs.stop(), pods.stop(), namespaces.stop()]);
      await client.close();
    },
  };
}
