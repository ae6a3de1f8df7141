import type { Context } from "hono";
import { success } from "../errors.ts";
import { listOnceJobs } from "../jobs/list-jobs.ts";
import type { AppEnv } from "./job-request.ts";
import { readOptionalJsonObject } from "./request-body.ts";

/** POST or GET /api/once_job/lists → a page of once jobs; paging in the body or the query, where the query's wins. */
export async function listOnceJobsRoute(c: Context<AppEnv>): Promise<Response> {
  const body = await readOptionalJsonObject(c);
  return success(await listOnceJobs(c.env.DB, { ...body, ...c.req.query() }));
}
