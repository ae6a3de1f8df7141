import { listJobRows } from "../db/job-lists.ts";
import { ApiError } from "../errors.ts";
import type { OnceJobPage } from "./answers.ts";
import { parseListFields } from "./list-fields.ts";
import { partToRead, tellPart } from "./list-paging.ts";
import { onceJobOfRow } from "./once-job-view.ts";

/** Lists once jobs from the index; a wrong or unknown field is 100, in a body too. */
export async function listOnceJobs(db: D1Database, fields: Record<string, unknown>): Promise<OnceJobPage> {
  const request = parseListFields(fields, Date.now());
  if ("problem" in request) throw new ApiError("invalidParameter", `${request.problem}.`);
  const { filter, fromId, belowId, cursor, pageNum } = request;
  const asked = partToRead(request);
  const after = cursor?.after ?? null;
  const part = await listJobRows(db, { jobType: "once", filter, fromId, belowId, after, ...asked });
  const { total, isTotalMin, nextCursor } = tellPart(asked, part);
  return {
    total: String(total),
    ...(isTotalMin && { total_is_min: true }),
    page_num: pageNum,
    page_size: asked.pageSize,
    next_cursor: nextCursor,
    data: part.rows.map(onceJobOfRow),
  };
}
