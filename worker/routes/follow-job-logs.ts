import type { Context } from "hono";
import { followJobLogs } from "../jobs/follow-job-logs.ts";
import { FollowFields } from "../jobs/run-fields.ts";
import { sentenceOf } from "../jobs/sentences.ts";
import { type AppEnv, readJobRequest, unknownJob } from "./job-request.ts";

/** GET /api/job_logs/:job_id/follow → server-sent events: `line`s of one run's logs as they come, then `end`. */
export async function followJobLogsRoute(c: Context<AppEnv>): Promise<Response> {
  const { jobId, fields, refusalOf } = await readJobRequest(c);
  const parsed = FollowFields.safeParse(fields);
  if (!parsed.success) {
    throw refusalOf(String(parsed.error.issues[0]?.path[0]), `${sentenceOf(parsed.error.issues, fields)}.`);
  }
  const { run, last_event_id: lastEventId = "" } = parsed.data;
  const query = { lastEventId: c.req.header("last-event-id") ?? lastEventId, ...(run !== undefined && { run }) };
  const events = await followJobLogs(c.env, jobId, query);
  if (events === null) throw unknownJob(jobId);
  // Proxies that gather answers would keep lines back (nginx and those that follow it).
  return new Response(events, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
}
