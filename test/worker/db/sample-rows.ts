import type { JobListScan } from "../../../worker/db/job-lists.ts";
import type { JobRow } from "../../../worker/db/rows.ts";

/** An index row of a job that is awaited. */
export const ROW: JobRow = {
  jobType: "once",
  id: 1,
  jobId: "a",
  version: 1,
  namespace: "default",
  jobName: "hello",
  cluster: null,
  jobStatus: -1,
  image: "busybox",
  command: "echo,hi",
  timeout: 0,
  metadata: "{}",
  jobExecTime: 100,
  information: "",
  times: 0,
  successTimes: 0,
  createTime: 100,
  updateTime: 100,
  overdueAt: 5_000,
  cron: null,
};

/** The first ten once jobs, whatever they are. */
export const LIST_START: JobListScan = {
  jobType: "once",
  filter: {},
  fromId: null,
  belowId: null,
  after: null,
  skip: 0,
  pageSize: 10,
  readAtMost: 100,
};

/**
 * Fills the index with `count` once jobs, ids 1 to `count` at a millisecond each, as creates in that order would have; 600
 * bytes of metadata, label `nth` the id modulo 1,000.
 */
export async function fillJobs(db: D1Database, count: number): Promise<void> {
  await db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO jobs SELECT 'once', i * 2048, printf('j%025d', i), 1, 'ns' || (i % 7), 'job-' || i, 'c' || (i % 3), i % 5 - 1,
         'busybox', 'echo', 0, json_object('labels', json_object('nth', '' || (i % 1000)), 'args', printf('%.*c', 540, 'x')),
         0, '', 0, 0, i / 1000, 0, NULL, NULL FROM n`,
    )
    .bind(count)
    .run();
}
