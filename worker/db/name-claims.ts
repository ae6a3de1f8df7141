import { and, asc, eq, lte, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { clusters, nameClaims, sweepCursor } from "./schema.ts";

/** The claim of a job on its name; `id` is the job's integer id, `claimedAt` epoch ms. */
export type NameClaim = { namespace: string; jobName: string; jobId: string; id: number; claimedAt: number };

/** Where a scan over claims stands: the key of the last claim looked at. */
export type ClaimPosition = Pick<NameClaim, "namespace" | "jobName">;

/**
 * Claims the name for that job, unless another holds it or `route` names no registered cluster (then nothing changes), and
 * reads the ids of all clusters. One round trip, and one transaction: a create waits for nothing else in D1. `claim` is what
 * is stored then, null where the name was not to be had: a job that meets its own claim renews its time and keeps its id.
 */
export async function claimName(
  db: D1Database,
  claim: NameClaim,
  route: string,
): Promise<{ claim: NameClaim | null; clusterIds: string[] }> {
  const orm = drizzle(db);
  const routeIsKnown = sql`(${route} = '' OR EXISTS (SELECT 1 FROM ${clusters} WHERE ${clusters.cluster} = ${route}))`;
  const [claimedRows, clusterRows] = await orm.batch([
    orm
      .insert(nameClaims)
      .select(
        sql`SELECT ${claim.namespace}, ${claim.jobName}, ${claim.jobId}, ${claim.id}, ${claim.claimedAt} WHERE ${routeIsKnown}`,
      )
      .onConflictDoUpdate({
        target: [nameClaims.namespace, nameClaims.jobName],
        // Always another time, so that whoever read the claim before can't remove this one.
        set: { claimedAt: sql`MAX(excluded.claimed_at, ${nameClaims.claimedAt} + 1)` },
        setWhere: sql`${nameClaims.jobId} = excluded.job_id`,
      })
      .returning(),
    orm.select({ cluster: clusters.cluster }).from(clusters).orderBy(asc(clusters.cluster)),
  ]);
  return { claim: claimedRows[0] ?? null, clusterIds: clusterRows.map((row) => row.cluster) };
}

/** Gives a name up, claimed up to that moment (epoch ms; absent: whenever); a claim of another job on it stays. */
export async function releaseName(
  db: D1Database,
  held: Pick<NameClaim, "namespace" | "jobName" | "jobId">,
  upTo?: number,
): Promise<void> {
  await drizzle(db)
    .delete(nameClaims)
    .where(
      and(
        eq(nameClaims.namespace, held.namespace),
        eq(nameClaims.jobName, held.jobName),
        eq(nameClaims.jobId, held.jobId),
        upTo === undefined ? undefined : lte(nameClaims.claimedAt, upTo),
      ),
    )
    .run();
}

/** Removes a claim exactly as it was read: one renewed since then stays. True: it was there. */
export async function removeClaim(db: D1Database, claim: NameClaim): Promise<boolean> {
  const result = await drizzle(db)
    .delete(nameClaims)
    .where(
      and(
        eq(nameClaims.namespace, claim.namespace),
        eq(nameClaims.jobName, claim.jobName),
        eq(nameClaims.jobId, claim.jobId),
        eq(nameClaims.claimedAt, claim.claimedAt),
      ),
    )
    .run();
  return result.meta.changes === 1;
}

/**
 * Looks at the next `limit` claims in order of their key, and gives those made before that moment (epoch ms) that the index
 * row of no job that is there has as its name; `next` is null when the end was reached. No index on the time of a claim: it would cost every create a row.
 */
export async function staleClaims(
  db: D1Database,
  scan: { after: ClaimPosition | null; before: number; limit: number },
): Promise<{ claims: NameClaim[]; next: ClaimPosition | null }> {
  const after = scan.after ?? { namespace: "", jobName: "" };
  const rows = await drizzle(db)
    .select({
      namespace: nameClaims.namespace,
      jobName: nameClaims.jobName,
      jobId: nameClaims.jobId,
      id: nameClaims.id,
      claimedAt: nameClaims.claimedAt,
      // Written out: Drizzle leaves a column's table away here, and `id` would be that of the inner table.
      indexed: sql<number>`EXISTS (SELECT 1 FROM jobs WHERE jobs.job_type IN ('once', 'cron')
        AND jobs.id = name_claims.id AND jobs.job_id = name_claims.job_id AND jobs.job_status <> 3
        AND jobs.namespace = name_claims.namespace AND jobs.job_name = name_claims.job_name)`,
    })
    .from(nameClaims)
    .where(sql`(${nameClaims.namespace}, ${nameClaims.jobName}) > (${after.namespace}, ${after.jobName})`)
    .orderBy(asc(nameClaims.namespace), asc(nameClaims.jobName))
    .limit(scan.limit);
  const last = rows.at(-1);
  const claims = rows
    .filter((row) => row.indexed === 0 && row.claimedAt < scan.before)
    .map(({ indexed: _, ...claim }) => claim);
  return { claims, next: last && rows.length === scan.limit ? last : null };
}

/** Where the last sweep over claims stopped short of the end; null: it reached it. */
export async function readClaimCursor(db: D1Database): Promise<ClaimPosition | null> {
  const row = await drizzle(db).select().from(sweepCursor).where(eq(sweepCursor.swept, "claims")).get();
  return row ? { namespace: row.namespace, jobName: row.jobName } : null;
}

/** Remembers where the next sweep over claims begins; null: at the start. */
export async function writeClaimCursor(db: D1Database, position: ClaimPosition | null): Promise<void> {
  const orm = drizzle(db);
  if (position === null) {
    await orm.delete(sweepCursor).where(eq(sweepCursor.swept, "claims")).run();
    return;
  }
  const at = { namespace: position.namespace, jobName: position.jobName };
  await orm
    .insert(sweepCursor)
    .values({ swept: "claims", ...at })
    .onConflictDoUpdate({ target: sweepCursor.swept, set: at })
    .run();
}
