import { and, asc, count, desc, eq, getTableColumns, lt, sql } from "drizzle-orm";
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

/** A page of one kind's rows, newest first, and how many there are in all; one round trip. `pageNum` counts from 1. */
export async function listJobRows(
  db: D1Database,
  page: { jobType: JobRow["jobType"]; pageNum: number; pageSize: number },
): Promise<{ total: number; rows: JobRow[] }> {
  const orm = drizzle(db);
  const ofKind = eq(jobs.jobType, page.jobType);
  const [totals, rows] = await orm.batch([
    orm.select({ total: count() }).from(jobs).where(ofKind),
    orm
      .select()
      .from(jobs)
      .where(ofKind)
      .orderBy(desc(jobs.id), desc(jobs.jobId))
      .limit(page.pageSize)
      .offset((page.pageNum - 1) * page.pageSize),
  ]);
  return { total: totals[0]?.total ?? 0, rows };
}

/** The jobs that the sweep should look at: overdue since before that moment (epoch ms), longest first, at most `limit`. */
export async function listOverdueJobs(
  db: D1Database,
  query: { before: number; limit: number },
): Promise<(JobRowKey & { overdueAt: number | null })[]> {
  return await drizzle(db)
    .select({ jobType: jobs.jobType, id: jobs.id, jobId: jobs.jobId, overdueAt: jobs.overdueAt })
    .from(jobs)
    .where(lt(jobs.overdueAt, query.before))
    .orderBy(asc(jobs.overdueAt))
    .limit(query.limit);
}
