import { setTimeout as delay } from "node:timers/promises";
import { type JobCreate, jobCreates } from "../test/support/audit-log.ts";
import { measureCreates } from "./creates.ts";
import type { BenchSystem } from "./system.ts";

/** Due → received by the API server, ms, per job; `early` counts those before their time, `twice` names created again. */
export type Lateness = { latenessMs: number[]; early: number; twice: number; spanMs: number };

/** After the last due time: longer than this and something is stuck. */
const GIVE_UP_MS = 120_000;

/** The fields of a job that does nothing, due at that moment. */
export function jobDueAt(name: string, dueAt: number): Record<string, unknown> {
  return {
    job_name: name,
    namespace: "default",
    image: "busybox",
    command: "true",
    // RFC 3339 with milliseconds: unix seconds could not say 20 a second.
    job_exec_time: new Date(dueAt).toISOString(),
  };
}

/** Waits until that many Jobs of the prefix are in the audit log, and gives the creates that the API server took. */
export async function arrivals(auditLog: string, prefix: string, count: number, until: number): Promise<JobCreate[]> {
  for (;;) {
    const taken = jobCreates(auditLog).filter(({ name, code }) => name.startsWith(prefix) && code === 201);
    if (taken.length >= count) return taken;
    if (Date.now() > until) throw new Error(`only ${taken.length} of ${count} Jobs ${prefix}* reached the API server`);
    await delay(250);
  }
}

/** Creates a job per due time well before the first is due, and measures when each create arrives; `fields` go into every job. */
export async function measureLateness(
  system: BenchSystem,
  prefix: string,
  dueTimes: number[],
  fields: Record<string, unknown> = {},
): Promise<Lateness> {
  const headers = { authorization: `Bearer ${system.token}` };
  const bodyOf = (index: number) => ({ ...jobDueAt(`${prefix}${index}`, dueTimes[index] ?? 0), ...fields });
  await measureCreates(`${system.url}/api/once_job/create`, headers, bodyOf, dueTimes.length);
  const firstDueAt = Math.min(...dueTimes);
  if (Date.now() > firstDueAt) throw new Error("the jobs were not created before the first of them was due");
  const taken = await arrivals(system.auditLog, prefix, dueTimes.length, Math.max(...dueTimes) + GIVE_UP_MS);
  const latenessMs = taken.map(
    ({ name, receivedAt }) => receivedAt - (dueTimes[Number(name.slice(prefix.length))] ?? 0),
  );
  const times = taken.map(({ receivedAt }) => receivedAt);
  return {
    latenessMs,
    early: latenessMs.filter((ms) => ms < 0).length,
    twice: taken.length - new Set(taken.map(({ name }) => name)).size,
    spanMs: Math.max(...times) - Math.min(...times),
  };
}
