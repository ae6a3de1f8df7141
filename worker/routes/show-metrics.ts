import type { Context } from "hono";
import { readMetrics } from "../clusters/metrics.ts";
import { PROMETHEUS_CONTENT_TYPE } from "../clusters/prometheus-text.ts";
import type { AppEnv } from "./job-request.ts";

/** GET /metrics → Prometheus' text; a refusal is the envelope, as everywhere. */
export async function showMetrics(c: Context<AppEnv>): Promise<Response> {
  return new Response(await readMetrics(c.env), { headers: { "content-type": PROMETHEUS_CONTENT_TYPE } });
}
