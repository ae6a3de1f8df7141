import { type Context, Hono, type Next } from "hono";
import { checkAddress, checkToken } from "./auth.ts";
import { settingsOf } from "./env.ts";
import { ApiError, failure, failureOf, success } from "./errors.ts";
import { changesJobs } from "./route-rules.ts";
import { cancelRunRoute } from "./routes/cancel-run.ts";
import { createCluster, rotateCluster } from "./routes/create-cluster.ts";
import { createOnceJobBatchRoute, createOnceJobRoute } from "./routes/create-once-job.ts";
import {
  createCronJobRoute,
  deleteCronJobRoute,
  describeCronJobRoute,
  listCronJobsRoute,
  previewSlotsRoute,
  suspendCronJobRoute,
  triggerCronJobRoute,
  updateCronJobRoute,
} from "./routes/cron-jobs.ts";
import { deleteOnceJobRoute } from "./routes/delete-once-job.ts";
import { describeOnceJobRoute } from "./routes/describe-once-job.ts";
import { followJobLogsRoute } from "./routes/follow-job-logs.ts";
import { listJobCallbacksRoute, redeliverCallbackRoute } from "./routes/job-callbacks.ts";
import type { AppEnv } from "./routes/job-request.ts";
import { linkRelay } from "./routes/link-relay.ts";
import { listJobRunsRoute } from "./routes/list-job-runs.ts";
import { listOnceJobsRoute } from "./routes/list-once-jobs.ts";
import { readJobLogsRoute } from "./routes/read-job-logs.ts";
import { rerunOnceJobRoute } from "./routes/rerun-once-job.ts";
import { showDocs, showOpenApi } from "./routes/show-api.ts";
import { showMetrics } from "./routes/show-metrics.ts";
import { updateOnceJobRoute } from "./routes/update-once-job.ts";

type Verb = "GET" | "POST" | "DELETE";
type Route = [verbs: Verb[], path: string, handler: (c: Context<AppEnv>) => Response | Promise<Response>];

/**
 * Every route there is. The seed documents POST for everything; each read also answers GET, each delete DELETE. An id is in
 * the path, or `job_id` stands there and the id is in the body.
 */
export const ROUTES: readonly Route[] = [
  [["POST"], "/api/once_job/create", createOnceJobRoute],
  [["POST"], "/api/once_job/create_batch", createOnceJobBatchRoute],
  [["POST", "GET"], "/api/once_job/lists", listOnceJobsRoute],
  [["POST", "GET"], "/api/once_job/describe/:job_id?", describeOnceJobRoute],
  [["POST"], "/api/once_job/update", updateOnceJobRoute],
  [["POST", "DELETE"], "/api/once_job/delete/:job_id?", deleteOnceJobRoute],
  [["POST"], "/api/once_job/rerun/:job_id?", rerunOnceJobRoute],
  [["POST"], "/api/cron_job/create", createCronJobRoute],
  [["POST", "GET"], "/api/cron_job/lists", listCronJobsRoute],
  [["POST", "GET"], "/api/cron_job/describe/:job_id?", describeCronJobRoute],
  [["POST"], "/api/cron_job/update", updateCronJobRoute],
  [["POST", "DELETE"], "/api/cron_job/delete/:job_id?", deleteCronJobRoute],
  [["POST"], "/api/cron_job/trigger/:job_id?", triggerCronJobRoute],
  [["POST"], "/api/cron_job/suspend/:job_id?", suspendCronJobRoute],
  [["POST", "GET"], "/api/cron_job/preview", previewSlotsRoute],
  [["POST"], "/api/job_runs/cancel/:job_id?", cancelRunRoute],
  [["POST", "GET"], "/api/job_runs/:job_id?", listJobRunsRoute],
  [["POST", "GET"], "/api/job_logs/:job_id?", readJobLogsRoute],
  [["GET"], "/api/job_logs/:job_id/follow", followJobLogsRoute],
  [["POST", "GET"], "/api/job_callbacks/:job_id?", listJobCallbacksRoute],
  [["POST"], "/api/job_callbacks/:job_id/redeliver", redeliverCallbackRoute],
  [["POST"], "/api/cluster/create", createCluster],
  [["POST"], "/api/cluster/rotate/:cluster", rotateCluster],
  // Its token is the cluster's join token, checked by the route itself.
  [["GET"], "/relay/:cluster", linkRelay],
  [["GET"], "/metrics", showMetrics],
  [["GET"], "/healthz", () => success("ok")],
  // What the paths take and answer is in worker/openapi/operations.ts.
  [["GET"], "/openapi.json", () => showOpenApi(ROUTES)],
  [["GET"], "/docs", () => showDocs(ROUTES)],
];

/** What only a token opens. */
const TOKEN_PATHS = ["/api/*", "/metrics"];

/** The HTTP API. */
export const app = buildApp();

function buildApp(): Hono<AppEnv> {
  const hono = new Hono<AppEnv>({ strict: false });
  hono.onError(failureOf);
  hono.notFound((c) => failure(new ApiError("notFound", `There is no route ${c.req.path}.`)));
  hono.use(sendNoSniff);
  for (const path of TOKEN_PATHS) hono.use(path, sendNoStore, checkAddress, checkToken, checkQuery);
  for (const [verbs, path, handler] of ROUTES) {
    if (changesJobs(verbs, path)) hono.on(verbs, path, refuseWhileDraining);
    hono.on(verbs, path, handler);
    hono.all(path, (c) => refuseVerb(c, verbs));
  }
  return hono;
}

async function sendNoSniff(c: Context<AppEnv>, next: Next): Promise<void> {
  await next();
  // An upgraded connection is no document, and a copy of its response would lose the socket.
  if (c.res.status !== 101) c.header("x-content-type-options", "nosniff");
}

async function sendNoStore(c: Context<AppEnv>, next: Next): Promise<void> {
  await next();
  c.header("cache-control", "no-store");
}

/** What is not percent-encoded UTF-8 is no value that a field could be told by. */
async function checkQuery(c: Context<AppEnv>, next: Next): Promise<void> {
  const { search } = new URL(c.req.url);
  try {
    decodeURIComponent(search);
  } catch {
    throw new ApiError("decode", `The query ${JSON.stringify(search)} is not percent-encoded UTF-8.`);
  }
  await next();
}

const DRAINING_RETRY_SECONDS = 30;

async function refuseWhileDraining(c: Context<AppEnv>, next: Next): Promise<void> {
  if (settingsOf(c.env).draining) {
    throw new ApiError(
      "serverClosed",
      "This installation is draining (WATCHBELL_DRAINING): it takes no changes to jobs.",
      {
        "retry-after": String(DRAINING_RETRY_SECONDS),
      },
    );
  }
  await next();
}

function refuseVerb(c: Context<AppEnv>, verbs: readonly Verb[]): Response {
  const allow = verbs.join(", ");
  return failure(new ApiError("wrongVerb", `${c.req.method} is not for ${c.req.path}; use ${allow}.`, { allow }));
}
