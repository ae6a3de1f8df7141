import { expect, it, vi } from "vitest";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { fresh, indexRow, inputOf, jobObject, logRows, stored, Teller } from "./job-object-support.ts";

it("brings a job that is due at once from its create to its end, its log and its index row", async () => {
  const cluster = await Teller.join(fresh("main"));
  const jobId = fresh("job");

  const answer = await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }));
  const command = await cluster.created(jobId);
  await cluster.told(jobId, FACTS.created);
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: 0, overdue_at: null }));
  await cluster.told(jobId, FACTS.started, ENDED_WITH_LOG);
  const meanwhile = await jobObject(jobId).calls.describe();
  await cluster.told(jobId, FACTS.log);

  expect(answer).toEqual({ answer: "created" });
  expect(command).toMatchObject({ run: 1, n: 1, name: jobId, namespace: "default", startDeadlineInMs: null });
  expect(meanwhile).toMatchObject({ status: "running", jobStatus: 0 });
  expect(meanwhile?.explain).toMatch(/its logs are being collected/);
  const job = await jobObject(jobId).calls.describe();
  expect(job).toMatchObject({ status: "succeeded", jobStatus: 2, times: 1, successTimes: 1, cluster: cluster.cluster });
  expect(job?.runs).toMatchObject([{ run: 1, kubeJob: jobId, podCount: 1, reason: "" }]);
  expect(await logRows(jobId)).toEqual([
    { id: 1, pod_name: "report-x", run_logs: "hello\n", create_time: expect.any(Number) },
  ]);
  // The end was acknowledged only with its index row in D1.
  expect(await indexRow(jobId)).toMatchObject({ job_status: 2, times: 1, success_times: 1, overdue_at: null });
  const thirtyDays = 30 * 24 * 3_600_000;
  expect((await stored(jobId)).alarmAt).toBeGreaterThan(Date.now() + thirtyDays - 60_000);
});

it("writes nothing for calls to an object that was never created", async () => {
  const jobId = fresh("never");
  const { calls } = jobObject(jobId);

  expect(await calls.describe()).toBeNull();
  expect(await calls.creation()).toBeNull();
  expect(await calls.logs({})).toBeNull();
  expect(await calls.poke()).toBe(false);
  expect(await calls.holdsName("default", jobId)).toBe(false);
  expect(await calls.delete({ jobType: "once", force: true, waitMs: 10 })).toEqual({ answer: "unknown" });
  expect(await calls.late("c", 1, false)).toBe("drop");
  const fact = { ...FACTS.created, jobId };
  expect(await calls.takeFacts("c", [{ fact, at: Date.now(), firedAt: null, sentAt: null }])).toEqual([
    { answer: "gone" },
  ]);

  expect(await stored(jobId)).toEqual({ job: undefined, alarmAt: null, keys: [] });
});
