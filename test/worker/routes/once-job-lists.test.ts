import { env } from "cloudflare:workers";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { fillJobs } from "../db/sample-rows.ts";
import { type Answer, call, clearTables, leastCreate, rowsWritten } from "./api.ts";

const PATH = "/api/once_job/lists";
let names = 0;

beforeEach(clearTables);
afterEach(rowsWritten);
afterAll(clearTables);

/** A job under a name of its own; the row of the index is there. */
async function create(changes: Record<string, unknown> = {}): Promise<{ jobId: string; jobName: string }> {
  names += 1;
  const jobName = `listed-${names}`;
  const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: jobName, ...changes }) });
  await rowsWritten();
  return { jobId: Object(answer.data).job_id, jobName: String(changes.job_name ?? jobName) };
}

/** The same question by body and by query, which have one answer. */
async function list(fields: Record<string, string | number>): Promise<Answer> {
  const query = new URLSearchParams(Object.entries(fields).map(([key, value]) => [key, String(value)]));
  const byBody = await call(PATH, { body: fields });
  const byQuery = await call(`${PATH}?${query}`, { method: "GET" });
  expect(byQuery.data).toEqual(byBody.data);
  expect(byQuery.status).toBe(byBody.status);
  return byBody;
}

function idsOf(answer: Answer): string[] {
  expect(answer).toMatchObject({ status: 200, code: 0 });
  return Object(answer.data).data.map((job: { job_id: string }) => job.job_id);
}

describe("the filters of a list", () => {
  it("find jobs by status, namespace, the beginning of a name, cluster and label", async () => {
    await call("/api/cluster/create", { body: { cluster: "earth" } });
    await call("/api/cluster/create", { body: { cluster: "moon" } });
    const plain = await create();
    const labelled = await create({ metadata: { labels: { "example.com/team": "blue", other: "x" } } });
    const elsewhere = await create({ namespace: "elsewhere", route: "moon" });
    const named = await create({ job_name: "report-nightly" });
    const gone = await create();
    await call(`/api/once_job/delete/${gone.jobId}`, { body: { force: true } });

    const answers = {
      all: idsOf(await list({})),
      deleted: idsOf(await list({ job_status: 3 })),
      submitted: idsOf(await list({ job_status: -1, namespace: "default" })),
      namespace: idsOf(await list({ namespace: "elsewhere" })),
      prefix: idsOf(await list({ name_prefix: "report-" })),
      cluster: idsOf(await list({ cluster: "moon" })),
      label: idsOf(await list({ label: "example.com/team=blue" })),
      otherLabel: idsOf(await list({ label: "example.com/team=red" })),
      emptyOnes: idsOf(
        await list({ namespace: "", name_prefix: "", cluster: "", label: "", from: "", to: "", cursor: "" }),
      ),
    };

    const jobs = [gone, named, elsewhere, labelled, plain].map((job) => job.jobId);
    expect(answers).toEqual({
      all: jobs,
      deleted: [gone.jobId],
      submitted: [named, labelled, plain].map((job) => job.jobId),
      namespace: [elsewhere.jobId],
      prefix: [named.jobId],
      cluster: [elsewhere.jobId],
      label: [labelled.jobId],
      otherLabel: [],
      emptyOnes: jobs,
    });
  });

  it("find jobs by the second they were created in, however it is written", async () => {
    const { jobId } = await create();
    const [job] = Object((await call(PATH)).data).data;
    const at = Number(job.create_time);
    expect(Math.abs(at - Date.now() / 1_000)).toBeLessThan(30);

    expect(idsOf(await list({ from: at, to: at }))).toEqual([jobId]);
    expect(idsOf(await list({ from: at + 1 }))).toEqual([]);
    expect(idsOf(await list({ to: at - 1 }))).toEqual([]);
    expect(idsOf(await list({ from: new Date(at * 1_000).toISOString(), to: "PT1M" }))).toEqual([jobId]);
    expect(idsOf(await list({ from: "-PT1M", to: "PT0S" }))).toEqual([jobId]);
    expect(idsOf(await list({ to: "-PT1M" }))).toEqual([]);
    expect(idsOf(await list({ from: 0, to: "9999-12-31T23:59:59Z" }))).toEqual([jobId]);
  });

  it.each<[string, string | number]>([
    ["job_status", 4],
    ["job_status", "open"],
    ["namespace", "Not A Name"],
    ["name_prefix", "-x"],
    ["name_prefix", "a".repeat(58)],
    ["cluster", "a.b"],
    ["from", "yesterday"],
    ["to", "2026-12-01"],
    ["label", "team"],
    ["label", "=x"],
    ["label", "team=a b"],
    ["label", "job_id=abc"],
    ["cursor", "x"],
  ])("are refused with 100 where %s is %j, in the body and the query", async (field, value) => {
    const answer = await list({ [field]: value });

    expect(answer).toMatchObject({ status: 400, code: 100, errorMsg: "InvalidParameter" });
    expect(answer.cause).toMatch(new RegExp(`^${field} "?${String(value).slice(0, 40)}`));
  });

  it("are refused with 100 where there is no such filter", async () => {
    expect(await list({ order: "asc" })).toMatchObject({ code: 100, cause: 'there is no field "order".' });
  });

  it.each([{ job_status: null }, { namespace: 5 }, { cursor: 5 }, { from: true }, { label: { team: "a" } }])(
    "are refused with 100 where a body has %j",
    async (body) => {
      const answer = await call(PATH, { body });

      expect(answer).toMatchObject({
        status: 400,
        code: 100,
        cause: expect.stringContaining(Object.keys(body)[0] ?? ""),
      });
    },
  );
});

describe("the cursor of a list", () => {
  it("goes on where the page ended, also while new jobs come", async () => {
    const jobs = [await create(), await create(), await create()];
    const first = await list({ page_size: 2 });
    await create();

    const second = await list({ page_size: 2, page_num: 2, cursor: String(Object(first.data).next_cursor) });

    expect(idsOf(first)).toEqual([jobs[2]?.jobId, jobs[1]?.jobId]);
    expect(idsOf(second)).toEqual([jobs[0]?.jobId]);
    expect(second.data).toMatchObject({ total: "3", page_num: 2, page_size: 2, next_cursor: null });
  });
});

describe("a list over 100,000 jobs", () => {
  it("answers a page, a lower bound of the total, and goes on to the rare ones", async () => {
    await fillJobs(env.DB, 100_000);

    const page = await list({ page_num: 100, page_size: 100 });
    expect(page.data).toMatchObject({ total: "10000", total_is_min: true, page_num: 100 });
    expect(Object(page.data).data).toHaveLength(100);
    expect(Object(page.data).data[0]).toMatchObject({ job_name: "job-90100" });

    const found: string[] = [];
    const totals: unknown[] = [];
    for (let cursor: unknown = ""; cursor !== null; ) {
      const { data } = await call(PATH, { body: { label: "nth=77", page_size: 100, cursor } });
      for (const job of Object(data).data) found.push(job.job_name);
      totals.push([Object(data).total, Object(data).total_is_min ?? false]);
      cursor = Object(data).next_cursor;
    }
    expect(found).toHaveLength(100);
    expect(new Set(found).size).toBe(100);
    expect(totals).toHaveLength(6);
    expect(totals[0]).toEqual(["19", true]);
    expect(totals.at(-1)).toEqual(["100", false]);
  }, 30_000);
});
