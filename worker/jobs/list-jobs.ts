import { listJobRows } from "../db/job-lists.ts";
import type { JobRow } from "../db/rows.ts";
import { ApiError } from "../errors.ts";
import type { CronJobPage, OnceJobPage } from "./answers.ts";
import { cronJobOfRow } from "./cron-job-view.ts";
import { parseListFields } from "./list-fields.ts";
import { partToRead, tellPart } from "./list-paging.ts";
import { onceJobOfRow } from "./once-job-view.ts";

/** Lists once jobs from the index; a wrong or unknown field is 100, in a body too. */
export async function listOnceJobs(db: D1Database, fields: Record<string, unknown>): Promise<OnceJobPage> {
  const { rows, ...page } = await listRows(db, "once", fields, Date.now());
  return { ...page, data: rows.map(onceJobOfRow) };
}

/** Lists cron jobs, as {@link listOnceJobs} does once jobs; when each is next due is computed now. */
export async function listCronJobs(db: D1Database, fields: Record<string, unknown>): Promise<CronJobPage> {
  const now = Date.now();
  const { rows, ...page } = await listRows(db, "cron", fields, now);
  return { ...page, data: rows.map((row) => cronJobOfRow(row, now)) };
}

async function listRows(db: D1Database, jobType: JobRow["jobType"], fields: Record<string, unknown>, now: number) {
  const request = parseListFields(fields, now);
  if ("problem" in request) throw new ApiError("invalidParameter", `${request.problem}.`);
  const { filter, fromId, belowId, cursor, pageNum } = request;
  const asked = partToRead(request);
  const after = cursor?.after ?? null;
  const part = await listJobRows(db, { jobType, filter, fromId, belowId, after, ...asked });
  const { total, isTotalMin, nextCursor } = tellPart(asked, part);
  return {
    total: String(total),
    ...(isTotalMin && { total_is_min: true as const }),
    page_num: pageNum,
    page_size: asked.pageSize,
    next_cursor: nextCursor,
    rows: part.rows,
  };
}
