import { z } from "zod";
import { insertCluster, readCluster, rotateJoinToken } from "../db/clusters.ts";
import { ApiError } from "../errors.ts";
import { hexOf, sha256 } from "../sha256.ts";

/** A cluster's id: a DNS label of at most 40 characters (contract, part 3). */
export const ClusterId = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/);

/** What registering answers: the join token is shown this once, only its hash is kept. */
export type Registered = { cluster: string; join_token: string };

/** Fields that the contract names and that are not there yet: refused by name, so that nobody believes they work. */
const LATER_FIELDS: readonly string[] = ["labels", "region", "capacity", "namespaces"];

function clusterIdIn(body: Record<string, unknown>): string {
  for (const field of Object.keys(body)) {
    if (field === "cluster") continue;
    const why = LATER_FIELDS.includes(field) ? "is not there yet; leave it out" : "is not a field of a cluster";
    throw new ApiError("verifyJob", `${field} ${why}.`);
  }
  const parsed = ClusterId.safeParse(body.cluster);
  if (parsed.success) return parsed.data;
  const value = JSON.stringify(body.cluster) ?? "missing";
  throw new ApiError(
    "verifyJob",
    `cluster is ${value.slice(0, 80)}; it must be 1 to 40 lower-case letters, digits and hyphens, with no hyphen at the ends.`,
  );
}

/** A new join token: 256 random bits, so that a fast hash is enough; the prefix lets secret scanners find a leaked one. */
function newJoinToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `wbj_${hexOf(bytes)}`;
}

/** SHA-256 of a token as lower-case hex: the form that is kept. */
export async function hashToken(token: string): Promise<string> {
  return hexOf(await sha256(token));
}

/** Whether the token's hash is one of these; every comparison takes the same time, whatever the token is. */
export async function isJoinToken(token: string, hashes: readonly string[]): Promise<boolean> {
  const given = new TextEncoder().encode(await hashToken(token));
  let matches = false;
  for (const hash of hashes) {
    const kept = new TextEncoder().encode(hash);
    if (kept.byteLength === given.byteLength && crypto.subtle.timingSafeEqual(kept, given)) matches = true;
  }
  return matches;
}

/** Registers a cluster from a request's body; a bad field is 104, a taken id 105. */
export async function registerCluster(db: D1Database, body: Record<string, unknown>, now: number): Promise<Registered> {
  const cluster = clusterIdIn(body);
  const joinToken = newJoinToken();
  const isNew = await insertCluster(db, { cluster, joinTokenHash: await hashToken(joinToken), createdAt: now });
  if (!isNew) {
    throw new ApiError(
      "alreadyExists",
      `cluster ${cluster} exists already; /api/cluster/rotate/${cluster} gives it a new join token.`,
    );
  }
  return { cluster, join_token: joinToken };
}

/** Gives a cluster a new join token; the one before stays valid until the next rotation. Unknown: 404. */
export async function rotateJoinTokenOf(db: D1Database, cluster: string): Promise<Registered> {
  const joinToken = newJoinToken();
  const isKnown =
    ClusterId.safeParse(cluster).success && (await rotateJoinToken(db, cluster, await hashToken(joinToken)));
  if (!isKnown) throw unknownCluster(cluster);
  return { cluster, join_token: joinToken };
}

/** Lets a relay in: throws 404 for an unknown cluster and 401 for a token that is not one of its two. */
export async function admitRelay(db: D1Database, cluster: string, token: string | null): Promise<void> {
  const row = ClusterId.safeParse(cluster).success ? await readCluster(db, cluster) : null;
  if (row === null) throw unknownCluster(cluster);
  if (token === null) {
    throw new ApiError("unauthorized", "The header Authorization must be `Bearer` and the cluster's join token.");
  }
  if (!(await isJoinToken(token, row.joinTokenHashes))) {
    throw new ApiError("unauthorized", `The join token is not one of cluster ${cluster}'s; it may have been rotated.`);
  }
}

function unknownCluster(cluster: string): ApiError {
  return new ApiError("notFound", `cluster ${JSON.stringify(cluster.slice(0, 80))} is not registered.`);
}
