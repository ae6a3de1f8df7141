import type { Context } from "hono";
import { registerCluster, rotateJoinTokenOf } from "../clusters/registering.ts";
import { success } from "../errors.ts";
import type { AppEnv } from "./job-request.ts";
import { readJsonObject } from "./request-body.ts";

/** POST /api/cluster/create: registers a cluster and shows its join token, this once. */
export async function createCluster(c: Context<AppEnv>): Promise<Response> {
  return success(await registerCluster(c.env.DB, await readJsonObject(c), Date.now()));
}

/** POST /api/cluster/rotate/:cluster: a new join token; the one before stays valid until the next rotation. */
export async function rotateCluster(c: Context<AppEnv>): Promise<Response> {
  return success(await rotateJoinTokenOf(c.env.DB, c.req.param("cluster") ?? ""));
}
