import type { WatchedObject } from "./objects.ts";

/** Path of all Jobs. */
export const allJobs = "/apis/batch/v1/jobs";
/** Path of all pods. */
export const allPods = "/api/v1/pods";
/** Path of all namespaces. */
export const allNamespaces = "/api/v1/namespaces";

/** Path of one Job. */
export function jobPath(job: WatchedObject): string {
  return `/apis/batch/v1/namespaces/${job.metadata.namespace}/jobs/${job.metadata.name}`;
}

/** Path of one pod. */
export function podPath(pod: WatchedObject): string {
  return `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
}

/** Path of a namespace's pods. */
export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}
