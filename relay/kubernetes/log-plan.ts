import type { LogKey } from "../../protocol/up.ts";
import type { KubeJob } from "./objects.ts";
import type { ContainerRecord, PodRecord } from "./pods.ts";

/** A Job with a shorter deadline is followed from its start. */
const SHORT_DEADLINE_MS = 15_000;
/** A longer one is followed from this long before its deadline. */
const FOLLOW_BEFORE_MS = 5_000;

/** One log as a key for maps. */
export function logKeyText(key: LogKey): string {
  return `${key.podUid}/${key.container}/${key.restart}`;
}

/** The logs of a pod, every start of every container; what became of those that can't be had any more their rows say. */
export function logsOfPod(pod: PodRecord): LogKey[] {
  return pod.containers.flatMap((container) => logsOfContainer(pod, container));
}

function logsOfContainer(pod: PodRecord, container: ContainerRecord): LogKey[] {
  const newest = Math.max(container.running ? container.restart : -1, ...container.ends.keys());
  return Array.from({ length: newest + 1 }, (_, restart) => {
    return { podName: pod.name, podUid: pod.uid, container: container.name, restart };
  });
}

/**
 * When to attach a follow to the Job's containers, so that their output is there although the pod will be deleted with its
 * log: monotonic ms, null: never. Pods are deleted by the Job's own deadline, and under OnFailure by its back-off limit.
 */
export function followFromMs(job: KubeJob, jobStartedMs: number): number | null {
  if (job.spec.template.spec.restartPolicy === "OnFailure") return jobStartedMs;
  const seconds = job.spec.activeDeadlineSeconds;
  if (seconds == null) return null;
  const deadlineMs = seconds * 1000;
  return deadlineMs < SHORT_DEADLINE_MS ? jobStartedMs : jobStartedMs + deadlineMs - FOLLOW_BEFORE_MS;
}
