import type { Context } from "hono";
import { admitRelay } from "../clusters/registering.ts";
import { installationId } from "../db/installation.ts";
import { ApiError } from "../errors.ts";
import { INSTALLATION_HEADER } from "../objects/cluster-object.ts";
import type { AppEnv } from "./job-request.ts";

/**
 * GET /relay/:cluster with `Upgrade: websocket` and the cluster's join token as Bearer: hands the upgrade to the cluster's
 * object. Refused before that: no upgrade 426, unknown cluster 404, wrong token 401.
 */
export async function linkRelay(c: Context<AppEnv>): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw new ApiError("upgradeRequired", "This is the relays' link: it needs `Upgrade: websocket`.", {
      upgrade: "websocket",
    });
  }
  const cluster = c.req.param("cluster") ?? "";
  const token = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? null;
  await admitRelay(c.env.DB, cluster, token);
  const headers = new Headers({ upgrade: "websocket", [INSTALLATION_HEADER]: await installationId(c.env.DB) });
  // The token stays here: the object needs no secret.
  return c.env.CLUSTERS.get(c.env.CLUSTERS.idFromName(cluster)).fetch("https://cluster/", { headers });
}
