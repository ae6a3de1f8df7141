import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { listJobRows } from "../../../worker/db/job-lists.ts";
import { DescribedOnceJob, LogRow, OnceJob } from "../../../worker/jobs/answers.ts";
import { describeOnceJob } from "../../../worker/jobs/describe-job.ts";
import { onceJobOfRow } from "../../../worker/jobs/once-job-view.ts";
import { LIST_START } from "../db/sample-rows.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { fresh, indexRow, inputOf, jobObject, logRows, Teller } from "./job-object-support.ts";

/** What a list shows of the job. */
async function listed(jobId: string): Promise<OnceJob> {
  const { rows } = await listJobRows(env.DB, { ...LIST_START, filter: { namePrefix: jobId }, readAtMost: 1_000 });
  const row = rows.find((one) => one.jobId === jobId);
  if (!row) throw new Error(`job ${jobId} is not listed`);
  return onceJobOfRow(row);
}

it("is described and listed as its schemas say, from the first moment to the last, and so are its logs", async () => {
  const cluster = await Teller.join(fresh("schemas"));
  const jobId = fresh("job");
  const described: unknown[] = [];
  const look = async () => described.push(await describeOnceJob(env, jobId));

  await jobObject(jobId).calls.create(inputOf(jobId, { cluster: cluster.cluster }));
  await look();
  await cluster.created(jobId);
  await cluster.told(jobId, FACTS.created, FACTS.started);
  await look();
  await cluster.told(jobId, ENDED_WITH_LOG, FACTS.log);
  await look();
  await vi.waitFor(async () => expect(await indexRow(jobId)).toMatchObject({ job_status: 2 }));

  expect(described.map((answer) => DescribedOnceJob.parse(answer).status)).toEqual([
    expect.stringMatching(/due|sent/),
    "running",
    "succeeded",
  ]);
  expect(OnceJob.parse(await listed(jobId))).toMatchObject({ job_id: jobId, job_status: 2 });
  const rows = (await logRows(jobId)).map((row) => LogRow.parse(row));
  expect(rows).toHaveLength(1);
});
