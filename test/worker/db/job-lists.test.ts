import { env } from "cloudflare:workers";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type JobListScan, listJobRows, PAGE_BYTES } from "../../../worker/db/job-lists.ts";
import { writeJobRow } from "../../../worker/db/job-rows.ts";
import type { JobRow } from "../../../worker/db/rows.ts";
import { fillJobs, LIST_START, ROW } from "./sample-rows.ts";

beforeEach(clearJobs);
afterAll(clearJobs);

async function clearJobs(): Promise<void> {
  await env.DB.exec("DELETE FROM jobs");
}

async function store(...rows: Partial<JobRow>[]): Promise<void> {
  for (const row of rows) await writeJobRow(env.DB, { ...ROW, ...row });
}

async function list(change: Partial<JobListScan> = {}) {
  const part = await listJobRows(env.DB, { ...LIST_START, ...change });
  return { ...part, ids: part.rows.map((row) => row.id) };
}

/** D1 tells what a statement read; the query under test hides it, so a recording stand-in for the binding's last step asks. */
async function rowsReadBy(scan: JobListScan): Promise<number> {
  let read = 0;
  const recordingStatement = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, key) => {
        if (key === "bind") {
          return (...values: unknown[]) => {
            const bound = target.bind(...values);
            return new Proxy(bound, {
              get: (_, method) => {
                if (method !== "raw") return Reflect.get(bound, method);
                return async () => {
                  const result = await bound.all();
                  read += result.meta.rows_read;
                  return await bound.raw();
                };
              },
            });
          };
        }
        return Reflect.get(target, key);
      },
    });
  const recording = new Proxy(env.DB, {
    get: (db, key) =>
      key === "prepare" ? (query: string) => recordingStatement(db.prepare(query)) : Reflect.get(db, key),
  });
  await listJobRows(recording, scan);
  return read;
}

describe("listJobRows", () => {
  it("gives rows whole, the newest first, of one kind", async () => {
    await store({ id: 1 }, { id: 3 }, { id: 2, jobId: "b" }, { id: 2, jobId: "a" }, { jobType: "cron", id: 9 });

    const part = await list();

    expect(part.rows).toEqual([
      { ...ROW, id: 3 },
      { ...ROW, id: 2, jobId: "b" },
      { ...ROW, id: 2, jobId: "a" },
      { ...ROW, id: 1 },
    ]);
    expect(part).toMatchObject({ scanned: 4, matched: 4, last: { id: 1, jobId: "a" } });
  });

  it("is empty where there is nothing", async () => {
    expect(await list()).toEqual({ rows: [], ids: [], scanned: 0, matched: 0, last: null });
  });

  it("skips, and counts on behind the page", async () => {
    await store(...[1, 2, 3, 4, 5].map((id) => ({ id })));

    expect(await list({ skip: 1, pageSize: 2 })).toMatchObject({ ids: [4, 3], matched: 5 });
    expect(await list({ skip: 4, pageSize: 2 })).toMatchObject({ ids: [1], matched: 5 });
    expect(await list({ skip: 9, pageSize: 2 })).toMatchObject({ ids: [], matched: 5 });
  });

  it("reads no further than it may, and says where it stopped", async () => {
    await store(...[1, 2, 3, 4, 5].map((id) => ({ id, jobStatus: id === 3 ? (2 as const) : (-1 as const) })));

    const part = await list({ readAtMost: 4, filter: { jobStatus: 2 } });

    expect(part).toMatchObject({ ids: [3], scanned: 4, matched: 1, last: { id: 2, jobId: "a" } });
  });

  it("goes on behind a row, also among rows of one id", async () => {
    await store({ id: 2, jobId: "a" }, { id: 2, jobId: "b" }, { id: 2, jobId: "bb" }, { id: 1 }, { id: 3 });

    const part = await list({ after: { id: 2, jobId: "bb" } });

    expect(part.rows.map((row) => row.jobId)).toEqual(["b", "a", "a"]);
    expect((await list({ readAtMost: 2 })).last).toEqual({ id: 2, jobId: "bb" });
  });

  it("takes a range of ids, and the narrower of its end and the row to go on behind", async () => {
    await store(...[1, 2, 3, 4, 5, 6].map((id) => ({ id })));

    expect((await list({ fromId: 2, belowId: 5 })).ids).toEqual([4, 3, 2]);
    expect((await list({ fromId: 2, belowId: 5, after: { id: 4, jobId: "a" } })).ids).toEqual([3, 2]);
    expect((await list({ fromId: 2, belowId: 5, after: { id: 6, jobId: "a" } })).ids).toEqual([4, 3, 2]);
  });

  it.each<[JobListScan["filter"], number[]]>([
    [{ jobStatus: 1 }, [2]],
    [{ namespace: "other" }, [3]],
    [{ namePrefix: "hell" }, [4, 3, 1]],
    [{ namePrefix: "hello-" }, [4]],
    [{ namePrefix: "%" }, []],
    [{ cluster: "moon" }, [4]],
    [{ label: { key: "team", value: "a" } }, [2]],
    [{ label: { key: "example.com/team.name", value: "b-1" } }, [3]],
    [{ label: { key: "empty", value: "" } }, [3]],
    [{ label: { key: "none", value: "" } }, []],
    [{ namePrefix: "hello", namespace: "default" }, [4, 1]],
  ])("finds by %j the jobs %j", async (filter, ids) => {
    const labels = (map: Record<string, string>) => JSON.stringify({ labels: JSON.stringify(map) });
    await store(
      { id: 1 },
      { id: 2, jobName: "world", jobStatus: 1, metadata: labels({ team: "a" }) },
      { id: 3, namespace: "other", metadata: labels({ "example.com/team.name": "b-1", empty: "" }) },
      { id: 4, jobName: "hello-again", cluster: "moon" },
    );

    expect(await list({ filter })).toMatchObject({ ids, matched: ids.length });
  });

  it("ends a page before its rows are too many bytes, but gives one row whatever it has", async () => {
    const large = (bytes: number) => JSON.stringify({ args: "x".repeat(bytes) });
    await store(...[1, 2, 3, 4, 5].map((id) => ({ id, metadata: large(PAGE_BYTES / 4) })));
    await store({ id: 6, metadata: large(1_900_000) });

    const part = await list();

    expect(part).toMatchObject({ ids: [6, 5, 4, 3], matched: 6 });
  });
});

describe("a list over 100,000 rows", () => {
  const whole = { ...LIST_START, pageSize: 100, readAtMost: 19_200 };

  it("reads as many rows as it may and eight for each of its page, whatever it is asked", async () => {
    await fillJobs(env.DB, 100_000);
    const middle = { id: 50_000 * 2_048, jobId: `j${"50000".padStart(25, "0")}` };
    const scans: Partial<JobListScan>[] = [
      {},
      { skip: 19_000 },
      { filter: { namePrefix: "job-1" } },
      { filter: { cluster: "c9" } },
      { filter: { label: { key: "nth", value: "77" } } },
      { after: middle, filter: { jobStatus: 3 } },
      { after: middle, belowId: 2_048 * 10_000 },
      { after: middle, fromId: 2_048 * 49_950 },
      { fromId: 2_048 * 99_990, belowId: 2_048 * 99_995 },
    ];

    const reads = [];
    for (const scan of scans) reads.push(await rowsReadBy({ ...whole, ...scan }));

    for (const read of reads) expect(read).toBeLessThanOrEqual(20_000);
    expect(reads[0]).toBeGreaterThan(19_200);
    // The range is part of the search: nothing outside of it is read.
    expect(reads[7]).toBeLessThanOrEqual(50 * 8 + 10);
    expect(reads[8]).toBeLessThanOrEqual(5 * 8 + 10);
  }, 30_000);
});
