import { setTimeout as delay } from "node:timers/promises";
import { jobCreates } from "../test/support/audit-log.ts";
import { leadWithinMs } from "../worker/jobs/lifecycle-clock.ts";
import { measureCreates } from "./creates.ts";
import { percentile } from "./percentiles.ts";
import { postJobs } from "./posting.ts";
import type { BenchSystem } from "./system.ts";

const JOBS = 1_000;
const MINUTES = 3;
const MINUTE_MS = 60_000;
/** After a slot: what has not reached the API server by then is missing. */
const PATIENCE_MS = 45_000;

const ms = (value: number): string => `${value.toFixed(0)} ms`;

/** Slots of one minute: how late each job's Job came, ms. */
type Minute = { slotAt: number; latenessMs: number[] };

/** `* * * * *` for a thousand jobs and three minutes, beside the pace at which the relay's client posts as many Jobs. */
export async function benchSchedules(
  system: BenchSystem,
  out: { say(line: string): void; progress(line: string): void },
): Promise<void> {
  out.progress(`creating ${JOBS} jobs * * * * *`);
  const headers = { authorization: `Bearer ${system.token}` };
  const metadata = { ttl_seconds_after_finished: 1 };
  const bodyOf = (index: number) => ({
    ...{ job_name: `tick-${index}`, namespace: "default", image: "busybox", command: "true" },
    ...{ schedule: "* * * * *", metadata },
  });
  await measureCreates(`${system.url}/api/cron_job/create`, headers, bodyOf, JOBS);
  const firstAt = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
  out.progress(`waiting for ${MINUTES} minutes from ${new Date(firstAt).toISOString()}`);
  await delay(firstAt + (MINUTES - 1) * MINUTE_MS + PATIENCE_MS - Date.now());
  const minutes = minutesOf(system, firstAt);
  out.progress(`the relay's client posts ${JOBS} Jobs`);
  const posted = await postJobs(system, "post-", JOBS);
  out.say(`\n| ${JOBS} jobs \`* * * * *\`: slot → create received by the API server | Jobs | p50 | p99 | max |`);
  out.say("|---|--:|--:|--:|--:|");
  const row = (name: string, latenessMs: number[]) =>
    out.say(
      `| ${name} | ${latenessMs.length} | ${[0.5, 0.99, 1].map((share) => ms(percentile(latenessMs, share))).join(" | ")} |`,
    );
  for (const { slotAt, latenessMs } of minutes) row(new Date(slotAt).toISOString().slice(11, 16), latenessMs);
  row("yardstick: posts by the relay's client", posted.latenessMs);
  await sayBookings(system, headers, out.say);
}

function minutesOf(system: BenchSystem, firstAt: number): Minute[] {
  const creates = jobCreates(system.auditLog).filter(({ name, code }) => name.startsWith("tick-") && code === 201);
  const names = new Set(creates.map(({ name }) => name));
  if (names.size !== creates.length) throw new Error(`${creates.length - names.size} Jobs were created twice`);
  return Array.from({ length: MINUTES }, (_, index) => {
    const slotAt = firstAt + index * MINUTE_MS;
    const ofSlot = creates.filter(({ name }) => name.endsWith(`-${slotAt / MINUTE_MS}`));
    return { slotAt, latenessMs: ofSlot.map(({ receivedAt }) => receivedAt - slotAt) };
  });
}

/** When the jobs' alarms book the next minute's slots, by the second: a herd would be all in one. */
async function sayBookings(
  system: BenchSystem,
  headers: Record<string, string>,
  say: (line: string) => void,
): Promise<void> {
  const leads: number[] = [];
  let cursor = "";
  do {
    const body = JSON.stringify({ page_size: 100, ...(cursor !== "" && { cursor }) });
    const response = await fetch(`${system.url}/api/cron_job/lists`, { method: "POST", headers, body });
    const { data } = (await response.json()) as { data: { next_cursor: string | null; data: { job_id: string }[] } };
    leads.push(...data.data.map(({ job_id }) => leadWithinMs(job_id, MINUTE_MS)));
    cursor = data.next_cursor ?? "";
  } while (cursor !== "");
  const perSecond = new Map<number, number>();
  for (const lead of leads) perSecond.set(Math.floor(lead / 1_000), (perSecond.get(Math.floor(lead / 1_000)) ?? 0) + 1);
  const counts = [...perSecond.values()];
  say(
    `\nalarms that book a slot: ${leads.length} from ${ms(Math.max(...leads))} to ${ms(Math.min(...leads))} before it, ` +
      `at most ${Math.max(...counts)} in a second (evenly: ${(leads.length / 30).toFixed(0)})`,
  );
}
