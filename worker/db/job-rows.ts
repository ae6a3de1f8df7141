import { and, asc, count, eq, getTableColumns, isNotNull, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { JobRow } from "./rows.ts";
import { jobs } from "./schema.ts";

/** What names an index row: the list's order is part of it. */
export type JobRowKey = Pick<JobRow, "jobType" | "id" | "jobId">;

const KEY_COLUMNS = new Set(["jobType", "id", "jobId"]);

// A key column named in SET would cost a written row for each index, even where its value stays.
const REPLACED = Object.fromEntries(
  Object.entries(getTableColumns(jobs))
    .filter(([field]) => !KEY_COLUMNS.has(field))
    .map(([field, column]) => [field, sql.raw(`excluded.${column.name}`)]),
);

function keyIs(key: JobRowKey) {
  return and(eq(jobs.jobType, key.jobType), eq(jobs.id, key.id), eq(jobs.jobId, key.jobId));
}

/** Writes the row whole; a row whose version is not above the stored one changes nothing, so a late write can't go backwards. */
export async function writeJobRow(db: D1Database, row: JobRow): Promise<void> {
  await drizzle(db)
    .insert(jobs)
    .values(row)
    .onConflictDoUpdate({
      target: [jobs.jobType, jobs.id, jobs.jobId],
      set: REPLACED,
      setWhere: sql`excluded.version > ${jobs.version}`,
    })
    .run();
}

/** Removes a purged job's row; none there is as good. */
export async function deleteJobRow(db: D1Database, key: JobRowKey): Promise<void> {
  await drizzle(db).delete(jobs).where(keyIs(key)).run();
}

/**
 * The row of that job among the oldest `readAtMost` of its kind with an id below `belowId`; null: it is none of them. No index has
 * job ids: whoever knows no more than that asks for few rows.
 */
export async function findOldJobRow(
  db: D1Database,
  wanted: Pick<JobRow, "jobType" | "jobId"> & { belowId: number; readAtMost: number },
): Promise<JobRow | null> {
  const { jobType, jobId } = wanted;
  const orm = drizzle(db);
  const oldest = orm
    .select({ id: jobs.id, jobId: jobs.jobId })
    .from(jobs)
    .where(and(eq(jobs.jobType, jobType), lt(jobs.id, wanted.belowId)))
    .orderBy(asc(jobs.id))
    .limit(wanted.readAtMost)
    .as("oldest");
  const found = await orm.select({ id: oldest.id }).from(oldest).where(eq(oldest.jobId, jobId)).get();
  if (found === undefined) return null;
  const row = await orm
    .select()
    .from(jobs)
    .where(keyIs({ jobType, id: found.id, jobId }))
    .get();
  return row ?? null;
}

/**
 * Jobs at -1, submitted and not yet created, among the first `readAtMost` rows of the index of what awaits its time: all such
 * jobs have one there. D1 counts twice as many rows as read.
 */
export async function countSubmittedJobs(db: D1Database, readAtMost: number): Promise<number> {
  const orm = drizzle(db);
  const waiting = orm
    .select({ jobStatus: jobs.jobStatus })
    .from(jobs)
    .where(isNotNull(jobs.overdueAt))
    .orderBy(asc(jobs.overdueAt))
    .limit(readAtMost)
    .as("waiting");
  const row = await orm.select({ jobs: count() }).from(waiting).where(eq(waiting.jobStatus, -1)).get();
  return row?.jobs ?? 0;
}

/** A job that the sweep should look at; `overdueAt` epoch ms. */
export type OverdueJob = JobRowKey & Pick<JobRow, "namespace" | "jobName"> & { overdueAt: number };

/** Overdue jobs since before that moment (epoch ms), longest first, at most `limit`; `after`: those behind that one. */
export async function listOverdueJobs(
  db: D1Database,
  query: { before: number; after: OverdueJob | null; limit: number },
): Promise<OverdueJob[]> {
  const { after } = query;
  const position = sql`(${jobs.overdueAt}, ${jobs.jobType}, ${jobs.id}, ${jobs.jobId})`;
  const rows = await drizzle(db)
    .select({
      jobType: jobs.jobType,
      id: jobs.id,
      jobId: jobs.jobId,
      namespace: jobs.namespace,
      jobName: jobs.jobName,
      // The condition below leaves out null.
      overdueAt: sql<number>`${jobs.overdueAt}`,
    })
    .from(jobs)
    .where(
      and(
        lt(jobs.overdueAt, query.before),
        after ? sql`${position} > (${after.overdueAt}, ${after.jobType}, ${after.id}, ${after.jobId})` : undefined,
      ),
    )
    .orderBy(asc(jobs.overdueAt), asc(jobs.jobType), asc(jobs.id), asc(jobs.jobId))
    .limit(query.limit);
  return rows;
}
