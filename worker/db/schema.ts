import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { JobRow } from "./rows.ts";

/**
 * D1 holds the claim on a name and, beside it, nothing but index: every other row can be written anew by its object.
 * All tables are WITHOUT ROWID, which saves one written row per insert; drizzle-kit can't say that,
 * so the generated migration is edited by hand (docs/decisions/2026-11-24-d1-without-rowid.md).
 */

/** One row: this installation's id, eight letters and digits, made by the first migration. */
export const installation = sqliteTable("installation", { id: text().primaryKey() });

/** Who holds a name: the only truth that D1 owns. */
export const nameClaims = sqliteTable(
  "name_claims",
  {
    namespace: text().notNull(),
    jobName: text("job_name").notNull(),
    jobId: text("job_id").notNull(),
    /** The job's integer id: with it the sweep finds the index row by its primary key. */
    id: integer().notNull(),
    /** Epoch ms; a JobObject refuses a claim that is older than 30 s. */
    claimedAt: integer("claimed_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.jobName] })],
);

/** The index that lists and the sweep read; its primary key is the order of lists, so that none needs an index of its own. */
export const jobs = sqliteTable(
  "jobs",
  {
    jobType: text("job_type").$type<JobRow["jobType"]>().notNull(),
    id: integer().notNull(),
    jobId: text("job_id").notNull(),
    version: integer().notNull(),
    namespace: text().notNull(),
    jobName: text("job_name").notNull(),
    cluster: text(),
    jobStatus: integer("job_status").$type<JobRow["jobStatus"]>().notNull(),
    image: text().notNull(),
    command: text().notNull(),
    timeout: integer().notNull(),
    metadata: text().notNull(),
    jobExecTime: integer("job_exec_time").notNull(),
    information: text().notNull(),
    times: integer().notNull(),
    successTimes: integer("success_times").notNull(),
    createTime: integer("create_time").notNull(),
    updateTime: integer("update_time").notNull(),
    overdueAt: integer("overdue_at"),
    cron: text(),
  },
  (table) => [
    primaryKey({ columns: [table.jobType, table.id, table.jobId] }),
    // Partial: a job that awaits nothing costs no index row.
    index("jobs_overdue").on(table.overdueAt).where(sql`overdue_at IS NOT NULL`),
  ],
);

/** Where the sweep over claims goes on: one row, and only while there are more claims than one sweep looks at. */
export const sweepCursor = sqliteTable("sweep_cursor", {
  /** What is swept: `claims`. */
  swept: text().primaryKey(),
  namespace: text().notNull(),
  jobName: text("job_name").notNull(),
});

/** The clusters that may be named; tokens are kept as SHA-256 hashes, the previous one stays valid until the next rotation. */
export const clusters = sqliteTable("clusters", {
  cluster: text().primaryKey(),
  joinTokenHash: text("join_token_hash").notNull(),
  previousJoinTokenHash: text("previous_join_token_hash"),
  /** Epoch ms. */
  createdAt: integer("created_at").notNull(),
});
