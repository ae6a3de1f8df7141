import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answer, call, clearTables, leastCreate, rowsWritten, storedRows } from "./api.ts";

const PATH = "/api/once_job/create_batch";
let names = 0;

beforeEach(clearTables);
afterEach(rowsWritten);

function freshJobs(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, () => {
    names += 1;
    return leastCreate({ job_name: `batched-${names}` });
  });
}

async function createBatch(jobs: unknown, key?: string): Promise<Answer> {
  return await call(PATH, { body: { jobs }, ...(key !== undefined && { headers: { "idempotency-key": key } }) });
}

function answersOf(answer: Answer): { code: number; cause: string; error_msg: string; data: { job_id: string } }[] {
  expect(answer).toMatchObject({ status: 200, code: 0 });
  return Object(answer.data);
}

describe("a batch of creates", () => {
  it("gives each of a hundred jobs its answer, in order", async () => {
    const jobs = freshJobs(100);

    const answers = answersOf(await createBatch(jobs));

    expect(answers).toHaveLength(100);
    expect(answers.every((answer) => answer.code === 0)).toBe(true);
    const last = await call(`/api/once_job/describe/${answers[99]?.data.job_id}`);
    expect(last.data).toMatchObject({ job_name: jobs[99]?.job_name });
    await rowsWritten();
    expect(await storedRows()).toEqual({ claims: 100, jobs: 100 });
  }, 30_000);

  it("lets no bad job spoil another", async () => {
    const [good, taken, better] = freshJobs(3);
    await call("/api/once_job/create", { body: taken });

    const answers = answersOf(
      await createBatch([good, { ...good, image: "" }, taken, 5, { ...good, route: "x" }, better]),
    );

    expect(answers).toMatchObject([
      { code: 0, cause: "", error_msg: "", data: { job_id: expect.any(String) } },
      { code: 104, cause: expect.stringContaining("image"), error_msg: "VerifyJobError", data: null },
      { code: 105, error_msg: "AlreadyExistsError", data: null },
      { code: 104, cause: expect.stringContaining("jobs.3 5"), data: null },
      { code: 107, cause: expect.stringContaining('route "x"'), error_msg: "ForwarderUrlError", data: null },
      { code: 0, data: { job_id: expect.any(String) } },
    ]);
  });

  it("gives a name that it holds twice to one job", async () => {
    const [job] = freshJobs(1);

    const answers = answersOf(await createBatch([job, job]));

    expect(answers.map((answer) => answer.code).sort()).toEqual([0, 105]);
  });

  it("is the same jobs for the same key, each by its place", async () => {
    const jobs = freshJobs(3);
    const first = answersOf(await createBatch(jobs, "batch-1"));

    const again = answersOf(await createBatch(jobs, "batch-1"));
    const longer = answersOf(await createBatch([...jobs, ...freshJobs(1)], "batch-1"));
    const turned = answersOf(await createBatch([jobs[1], jobs[0], jobs[2]], "batch-1"));

    expect(again).toEqual(first);
    expect(longer.slice(0, 3)).toEqual(first);
    expect(longer[3]).toMatchObject({ code: 0 });
    expect(turned.map((answer) => answer.code)).toEqual([105, 105, 0]);
    expect(turned[0]?.cause).toContain(first[0]?.data.job_id);
  });

  it("has keys apart from those of a single create", async () => {
    const [one, other] = freshJobs(2);
    const single = await call("/api/once_job/create", { body: one, headers: { "idempotency-key": "shared" } });

    const batch = answersOf(await createBatch([other], "shared"));

    expect(batch[0]).toMatchObject({ code: 0 });
    expect(batch[0]?.data.job_id).not.toBe(Object(single.data).job_id);
  });

  it.each([
    [{}, "jobs is missing"],
    [{ jobs: [] }, "jobs [] must be"],
    [{ jobs: "all" }, 'jobs "all" must be'],
    [{ jobs: Array.from({ length: 101 }, () => ({})) }, "must be a list of 1 to 100"],
    [{ jobs: [{}], more: 1 }, '"more"'],
  ])("that is %j is refused whole with 104", async (body, words) => {
    const answer = await call(PATH, { body });

    expect(answer).toMatchObject({ status: 422, code: 104, cause: expect.stringContaining(words), data: null });
  });

  it("of more than 256 KiB is refused whole with 413", async () => {
    const [job] = freshJobs(1);

    const answer = await createBatch([{ ...job, command: "x".repeat(256 * 1024) }]);

    expect(answer).toMatchObject({ status: 413, code: 102 });
  });
});
