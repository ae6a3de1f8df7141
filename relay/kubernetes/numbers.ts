import { ANNOTATIONS } from "../../protocol/words.ts";
import type { KubeJob } from "./objects.ts";

const DEFAULT_LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const MAX_LOG_LIMIT_BYTES = 64 * 1024 * 1024;

/** How many bytes of each container's log are kept (contract, part 5: 10 MiB unless said, at most 64 MiB). */
export function logLimitBytes(job: KubeJob): number {
  const asked = Number(job.metadata.annotations?.[ANNOTATIONS.logLimitBytes]);
  return Number.isFinite(asked) && asked > 0 ? Math.min(MAX_LOG_LIMIT_BYTES, asked) : DEFAULT_LOG_LIMIT_BYTES;
}

/**
 * `ttlSecondsAfterFinished` counts from the Job's end, not from the patch: what has passed since then comes on top of what
 * the caller asked for. Both clocks are the cluster's.
 */
export function ttlSecondsFrom(job: KubeJob, endedAt: number | null, serverNowMs: number): number {
  const asked = Number(job.metadata.annotations?.[ANNOTATIONS.ttlSeconds]);
  const wanted = Number.isFinite(asked) && asked >= 0 ? Math.floor(asked) : 0;
  const ageMs = endedAt === null ? 0 : Math.max(0, serverNowMs - endedAt);
  return Math.min(2 ** 31 - 1, Math.ceil(ageMs / 1000) + wanted);
}
