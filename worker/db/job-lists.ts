import { and, count, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { JobRow } from "./rows.ts";
import { jobs } from "./schema.ts";

/** A job's place in lists, which show the newest first. */
export type ListPosition = Pick<JobRow, "id" | "jobId">;

/** What rows must be like; absent: anything. */
export type JobFilter = {
  jobStatus?: JobRow["jobStatus"] | undefined;
  namespace?: string | undefined;
  namePrefix?: string | undefined;
  cluster?: string | undefined;
  /** A label of the caller's. */
  label?: { key: string; value: string } | undefined;
};

/** A part of a list: of the next `readAtMost` rows behind `after`, those that fit, without the first `skip`. */
export type JobListScan = {
  jobType: JobRow["jobType"];
  filter: JobFilter;
  /** From the first of these ids on and below the second, which is a range of creation times; null: no bound. */
  fromId: number | null;
  belowId: number | null;
  after: ListPosition | null;
  skip: number;
  pageSize: number;
  readAtMost: number;
};

/** `scanned` rows were looked at, the last of them `last`, and `matched` fitted; `rows` are the page among those. */
export type JobListPart = { rows: JobRow[]; scanned: number; matched: number; last: ListPosition | null };

/** A page ends before its rows have more bytes than this: what D1 answers passes through a Worker's memory. */
export const PAGE_BYTES = 8 * 1024 * 1024;

const ID_DIGITS = 16;
const MAX_JOB_ID_LENGTH = 40;
/** `"<id><job id>",`: of one length, so that the keys of a page are one piece of all keys. */
const KEY_LENGTH = ID_DIGITS + MAX_JOB_ID_LENGTH + 3;

function fits(filter: JobFilter): SQL {
  const { jobStatus, namespace, namePrefix, cluster, label } = filter;
  const all = and(
    jobStatus === undefined ? undefined : eq(jobs.jobStatus, jobStatus),
    namespace === undefined ? undefined : eq(jobs.namespace, namespace),
    namePrefix === undefined ? undefined : sql`substr(${jobs.jobName}, 1, ${namePrefix.length}) = ${namePrefix}`,
    cluster === undefined ? undefined : sql`${jobs.cluster} IS ${cluster}`,
    // Labels are JSON text within the JSON text; Kubernetes' rules leave no quote in a key.
    label && sql`json_extract(json_extract(${jobs.metadata}, '$.labels'), ${`$."${label.key}"`}) IS ${label.value}`,
  );
  return all ?? sql`1`;
}

function positionOf(key: string): ListPosition {
  return { id: Number(key.slice(1, 1 + ID_DIGITS)), jobId: key.slice(1 + ID_DIGITS, -2).trimEnd() };
}

/**
 * Reads the rows of one kind in the order of their primary key, once, and gives the page and what was found on the way; one
 * statement. D1 counts at most `readAtMost` and eight times `pageSize` rows as read. A page of large rows is shorter.
 */
export async function listJobRows(db: D1Database, scan: JobListScan): Promise<JobListPart> {
  const orm = drizzle(db);
  const scanned = scannedRows(orm, scan);
  const found = foundAmong(orm, scanned, scan);
  const page = orm.$with("page").as(
    orm
      .select({
        scanned: found.scanned,
        matched: found.matched,
        last: found.last,
        place: sql<number | null>`place.key`.as("place"),
        id: sql<number | null>`${jobs.id}`.as("page_id"),
        jobId: sql<string | null>`${jobs.jobId}`.as("page_job_id"),
        bytes: sql<number | null>`sum(${bytesOf(jobs)}) OVER (ORDER BY place.key)`.as("bytes"),
      })
      .from(found)
      .leftJoin(sql`json_each(${found.page}) AS place`, sql`true`)
      .leftJoin(
        jobs,
        and(
          eq(jobs.jobType, scan.jobType),
          sql`${jobs.id} = CAST(substr(place.value, 1, ${ID_DIGITS}) AS INTEGER)`,
          sql`${jobs.jobId} = rtrim(substr(place.value, ${1 + ID_DIGITS}))`,
        ),
      ),
  );
  const answer = await orm
    .with(scanned, found, page)
    .select({ scanned: page.scanned, matched: page.matched, last: page.last, row: jobs })
    .from(page)
    .leftJoin(jobs, and(eq(jobs.jobType, scan.jobType), eq(jobs.id, page.id), eq(jobs.jobId, page.jobId)))
    .where(sql`ifnull(${page.place}, 0) = 0 OR ${page.bytes} <= ${PAGE_BYTES}`)
    .orderBy(sql`${page.place}`);
  const [first] = answer;
  return {
    rows: answer.flatMap(({ row }) => row ?? []),
    scanned: first?.scanned ?? 0,
    matched: first?.matched ?? 0,
    last: first?.last ? positionOf(first.last) : null,
  };
}

/** The keys of the rows that are looked at, each with whether it fits. */
function scannedRows(orm: DrizzleD1Database, scan: JobListScan) {
  const { jobType, after, fromId, belowId } = scan;
  // Only one of two upper bounds: what the other leaves out would be read all the same, and not be counted by the limit.
  const isBehind = after !== null && (belowId === null || after.id < belowId);
  const isInRange = and(
    eq(jobs.jobType, jobType),
    fromId === null ? undefined : gte(jobs.id, fromId),
    belowId === null || isBehind ? undefined : lt(jobs.id, belowId),
    isBehind ? sql`(${jobs.id}, ${jobs.jobId}) < (${after.id}, ${after.jobId})` : undefined,
  );
  return orm.$with("scanned").as(
    orm
      .select({
        key: sql<string>`printf('"%016d%-40s",', ${jobs.id}, ${jobs.jobId})`.as("key"),
        fits: fits(scan.filter).as("fits"),
      })
      .from(jobs)
      .where(isInRange)
      .orderBy(desc(jobs.id), desc(jobs.jobId))
      .limit(scan.readAtMost),
  );
}

/** One row: the counts, and the keys of the page as a JSON array. */
function foundAmong(orm: DrizzleD1Database, scanned: ReturnType<typeof scannedRows>, scan: JobListScan) {
  const keys = sql`group_concat(${scanned.key}, '') FILTER (WHERE ${scanned.fits})`;
  const start = 1 + Math.min(scan.skip, scan.readAtMost) * KEY_LENGTH;
  const pageKeys = sql`substr(${keys}, ${start}, ${scan.pageSize * KEY_LENGTH})`;
  return orm.$with("found").as(
    orm
      .select({
        scanned: count().as("scanned_rows"),
        matched: sql<number>`total(${scanned.fits})`.as("matched"),
        last: sql<string | null>`min(${scanned.key})`.as("last"),
        page: sql<string | null>`'[' || rtrim(${pageKeys}, ',') || ']'`.as("page"),
      })
      .from(scanned),
  );
}

/** The columns whose length is the caller's; `octet_length` reads none of them. */
function bytesOf({ metadata, command, information }: typeof jobs): SQL {
  return sql`octet_length(${metadata}) + octet_length(${command}) + octet_length(${information})`;
}
