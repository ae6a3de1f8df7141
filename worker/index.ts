import { app } from "./app.ts";
import { sweep } from "./jobs/sweep.ts";

export { ClusterObject } from "./objects/cluster-object.ts";
export { JobObject } from "./objects/job-object.ts";

/** The Worker: the HTTP API, and the sweep that the cron trigger of wrangler.toml rings. */
export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    await sweep(env, Date.now());
  },
} satisfies ExportedHandler<Env>;
