import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import type { CreateInput, JobCalls, JobSnapshot, LogQuery } from "../../../worker/jobs/calls.ts";
import type { Definition } from "../../../worker/jobs/definition.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import type { JobObject } from "../../../worker/objects/job-object.ts";
import { FACTS } from "../jobs/lifecycle-samples.ts";
import { type FakeRelay, joinedRelay } from "./cluster-object-fake-relay.ts";

let counter = 0;

/** A name that no other test of the file uses. */
export function fresh(prefix: string): string {
  counter += 1;
  return `${prefix}${counter}`;
}

/** A job's object and its calls. */
export function jobObject(jobId: string): { stub: DurableObjectStub<JobObject>; calls: JobCalls } {
  const stub = env.JOBS.get(env.JOBS.idFromName(jobId));
  return { stub, calls: stub };
}

/** What a job is created with: due now, in that cluster. */
export function inputOf(
  jobId: string,
  change: Partial<CreateInput> = {},
  definition: Partial<Definition> = {},
): CreateInput {
  const now = Date.now();
  return {
    jobId,
    id: now * 1_000 + counter,
    installation: "abcd1234",
    cluster: null,
    claimedAt: now,
    createdAt: now,
    bodyHash: null,
    ...change,
    definition: {
      jobName: jobId,
      namespace: "default",
      image: "busybox",
      command: "echo,hello",
      timeout: 0,
      route: "",
      metadata: {},
      execAt: now,
      startingDeadlineSeconds: null,
      ...definition,
    },
  };
}

/** The index row of a job as D1 has it; undefined: none. */
export async function indexRow(jobId: string): Promise<Record<string, unknown> | undefined> {
  const { results } = await env.DB.prepare("SELECT * FROM jobs WHERE job_id = ?").bind(jobId).all();
  return results[0];
}

/** The stored value of a job, as a new instance of its object would find it. */
export async function stored(jobId: string): Promise<{ job: Job | undefined; alarmAt: number | null; keys: string[] }> {
  return await runInDurableObject(jobObject(jobId).stub, async (_, state) => ({
    job: state.storage.kv.get<Job>("job"),
    alarmAt: await state.storage.getAlarm(),
    keys: [...state.storage.kv.list()].map(([key]) => key),
  }));
}

/** Waits until the job's description is so, and gives it. */
export async function describedAs(jobId: string, isSo: (job: JobSnapshot) => boolean): Promise<JobSnapshot> {
  return await vi.waitFor(
    async () => {
      const job = await jobObject(jobId).calls.describe();
      if (job === null || !isSo(job)) throw new Error(`not so: ${JSON.stringify(job)}`);
      return job;
    },
    { timeout: 8_000, interval: 20 },
  );
}

/** The rows of a job's logs. */
export async function logRows(jobId: string, query: LogQuery = {}): Promise<Record<string, unknown>[]> {
  const stream = await jobObject(jobId).calls.logs(query);
  return await new Response(stream).json();
}

/** A cluster with one linked relay that speaks for a job in facts. */
export class Teller {
  readonly cluster: string;
  readonly relay: FakeRelay;
  #lastId = 0;

  constructor(cluster: string, relay: FakeRelay) {
    this.cluster = cluster;
    this.relay = relay;
  }

  static async join(cluster: string): Promise<Teller> {
    return new Teller(cluster, await joinedRelay(cluster, `${cluster}-process`));
  }

  /** Tells facts about the runs of a job that they name in one frame; gives the id of the last. */
  tell(jobId: string, ...facts: Fact[]): number {
    const items = facts.map((fact) => {
      this.#lastId += 1;
      return { ...fact, jobId, id: this.#lastId };
    });
    this.relay.send(...items);
    return this.#lastId;
  }

  /** Tells facts and waits until the last is acknowledged; gives the way it was. */
  async told(jobId: string, ...facts: Fact[]): Promise<"ok" | "gone" | "refused"> {
    const id = this.tell(jobId, ...facts);
    return await vi.waitFor(
      () => {
        if (this.relay.all("ok").some(({ ids }) => ids.includes(id))) return "ok";
        if (this.relay.all("gone").some(({ ids }) => ids.includes(id))) return "gone";
        if (this.relay.all("refused").some((item) => item.id === id)) return "refused";
        throw new Error(`fact ${id} is not acknowledged`);
      },
      { timeout: 8_000, interval: 5 },
    );
  }

  /** The create command of a run, once it came. */
  async created(jobId: string, run = 1) {
    return await vi.waitFor(
      () => {
        const command = this.relay.all("create").find((item) => item.jobId === jobId && item.run === run);
        if (!command) throw new Error(`no create for run ${run} of ${jobId}`);
        return command;
      },
      { timeout: 8_000, interval: 5 },
    );
  }

  /** The newest remove command of a run, once it came. */
  async removal(jobId: string, run = 1) {
    return await vi.waitFor(
      () => {
        const command = this.relay.all("remove").findLast((item) => item.jobId === jobId && item.run === run);
        if (!command) throw new Error(`no remove for run ${run} of ${jobId}`);
        return command;
      },
      { timeout: 8_000, interval: 5 },
    );
  }

  /** A job due now whose container runs. */
  async running(jobId: string, definition: Partial<Definition> = {}): Promise<void> {
    await jobObject(jobId).calls.create(inputOf(jobId, { cluster: this.cluster }, definition));
    await this.created(jobId);
    await this.told(jobId, FACTS.created, FACTS.started);
  }
}
