/** One row of the index `jobs`: a full picture, written whole, guarded by `version`. Times as their names say. */
export type JobRow = {
  jobType: "once" | "cron";
  /** The seed's integer id: newer jobs have larger ones. */
  id: number;
  jobId: string;
  /** Rises with every change of the job; an older row never replaces a newer one. */
  version: number;
  namespace: string;
  jobName: string;
  cluster: string | null;
  jobStatus: -1 | 0 | 1 | 2 | 3;
  image: string;
  command: string;
  timeout: number;
  /** JSON. */
  metadata: string;
  /** Unix seconds. */
  jobExecTime: number;
  information: string;
  times: number;
  successTimes: number;
  createTime: number;
  updateTime: number;
  /** When the sweep should look at the job if it is still so, epoch ms; null: nothing is awaited. */
  overdueAt: number | null;
  /** JSON of a cron job's rules and of what lists show of its slots; null: a once job. */
  cron: string | null;
};
