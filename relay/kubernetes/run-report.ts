import type { LogKey, PodEnd } from "../../protocol/up.ts";
import { ANNOTATIONS } from "../../protocol/words.ts";
import { logsOfPod } from "./log-plan.ts";
import type { KubeJob } from "./objects.ts";
import { decidingContainer, hasFailed, hasStarted, isOver, type PodRecord, tellingEnd } from "./pods.ts";
import { cutWords } from "./sentences.ts";
import { type Waiting, waitingOf } from "./waiting.ts";

const MAX_PODS = 100;
const MAX_LOGS = 200;

/** How a Job ended, as the fact `ended` says it. */
export type RunEnd = {
  result: "succeeded" | "failed";
  reason: string;
  message: string;
  /** When the Job says it ended, epoch ms by the cluster's clock; null: it does not say. */
  endedAt: number | null;
  pods: PodEnd[];
  podCount: number;
  logs: LogKey[];
};

/** Everything that should have been reported of a run by now. */
export type RunReport = {
  startedPod: string | null;
  /** Why nothing of it runs or why it can't end; null: it gets on. */
  waiting: Waiting | null;
  end: RunEnd | null;
};

/**
 * What a Job and its pods (in the order in which they were first seen) mean at `nowAt`, the cluster's clock, epoch ms.
 * Level-triggered: it does not matter which events were missed. Final is only the condition Complete or Failed; all others
 * come earlier (platform notes).
 */
export function reportOf(job: KubeJob, pods: readonly PodRecord[], nowAt: number): RunReport {
  const startedPod = pods.find((pod) => hasStarted(pod))?.name ?? null;
  const end = endOf(job, pods);
  const waiting = end === null ? waitingOf(job, pods, nowAt) : null;
  return { startedPod, waiting, end };
}

/** Whether all logs of the Job are wanted, not only those of what failed. */
export function collectsAll(job: KubeJob): boolean {
  return job.metadata.annotations?.[ANNOTATIONS.logCollect] === "true";
}

/** Whether the Job's end was acknowledged already, by this or an earlier process. */
export function isReported(job: KubeJob): boolean {
  return job.metadata.annotations?.[ANNOTATIONS.reportedAt] !== undefined;
}

/**
 * Whether the pods that the Job counted have been seen. The two watches are separate streams: the Job's end may arrive
 * before its last pod's.
 */
export function podsAreComplete(job: KubeJob, pods: readonly PodRecord[]): boolean {
  const counted = (job.status?.succeeded ?? 0) + (job.status?.failed ?? 0);
  return pods.filter((pod) => isOver(pod)).length >= counted;
}

function endOf(job: KubeJob, pods: readonly PodRecord[]): RunEnd | null {
  const conditions = job.status?.conditions ?? [];
  const final = conditions.find((c) => (c.type === "Complete" || c.type === "Failed") && c.status === "True");
  if (!final) return null;
  const failed = final.type === "Failed";
  const logs = pods.filter((pod) => collectsAll(job) || hasFailed(pod)).flatMap((pod) => logsOfPod(pod));
  const at = Date.parse(final.lastTransitionTime ?? "");
  return {
    result: failed ? "failed" : "succeeded",
    reason: failed ? final.reason || "Failed" : "",
    message: failed ? failureSentence(final.reason ?? "", final.message ?? "", pods) : "",
    endedAt: Number.isFinite(at) ? at : null,
    pods: pods.slice(-MAX_PODS).map((pod) => podEnd(pod)),
    podCount: pods.length,
    logs: logs.slice(0, MAX_LOGS),
  };
}

function podEnd(pod: PodRecord): PodEnd {
  const container = decidingContainer(pod);
  const end = container ? tellingEnd(pod, container) : null;
  const reason = pod.reason || end?.reason || (pod.gone ? "Deleted" : pod.phase);
  return { podName: pod.name, exitCode: end?.exitCode ?? null, reason };
}

/** The pod's own words come first where its command failed; where the Job ended it, the Job's do. */
function failureSentence(reason: string, message: string, pods: readonly PodRecord[]): string {
  // Of a container that never started the kubelet makes up an end when the deadline takes its pod.
  const isTelling = reason !== "DeadlineExceeded" || pods.some((pod) => hasStarted(pod));
  const failed = isTelling ? pods.findLast((pod) => hasFailed(pod)) : undefined;
  const words = [failed ? podSentence(failed) : "", message.trim()];
  if (reason === "DeadlineExceeded") words.reverse();
  return words.filter((part) => part !== "").join("; ");
}

function podSentence(pod: PodRecord): string {
  if (pod.reason) return `pod ${pod.name}: ${pod.reason}${pod.message ? `: ${cutWords(pod.message)}` : ""}`;
  const container = decidingContainer(pod);
  const end = container ? tellingEnd(pod, container) : null;
  if (!container || !end) return pod.gone ? `pod ${pod.name} was deleted before it ended` : `pod ${pod.name} failed`;
  return `pod ${pod.name}: container ${container.name} ${endWords(end)}`;
}

const NEVER_RAN = new Set(["StartError", "ContainerCannotRun", "CreateContainerError", "RunContainerError"]);

function endWords(end: { exitCode: number; signal: number | null; reason: string; message: string }): string {
  const said = end.message ? `: ${cutWords(end.message)}` : "";
  if (NEVER_RAN.has(end.reason)) return `could not start (${end.reason}, exit code ${end.exitCode})${said}`;
  const signal = end.signal ?? (end.exitCode > 128 && end.exitCode < 128 + 65 ? end.exitCode - 128 : null);
  const why = end.reason ? ` (${end.reason})` : "";
  if (end.reason === "OOMKilled")
    return `used more memory than its limit and was killed (OOMKilled, exit code ${end.exitCode})`;
  if (signal) return `was ended by signal ${signal}, exit code ${end.exitCode}${why}${said}`;
  return `exited with code ${end.exitCode}${why}${said}`;
}
