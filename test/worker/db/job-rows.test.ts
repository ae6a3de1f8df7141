import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { listJobRows } from "../../../worker/db/job-lists.ts";
import { deleteJobRow, listOverdueJobs, writeJobRow } from "../../../worker/db/job-rows.ts";
import type { JobRow } from "../../../worker/db/rows.ts";
import { LIST_START, ROW } from "./sample-rows.ts";

beforeEach(async () => {
  await env.DB.exec("DELETE FROM jobs");
});

async function stored(): Promise<JobRow[]> {
  return (await listJobRows(env.DB, LIST_START)).rows;
}

describe("writeJobRow", () => {
  it("stores the row whole", async () => {
    await writeJobRow(env.DB, ROW);

    expect(await stored()).toEqual([ROW]);
  });

  it("replaces every column by a newer version", async () => {
    const newer: JobRow = {
      ...ROW,
      version: 2,
      cluster: "local",
      jobStatus: 2,
      information: "done",
      times: 1,
      successTimes: 1,
      updateTime: 200,
      overdueAt: null,
    };
    await writeJobRow(env.DB, ROW);

    await writeJobRow(env.DB, newer);

    expect(await stored()).toEqual([newer]);
  });

  it.each([1, 2])("does not let a write of version %i go back behind version 2", async (version) => {
    const current: JobRow = { ...ROW, version: 2, jobStatus: 2 };
    await writeJobRow(env.DB, current);

    await writeJobRow(env.DB, { ...ROW, version, jobStatus: 0 });

    expect(await stored()).toEqual([current]);
  });

  it("keeps the newest of writes that come in any order", async () => {
    const versions = [3, 1, 5, 2, 4];

    await Promise.all(versions.map((version) => writeJobRow(env.DB, { ...ROW, version, times: version })));

    expect(await stored()).toEqual([{ ...ROW, version: 5, times: 5 }]);
  });

  it("costs two rows as long as the job is awaited, and one when it is not", async () => {
    const awaited = await rowsWrittenBy(ROW);
    const ended = await rowsWrittenBy({ ...ROW, version: 2, overdueAt: null });
    const later = await rowsWrittenBy({ ...ROW, version: 3, overdueAt: null });

    expect({ awaited, ended, later }).toEqual({ awaited: 2, ended: 1, later: 1 });
  });

  /** D1 tells what a statement wrote; the query under test hides it, so a recording stand-in for the binding's last step asks. */
  async function rowsWrittenBy(row: JobRow): Promise<number> {
    let written = 0;
    const recording = new Proxy(env.DB, {
      get: (db, key) =>
        key === "prepare" ? (query: string) => recordingStatement(db.prepare(query)) : Reflect.get(db, key),
    });
    function recordingStatement(statement: D1PreparedStatement): D1PreparedStatement {
      return new Proxy(statement, {
        get: (target, key) => {
          if (key === "bind") return (...values: unknown[]) => recordingStatement(target.bind(...values));
          if (key !== "run") return Reflect.get(target, key);
          return async () => {
            const result = await target.run();
            written += result.meta.rows_written;
            return result;
          };
        },
      });
    }
    await writeJobRow(recording, row);
    return written;
  }
});

describe("deleteJobRow", () => {
  it("removes that row alone, and is content with none", async () => {
    const other = { ...ROW, jobId: "b" };
    await writeJobRow(env.DB, ROW);
    await writeJobRow(env.DB, other);

    await deleteJobRow(env.DB, ROW);
    await deleteJobRow(env.DB, ROW);

    expect(await stored()).toEqual([other]);
  });
});

describe("listOverdueJobs", () => {
  it("gives what is overdue, longest first, in turns, and nothing that awaits nothing", async () => {
    for (const id of [1, 2, 3, 4]) await writeJobRow(env.DB, { ...ROW, id, jobId: `j${id}`, overdueAt: 1_000 - id });
    await writeJobRow(env.DB, { ...ROW, id: 5, overdueAt: null });
    await writeJobRow(env.DB, { ...ROW, id: 6, overdueAt: 2_000 });

    const first = await listOverdueJobs(env.DB, { before: 2_000, after: null, limit: 3 });
    const second = await listOverdueJobs(env.DB, { before: 2_000, after: first.at(-1) ?? null, limit: 3 });

    expect([first, second].map((turn) => turn.map((job) => job.id))).toEqual([[4, 3, 2], [1]]);
  });

  it("finds them through the partial index", async () => {
    const plan = await env.DB.prepare(
      "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE overdue_at < 5 ORDER BY overdue_at, job_type, id, job_id LIMIT 5",
    ).all<{ detail: string }>();

    expect(plan.results.map((step) => step.detail)).toEqual([
      expect.stringMatching(/^SEARCH jobs USING (COVERING )?INDEX jobs_overdue/),
    ]);
  });
});
