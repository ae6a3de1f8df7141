import { execFile } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { ROOT } from "../../dev/start/ready.ts";
import type { Api } from "../support/api.ts";
import { jobCreates } from "../support/audit-log.ts";
import { newSeed, seeded } from "../support/random.ts";
import { type StartedSystem, startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";
import { type CreateCall, type CreateOutcome, callOf, jobOf, send } from "./create-calls.ts";

const ROUNDS = 6;
/** After the first answer of a round, ms. */
const KILL_WITHIN_MS = 400;
/** Creates at a time: each is somewhere else between its claim and its answer when workerd dies. */
const LANES = 12;
/** So that a round's jobs, two for each call, fit one page of a list. */
const MAX_CALLS = 48;
const SweepReport = z.object({ before: z.number(), after: z.number() });
const Created = z.object({ job_id: z.string() });

type Sent = { calls: CreateCall[]; outcomes: CreateOutcome[] };

/** Creates on all lanes, one after the other, until workerd is killed in their midst; goes on when another one is there. */
async function roundOf(system: StartedSystem, api: Api, round: number, killAfterMs: number): Promise<Sent> {
  const [before] = system.pids().worker;
  if (before === undefined) throw new Error("there is no Worker to kill");
  const sent: Sent = { calls: [], outcomes: [] };
  let isKilled = false;
  const lane = async () => {
    while (!isKilled && sent.calls.length < MAX_CALLS) {
      const call = callOf(round, sent.calls.length);
      sent.calls.push(call);
      sent.outcomes.push(...(await send(api, call)));
    }
  };
  const lanes = Array.from({ length: LANES }, lane);
  await until("one is answered", () => sent.outcomes.length > 0, 15_000, 1);
  await delay(killAfterMs);
  isKilled = true;
  process.kill(before, "SIGKILL");
  await Promise.all(lanes);
  await until("another Worker answers", async () => {
    const [after] = system.pids().worker;
    return after !== undefined && after !== before && (await api.call("GET", "/api/once_job/lists")).code === 0;
  });
  return sent;
}

async function killWhileCreating(system: StartedSystem, api: Api, random: () => number): Promise<Sent> {
  const all: Sent = { calls: [], outcomes: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const sent = await roundOf(system, api, round, random() * KILL_WITHIN_MS);
    all.calls.push(...sent.calls);
    all.outcomes.push(...sent.outcomes);
  }
  return all;
}

/** The claims of a stopped system are judged by the real sweep, as it would do two minutes later. */
async function sweepNow(stateDir: string): Promise<z.infer<typeof SweepReport>> {
  const program = path.join(import.meta.dirname, "sweep-now.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program, stateDir], { cwd: ROOT, timeout: 30_000 });
  return SweepReport.parse(JSON.parse(stdout));
}

/** Asks again with the same key, twice: both times the same id, that of the first answer where one came. */
async function expectSameIds(
  api: Api,
  call: CreateCall,
  answered: ReadonlyMap<string, string>,
): Promise<CreateOutcome[]> {
  const again = await send(api, call);
  expect(again.filter((one) => "problem" in one)).toEqual([]);
  expect(await send(api, call)).toEqual(again);
  for (const one of again) {
    if ("jobId" in one && answered.has(one.name)) expect(one.jobId).toBe(answered.get(one.name));
  }
  return again;
}

/** The names and ids of every job that the system knows. */
async function listAll(api: Api): Promise<Map<string, string>> {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => api.idsOf(`round-${round}-`));
  return new Map((await Promise.all(rounds)).flatMap((ids) => [...ids]));
}

/** What a caller got no answer for and is no job: its name can be had. */
async function createAll(api: Api, names: readonly string[]): Promise<Map<string, string>> {
  const answers = await Promise.all(
    names.map(async (name) => ({ name, ...(await api.call("POST", "/api/once_job/create", jobOf(name))) })),
  );
  expect(answers.filter(({ code }) => code !== 0)).toEqual([]);
  return new Map(answers.map(({ name, data }) => [name, Created.parse(data).job_id]));
}

function idsOf(outcomes: readonly CreateOutcome[]): Map<string, string> {
  return new Map(outcomes.flatMap((one) => ("jobId" in one ? [[one.name, one.jobId] as const] : [])));
}

test("a Worker that is killed while it creates keeps every job that it answered for, makes none twice and holds no name", {
  timeout: 120_000,
}, async () => {
  const seed = Number(process.env.CHAOS_SEED ?? newSeed());
  console.log(`CHAOS_SEED=${seed}`);
  const random = seeded(seed);
  const first = startSystem();
  const { api } = await first.ready();

  const { calls, outcomes } = await killWhileCreating(first, api, random);
  const answered = idsOf(outcomes);
  const keyed: CreateOutcome[] = [];
  for (const call of calls) if (call.key !== null) keyed.push(...(await expectSameIds(api, call, answered)));
  expect(await first.stop()).toBe(0);
  const swept = await sweepNow(first.stateDir);
  const second = startSystem({ stateDir: first.stateDir });
  const { api: after } = await second.ready();

  const known = new Map([...answered, ...idsOf(keyed)]);
  const unknown = calls.flatMap(({ names }) => names).filter((name) => !known.has(name));
  const listed = await listAll(after);
  const free = unknown.filter((name) => !listed.has(name));
  const taken = await createAll(after, free);

  for (const [name, id] of known) expect(listed.get(name), `the id of ${name}`).toBe(id);
  const created = new Map([...listed, ...taken]);
  const jobs = await Promise.all([...created.values()].map((id) => after.untilStatus(id, 2, 40_000)));
  expect(jobs.filter(({ job_times }) => job_times !== 1)).toEqual([]);
  const kubeJobs = jobCreates(second.auditLogPath)
    .filter(({ code }) => code === 201)
    .map(({ name }) => name);
  expect(kubeJobs.sort()).toEqual([...created.keys()].sort());
  console.log(
    `${created.size} jobs: ${answered.size} answered, ${unknown.length} without key and answer, of which ${free.length} were never made; ` +
      `claims before and after the sweep: ${swept.before}, ${swept.after}`,
  );
  expect(answered.size).toBeGreaterThan(0);
  expect(answered.size).toBeLessThan(created.size);
  expect(await second.stop()).toBe(0);
});
