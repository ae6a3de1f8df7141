import { z } from "zod";
import { equalJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { ApiAnswer, KubernetesApi } from "./api.ts";
import { type ApiFailure, CREDENTIALS, describeFailure, isRetryable, isUnauthorized, pauseAfter } from "./failures.ts";

/** Oldest Kubernetes whose Jobs end the way this relay reads them (contract, part 3). */
export const OLDEST_KUBERNETES = { major: 1, minor: 31 };
const START_PATIENCE_MS = 10_000;
const READY_PATIENCE_MS = 3_000;
const BACKOFF = { minMs: 250, maxMs: 2_000 };

const Version = z.object({ major: z.string(), minor: z.string(), gitVersion: z.string() });
const Namespace = z.object({ metadata: z.object({ uid: z.string() }) });

/** What is known of a cluster before the first word to the control plane. */
export type ClusterFacts = { version: string; identity: { kubeSystemUid?: string; namespaceUid?: string } };

/** A value, or the sentence with which the process ends. */
export type Start<Value> = { ok: true; value: Value } | { ok: false; sentence: string };

/** Asks a cluster who and how old it is; gives up after ten seconds without an answer. */
export async function meetCluster(
  api: KubernetesApi,
  clock: Clock,
  ownNamespace: string,
  from: string,
  signal: AbortSignal,
): Promise<Start<ClusterFacts>> {
  const version = await askVersion(api, clock, from, signal);
  if (!version.ok) return version;
  await waitForReadiness(api, clock, signal);
  const kubeSystem = await namespaceUid(api, clock, "kube-system", from, signal);
  if (!kubeSystem.ok) return kubeSystem;
  const own = await namespaceUid(api, clock, ownNamespace, from, signal);
  if (!own.ok) return own;
  if (kubeSystem.value === null && own.value === null) {
    const sentence = `The relay may read neither namespace kube-system nor ${ownNamespace}, so it can't tell which cluster it is in; allow it \`get\` on one of them.`;
    return { ok: false, sentence };
  }
  const identity = {
    ...(kubeSystem.value === null ? {} : { kubeSystemUid: kubeSystem.value }),
    ...(own.value === null ? {} : { namespaceUid: own.value }),
  };
  return { ok: true, value: { version: version.value, identity } };
}

/** Whether a version may be worked with; null: it may, else the sentence. */
export function refuseVersion(version: { major: string; minor: string; gitVersion: string }): string | null {
  const major = Number.parseInt(version.major, 10);
  const minor = Number.parseInt(version.minor, 10);
  const { major: oldestMajor, minor: oldestMinor } = OLDEST_KUBERNETES;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `This cluster runs Kubernetes ${version.gitVersion}; Watchbell needs ${oldestMajor}.${oldestMinor} or later.`;
}

async function askVersion(api: KubernetesApi, clock: Clock, from: string, signal: AbortSignal): Promise<Start<string>> {
  const answer = await askPatiently(api, clock, "/version", signal);
  if (!answer.ok) return { ok: false, sentence: unreachable(from, answer.failure) };
  const version = Version.safeParse(answer.body);
  if (!version.success) return { ok: false, sentence: `${from} names something that is no Kubernetes API server.` };
  const refused = refuseVersion(version.data);
  return refused === null ? { ok: true, value: version.data.gitVersion } : { ok: false, sentence: refused };
}

/** Asks until there is an answer that trying again won't change, for ten seconds. */
async function askPatiently(api: KubernetesApi, clock: Clock, path: string, signal: AbortSignal): Promise<ApiAnswer> {
  const untilMs = clock.monotonicMs() + START_PATIENCE_MS;
  for (let tries = 0; ; tries++) {
    const timeoutMs = Math.max(1_000, Math.min(5_000, untilMs - clock.monotonicMs()));
    const answer = await api.request({ method: "GET", path, timeoutMs, signal });
    if (answer.ok) return answer;
    const { failure } = answer;
    const hopeless = !isRetryable(failure) || isUnauthorized(failure) || signal.aborted;
    if (hopeless || clock.monotonicMs() >= untilMs) return answer;
    const random = clock.random();
    await clock.sleep(pauseAfter(failure, equalJitterMs(tries, BACKOFF, random), random), signal);
  }
}

/** An API server that has just started denies what it will soon allow; one that denies `/readyz` for good is taken as it is. */
async function waitForReadiness(api: KubernetesApi, clock: Clock, signal: AbortSignal): Promise<void> {
  const untilMs = clock.monotonicMs() + READY_PATIENCE_MS;
  for (let tries = 0; !signal.aborted && clock.monotonicMs() < untilMs; tries++) {
    await api.hasEvidenceOfReadiness();
    if (api.readinessIsTold) return;
    await clock.sleep(equalJitterMs(tries, BACKOFF, clock.random()), signal);
  }
}

function unreachable(from: string, failure: ApiFailure): string {
  if (failure.reason === CREDENTIALS)
    return `The relay can't sign in to the cluster of ${from}: ${describeFailure(failure)}.`;
  if (failure.status === 0) return `The cluster of ${from} does not answer: ${failure.message || failure.reason}.`;
  return `The cluster of ${from} does not let the relay in: ${describeFailure(failure)}.`;
}

/**
 * null: the relay may not know. A server that stumbles over the question leaves no such doubt: half an identity could be
 * taken for another cluster's.
 */
async function namespaceUid(
  api: KubernetesApi,
  clock: Clock,
  name: string,
  from: string,
  signal: AbortSignal,
): Promise<Start<string | null>> {
  const answer = await askPatiently(api, clock, `/api/v1/namespaces/${encodeURIComponent(name)}`, signal);
  if (answer.ok) return { ok: true, value: Namespace.safeParse(answer.body).data?.metadata.uid ?? null };
  if (isRetryable(answer.failure)) return { ok: false, sentence: unreachable(from, answer.failure) };
  return { ok: true, value: null };
}
