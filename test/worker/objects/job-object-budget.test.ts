import { runInDurableObject } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { leadMs } from "../../../worker/jobs/lifecycle-clock.ts";
import { CALL_ATTEMPTS, CALLBACKS_WAITING, SETTLED_CALLBACKS } from "../../../worker/jobs/lifecycle-limits.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { RULES } from "../jobs/slot-world.ts";
import { fresh, indexRow, inputOf, jobObject, stored, Teller } from "./job-object-support.ts";

/** What a JobObject's storage was asked; each put, delete and setAlarm is a written row (reference/cloudflare.md, 1.5 and 6). */
type Written = { puts: string[]; alarms: number };

/** Counts the rows that a job's object writes from now on, at the platform's own methods, which stay as they are. */
async function countRows(jobId: string): Promise<Written> {
  return await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const put = vi.spyOn(storage.kv, "put");
    const setAlarm = vi.spyOn(storage, "setAlarm");
    return {
      get puts() {
        return put.mock.calls.map(([key]) => key);
      },
      get alarms() {
        return setAlarm.mock.calls.length;
      },
    };
  });
}

it("writes eight rows in its own object for a plain job that is due later, and three in the index", async () => {
  const cluster = await Teller.join(fresh("budget"));
  const jobId = fresh("job");
  const rows = await countRows(jobId);
  // Due so that its booking is two seconds away: the alarm rings by itself.
  const execAt = Date.now() + leadMs(jobId) + 2_000;

  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }, { execAt }));
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ version: 1 }));
  expect(rows).toMatchObject({ puts: ["job"], alarms: 1 });

  // An alarm that rings is no longer set, so that alone may be seen before the booking.
  const isBooked = async () => expect([rows.alarms, (await stored(jobId)).alarmAt]).toEqual([2, null]);
  await vi.waitFor(isBooked, { timeout: 8_000 });
  // Booked: only the alarm was armed again, before the call, as its net.
  expect(rows).toMatchObject({ puts: ["job"], alarms: 2 });

  await cluster.told(jobId, FACTS.created);
  await cluster.told(jobId, FACTS.started);
  expect(rows).toMatchObject({ puts: ["job", "job", "job"], alarms: 2 });

  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);
  expect(rows.puts.slice(3)).toEqual(["log:1:000000", "job"]);
  expect(rows.alarms).toBe(3);
  expect(await indexRow(jobId)).toMatchObject({ version: 3, job_status: 2 });
});

it("writes a second run's rows and one more, for the key of the run before it", async () => {
  const cluster = await Teller.join(fresh("second"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  await cluster.told(jobId, FACTS.ended);
  const rows = await countRows(jobId);

  await jobObject(jobId).calls.rerun();
  await cluster.created(jobId, 2);
  await cluster.told(jobId, { ...FACTS.created, run: 2 });
  await cluster.told(jobId, { ...FACTS.started, run: 2 });
  await cluster.told(jobId, { ...FACTS.ended, run: 2 });

  expect(rows.puts).toEqual(["run:000000001", "job", "job", "job", "job"]);
});

it("writes four rows for an update that finds a Job to remove, and its alarms", async () => {
  const cluster = await Teller.join(fresh("update"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  const rows = await countRows(jobId);
  const { definition } = inputOf(jobId, {}, { execAt: Date.now() + 3_600_000 });
  const input = { definition, cluster: cluster.cluster, force: false, claimedAt: null };

  const answer = jobObject(jobId).calls.update(input, 5_000);
  const { n } = await cluster.removal(jobId);
  await cluster.told(jobId, { ...FACTS.removed, n });
  await answer;

  expect(rows.puts.sort()).toEqual(["job", "job", "job", "run:000000001"]);
  expect(rows.alarms).toBeLessThanOrEqual(3);
});

it("writes two rows more for a callback: what came of it, and the alarm that would make it again", async () => {
  const cluster = await Teller.join(fresh("callback"));
  const jobId = fresh("job");
  // Not allowed here, so nothing is called: the attempt comes back at once.
  await cluster.running(jobId, { metadata: { callback_url: "http://127.0.0.1/" } });
  const rows = await countRows(jobId);

  await cluster.told(jobId, FACTS.ended);
  await vi.waitFor(async () => expect((await jobObject(jobId).calls.callbacks())?.[0]?.attempts).toHaveLength(1));

  expect(rows.puts).toEqual(["job", "job"]);
  expect(rows.alarms).toBe(2);
});

it("writes as many rows for a slot that runs, and its booking", async () => {
  const cluster = await Teller.join(fresh("slot"));
  const jobId = fresh("job");
  const slotAt = Math.ceil(Date.now() / 1_000) * 1_000 + 3_000;
  const cron = { ...RULES, schedule: "* * * * * *", earliestAt: slotAt, endAt: slotAt };
  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }, { cron }));
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ version: 1, cron: expect.anything() }));
  const rows = await countRows(jobId);

  await cluster.created(jobId, 1);
  await cluster.told(jobId, FACTS.created);
  await cluster.told(jobId, FACTS.started);
  await cluster.told(jobId, FACTS.ended);

  expect(rows.puts).toEqual(["job", "job", "job"]);
  expect(rows.alarms).toBeLessThanOrEqual(2);
  expect((await jobObject(jobId).calls.runs({ skip: 0, count: 10 }))?.runs).toMatchObject([
    { slotAt, status: "succeeded" },
  ]);
});

it("fits the most callbacks that a job can have into its one value", async () => {
  const jobId = fresh("full");
  await jobObject(jobId).calls.create(inputOf(jobId, {}, { execAt: Date.now() + 3_600_000 }));
  const { job } = await stored(jobId);
  if (job === undefined) throw new Error("it was never created");
  const attempt = { at: Date.now(), http: 500, error: `${"x".repeat(79)}…`, nextAt: Date.now() };
  const call = { n: 1, since: Date.now(), pauseMs: 1, isUnderWay: false, attempts: 40, nextAttemptAt: Date.now() };
  const callbacks = Array.from({ length: CALLBACKS_WAITING + SETTLED_CALLBACKS }, (_, run) => ({
    ...{ run, event: "finished" as const, id: "m".repeat(60), url: "ü".repeat(2_048), body: "ü".repeat(1_000) },
    ...{ n: 1, call, attempts: Array.from({ length: CALL_ATTEMPTS }, () => ({ ...attempt })) },
  }));

  const put = runInDurableObject(jobObject(jobId).stub, async (_, state) => {
    state.storage.kv.put("job", {
      ...job,
      callbacks,
      definition: { ...job.definition, command: "x".repeat(256 * 1_024) },
    });
  });

  await expect(put).resolves.toBeUndefined();
});
