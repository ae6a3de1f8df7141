import { asc, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { clusters } from "./schema.ts";

/** A registered cluster with the hashes of its valid join tokens, newest first; `createdAt` epoch ms. */
export type ClusterRow = { cluster: string; joinTokenHashes: string[]; createdAt: number };

/** Registers a cluster; false: the id exists, and nothing changed. */
export async function insertCluster(
  db: D1Database,
  row: { cluster: string; joinTokenHash: string; createdAt: number },
): Promise<boolean> {
  const result = await drizzle(db).insert(clusters).values(row).onConflictDoNothing().run();
  return result.meta.changes === 1;
}

/** Replaces the join token; the one before stays valid beside it. False: no such cluster. */
export async function rotateJoinToken(db: D1Database, cluster: string, joinTokenHash: string): Promise<boolean> {
  const result = await drizzle(db)
    .update(clusters)
    .set({ joinTokenHash, previousJoinTokenHash: sql`${clusters.joinTokenHash}` })
    .where(eq(clusters.cluster, cluster))
    .run();
  return result.meta.changes === 1;
}

/** The cluster of that id; null: it is not registered. */
export async function readCluster(db: D1Database, cluster: string): Promise<ClusterRow | null> {
  const row = await drizzle(db).select().from(clusters).where(eq(clusters.cluster, cluster)).get();
  if (!row) return null;
  const hashes = [row.joinTokenHash, row.previousJoinTokenHash].filter((hash) => hash !== null);
  return { cluster: row.cluster, joinTokenHashes: hashes, createdAt: row.createdAt };
}

/** The ids of all registered clusters, in order. */
export async function listClusterIds(db: D1Database): Promise<string[]> {
  const rows = await drizzle(db).select({ cluster: clusters.cluster }).from(clusters).orderBy(asc(clusters.cluster));
  return rows.map((row) => row.cluster);
}
