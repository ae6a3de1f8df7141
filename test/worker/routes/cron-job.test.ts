import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answer, call, clearTables, rowsWritten } from "./api.ts";

let names = 0;

beforeEach(clearTables);
afterEach(rowsWritten);
afterAll(clearTables);

/** The least that a cron job's create takes; its first slot is far off. */
function least(changes: Record<string, unknown> = {}): Record<string, unknown> {
  names += 1;
  const image = { image: "busybox", command: "echo,hi" };
  return { job_name: `cron-${names}`, namespace: "default", ...image, schedule: "0 0 1 1 *", ...changes };
}

async function create(changes: Record<string, unknown> = {}): Promise<string> {
  const answer = await call("/api/cron_job/create", { body: least(changes) });
  expect(answer).toMatchObject({ status: 200, code: 0 });
  await rowsWritten();
  return Object(answer.data).job_id;
}

async function createOnce(): Promise<string> {
  names += 1;
  const body = { ...least(), job_name: `once-${names}`, job_exec_time: "PT1H" };
  const { schedule: _, ...once } = body as Record<string, unknown>;
  const answer = await call("/api/once_job/create", { body: once });
  return Object(answer.data).job_id;
}

/** The January slot that a schedule of 1 January has next, unix seconds. */
function nextNewYear(): number {
  return Date.UTC(new Date().getUTCFullYear() + 1, 0, 1) / 1_000;
}

describe("a cron job", () => {
  it("is created with every default, and described in both forms", async () => {
    const jobId = await create({ job_name: "nightly", schedule: "0 3 * * *" });

    const inPath = await call(`/api/cron_job/describe/${jobId}`, { method: "GET" });
    const inBody = await call("/api/cron_job/describe/job_id", { body: { job_id: jobId } });

    expect(inBody.data).toEqual(inPath.data);
    expect(inPath.data).toMatchObject({
      job_id: jobId,
      job_name: "nightly",
      job_status: -1,
      job_times: 0,
      schedule: "0 3 * * *",
      time_zone: "UTC",
      dst_gap: "first_valid",
      dst_overlap: "first",
      concurrency_policy: "Forbid",
      misfire_policy: "latest",
      misfire_limit: 10,
      starting_deadline_seconds: null,
      suspend: false,
      job_end_time: 0,
      last_exec_time: 0,
      last_success_time: 0,
      runs: [],
      status: "due",
    });
    const next = Object(inPath.data).next_exec_time;
    expect(new Date(next * 1_000).toISOString()).toMatch(/T03:00:00.000Z$/);
    expect(Object(inPath.data).explain).toContain("next slot at ");
  });

  it("is listed among its own kind, with its next slot, and not among once jobs", async () => {
    const jobId = await create({ time_zone: "Europe/Berlin", suspend: true });
    const other = await create();
    await createOnce();

    const cron = await call("/api/cron_job/lists", { method: "GET" });
    const once = await call("/api/once_job/lists");

    const jobs = Object(cron.data).data as Record<string, unknown>[];
    expect(jobs.map(({ job_id }) => job_id)).toEqual([other, jobId]);
    expect(jobs.map(({ next_exec_time }) => next_exec_time)).toEqual([nextNewYear(), 0]);
    expect(jobs[1]).toMatchObject({ time_zone: "Europe/Berlin", suspend: true, job_status: -1 });
    expect(Object(once.data).total).toBe("1");
    expect(await call("/api/cron_job/lists", { body: { page_size: 0 } })).toMatchObject({ status: 400, code: 100 });
  });

  it("takes a whole new definition, at any time, and a name of its own", async () => {
    const jobId = await create({ job_name: "before", misfire_policy: "all" });
    const taken = await create({ job_name: "taken" });

    const updated = await call("/api/cron_job/update", {
      body: least({ job_id: jobId, job_name: "after", schedule: "30 4 1 1 *", force: false }),
    });
    const clash = await call("/api/cron_job/update", { body: least({ job_id: jobId, job_name: "taken" }) });
    await rowsWritten();
    const described = await call(`/api/cron_job/describe/${jobId}`);

    expect(updated.data).toMatch(/^cancelled_before_dispatch: .*next slot is at .*-01-01T04:30:00.000Z\.$/);
    expect(clash).toMatchObject({ status: 409, code: 105 });
    expect(described.data).toMatchObject({ job_name: "after", schedule: "30 4 1 1 *", misfire_policy: "latest" });
    expect(await call("/api/cron_job/create", { body: least({ job_name: "before" }) })).toMatchObject({ code: 0 });
    expect(await call(`/api/cron_job/describe/${taken}`)).toMatchObject({ code: 0 });
  });

  it("is suspended and goes on, and nothing else changes", async () => {
    const jobId = await create();

    const suspended = await call(`/api/cron_job/suspend/${jobId}`, { body: { suspend: true } });
    const still = await call(`/api/cron_job/describe/${jobId}`);
    const resumed = await call("/api/cron_job/suspend/job_id", { body: { job_id: jobId, suspend: "false" } });
    const again = await call(`/api/cron_job/describe/${jobId}`);

    expect(suspended).toMatchObject({ status: 200, code: 0 });
    expect(suspended.data).toContain("is suspended");
    expect(still.data).toMatchObject({ suspend: true, next_exec_time: 0 });
    expect(resumed.data).toContain("goes on");
    expect(again.data).toMatchObject({ suspend: false, next_exec_time: nextNewYear() });
    for (const wrong of [{}, { suspend: "maybe" }, { suspend: 1 }]) {
      expect(await call(`/api/cron_job/suspend/${jobId}`, { body: wrong })).toMatchObject({ status: 422, code: 104 });
    }
  });

  it("is triggered outside its schedule, as often as asked, and each run can be cancelled", async () => {
    const jobId = await create();

    const first = await call(`/api/cron_job/trigger/${jobId}`);
    const second = await call("/api/cron_job/trigger/job_id", { body: { job_id: jobId } });
    const runs = await call(`/api/job_runs/${jobId}`);
    const cancelled = await call(`/api/job_runs/cancel/${jobId}`, { body: { run: 2 } });

    expect([first.data, second.data]).toEqual([
      { job_id: jobId, run: 1 },
      { job_id: jobId, run: 2 },
    ]);
    expect(Object(runs.data).data).toMatchObject([
      { run: 2, slot_at: null, count: 1 },
      { run: 1, slot_at: null, kube_job: expect.stringMatching(/-r1$/) },
    ]);
    expect(cancelled.data).toEqual({ run: 2, outcome: "cancelled_before_dispatch" });
    expect(await call(`/api/job_runs/cancel/${jobId}`, { body: { run: 9 } })).toMatchObject({ status: 404, code: 101 });
    // Its run would go on looking for a cluster, and find one of another test.
    expect(await call(`/api/cron_job/delete/${jobId}`)).toMatchObject({ code: 0 });
  });

  it("is deleted at any time, and its name is free", async () => {
    const jobId = await create({ job_name: "leaving" });

    const deleted = await call(`/api/cron_job/delete/${jobId}`, { method: "DELETE" });
    const repeated = await call("/api/cron_job/delete/job_id", { body: { job_id: jobId } });
    await rowsWritten();

    expect(deleted.data).toEqual({ job_id: jobId, outcome: "cancelled_before_dispatch" });
    expect(repeated).toMatchObject({ code: 0 });
    expect((await call(`/api/cron_job/describe/${jobId}`)).data).toMatchObject({
      job_status: 3,
      status: "deleted",
      next_exec_time: 0,
    });
    expect(await call("/api/cron_job/create", { body: least({ job_name: "leaving" }) })).toMatchObject({ code: 0 });
    for (const path of ["trigger", "suspend", "update"]) {
      const body = path === "update" ? least({ job_id: jobId }) : { job_id: jobId, suspend: true };
      expect(await call(`/api/cron_job/${path}${path === "update" ? "" : "/job_id"}`, { body })).toMatchObject({
        status: 404,
        code: 101,
      });
    }
  });

  it("shares its namespace's names with once jobs", async () => {
    await create({ job_name: "shared" });
    const { schedule: _, ...once } = least({ job_name: "shared", job_exec_time: "PT1H" });

    expect(await call("/api/once_job/create", { body: once })).toMatchObject({ status: 409, code: 105 });
  });

  it("is created once for an Idempotency-Key", async () => {
    const body = least();
    const headers = { "idempotency-key": `cron-${names}` };

    const first = await call("/api/cron_job/create", { body, headers });
    const retried = await call("/api/cron_job/create", { body, headers });
    const another = await call("/api/cron_job/create", { body: { ...body, schedule: "@daily" }, headers });

    expect(retried.data).toEqual(first.data);
    expect(another).toMatchObject({ status: 409, code: 105 });
  });
});

describe("what is refused of a cron job", () => {
  it.each([
    ["schedule", undefined],
    ["schedule", ""],
    ["schedule", "* * * *"],
    ["schedule", "61 * * * *"],
    ["schedule", "0 0 30 2 *"],
    ["schedule", "@reboot"],
    ["schedule", "0 0 0 1 1 * 2030"],
    ["time_zone", "Mars/Olympus"],
    ["time_zone", "+02:00"],
    ["concurrency_policy", "forbid"],
    ["misfire_policy", "some"],
    ["misfire_limit", 0],
    ["misfire_limit", 101],
    ["dst_gap", "later"],
    ["dst_overlap", "third"],
    ["suspend", "maybe"],
    ["starting_deadline_seconds", -1],
    ["job_end_time", "2001-01-01T00:00:00Z"],
    ["job_end_time", "PT1M"],
    ["job_exec_time", "yesterday"],
    ["job_name", "a".repeat(53)],
    ["metadata", { callback_on: "never" }],
    ["no_such_field", 1],
  ])("names %s with the value %j", async (field, value) => {
    const answer = await call("/api/cron_job/create", { body: least({ [field]: value }) });

    expect(answer).toMatchObject({ status: 422, code: 104, errorMsg: "VerifyJobError" });
    expect(answer.cause).toContain(field);
  });

  it("leaves room in 63 characters for a slot and an Indexed pod", async () => {
    const indexed = { completion_mode: "Indexed", completions: 100 };
    const body = (job_name: string, schedule: string) => least({ job_name, schedule, metadata: indexed });

    expect(await call("/api/cron_job/create", { body: body("a".repeat(51), "0 0 1 1 *") })).toMatchObject({ code: 0 });
    expect(await call("/api/cron_job/create", { body: body("a".repeat(52), "0 0 1 1 *") })).toMatchObject({
      code: 104,
    });
    expect(await call("/api/cron_job/create", { body: body("a".repeat(50), "0 0 0 1 1 *") })).toMatchObject({
      code: 104,
    });
  });

  it("is asked of the other kind: no route of one kind knows an id of the other", async () => {
    const cron = await create();
    const once = await createOnce();
    const unknown = async (path: string, body: Record<string, unknown>) => {
      const { status, code, cause } = await call(path, { body });
      return { path, status, code, cause };
    };
    const refusal = (path: string, id: string) => {
      return { path, status: 404, code: 101, cause: `There is no job with job_id "${id}".` };
    };
    const { schedule: _, ...onceBody } = least({ job_exec_time: "PT1H" });

    for (const path of ["describe", "delete", "rerun"]) {
      const url = `/api/once_job/${path}/${cron}`;
      expect(await unknown(url, { force: true })).toEqual(refusal(url, cron));
    }
    for (const path of ["describe", "delete", "trigger", "suspend"]) {
      const url = `/api/cron_job/${path}/${once}`;
      expect(await unknown(url, { suspend: true })).toEqual(refusal(url, once));
    }
    const update = "/api/once_job/update";
    expect(await unknown(update, { ...onceBody, job_id: cron, force: true })).toEqual(refusal(update, cron));
    const cronUpdate = "/api/cron_job/update";
    expect(await unknown(cronUpdate, least({ job_id: once }))).toEqual(refusal(cronUpdate, once));
  });

  it.each(["create", "update", "lists", "preview", "describe/x", "delete/x", "trigger/x", "suspend/x"])(
    "is asked without a token: %s",
    async (path) => {
      const answer = await call(`/api/cron_job/${path}`, { body: {}, token: null });
      expect(answer).toMatchObject({ status: 401, code: 100 });
    },
  );
});

describe("a preview", () => {
  const from = "2026-03-28T12:00:00Z";
  const berlin = { schedule: "30 2 * * *", time_zone: "Europe/Berlin", from };
  const preview = async (fields: Record<string, unknown>): Promise<Answer> => {
    return await call("/api/cron_job/preview", { body: fields });
  };

  it("shows what each rule makes of a gap, with offset and note", async () => {
    const moved = await preview({ ...berlin, count: 2 });
    const dropped = await preview({ ...berlin, dst_gap: "skip", count: 1 });
    const shifted = await preview({ ...berlin, dst_gap: "shift", count: 1 });

    expect(moved.data).toEqual({
      slots: [
        { at: Date.UTC(2026, 2, 29, 1), local: "2026-03-29T03:00:00", offset: "+02:00", note: "gap" },
        { at: Date.UTC(2026, 2, 30, 0, 30), local: "2026-03-30T02:30:00", offset: "+02:00", note: "" },
      ],
      skipped: [],
    });
    expect(dropped.data).toMatchObject({
      slots: [{ local: "2026-03-30T02:30:00" }],
      skipped: [{ local: "2026-03-29T02:30:00", reason: "dst_gap" }],
    });
    expect(shifted.data).toMatchObject({ slots: [{ local: "2026-03-29T03:30:00", note: "gap" }] });
  });

  it("shows which of two equal local times runs", async () => {
    const autumn = { ...berlin, from: "2026-10-24T12:00:00Z", count: 2 };
    const notes = async (dst_overlap: string) => {
      const { data } = await preview({ ...autumn, dst_overlap });
      return Object(data).slots.map(({ offset, note }: { offset: string; note: string }) => `${offset} ${note}`);
    };

    expect(await notes("first")).toEqual(["+02:00 overlap-first", "+01:00 "]);
    expect(await notes("second")).toEqual(["+01:00 overlap-second", "+01:00 "]);
    expect(await notes("both")).toEqual(["+02:00 overlap-first", "+01:00 overlap-second"]);
  });

  it("excludes `from`, takes it in every form and in a query, and gives 10 slots where no count is asked", async () => {
    const hourly = { schedule: "@hourly", from: "2026-03-28T12:00:00Z" };
    const query = new URLSearchParams({ ...hourly, count: "1" });

    const plain = await preview(hourly);
    const seconds = await preview({ ...hourly, from: Date.UTC(2026, 2, 28, 12) / 1_000, count: 1 });
    const byQuery = await call(`/api/cron_job/preview?${query}`, { method: "GET" });

    expect(Object(plain.data).slots).toHaveLength(10);
    expect(Object(plain.data).slots[0].at).toBe(Date.UTC(2026, 2, 28, 13));
    expect(seconds.data).toEqual(byQuery.data);
    const many = await preview({ schedule: "0 0 1 1 *", count: 1_000 });
    expect(Object(many.data).slots.length).toBeGreaterThan(900);
  });

  it.each([
    ["schedule", undefined],
    ["schedule", "nonsense"],
    ["schedule", "Tue Jan 01 2030 12:00:00 GMT"],
    ["time_zone", "Nowhere/At_all"],
    ["time_zone", "BST"],
    ["count", 0],
    ["count", 1_001],
    ["from", "soon"],
    ["from", 1e15],
    ["from", "2900-01-01T00:00:00Z"],
    ["dst_gap", "jump"],
    ["job_name", "x"],
  ])("refuses %s with the value %j", async (field, value) => {
    const answer = await preview({ schedule: "@daily", [field]: value });

    expect(answer).toMatchObject({ status: 422, code: 104 });
    expect(answer.cause).toContain(field);
  });

  it("shows as many slots as were asked for, however much the rules drop before them", async () => {
    const seconds = { schedule: "* * 2 * * *", time_zone: "Europe/Berlin", dst_gap: "skip", from, count: 2 };

    const { slots, skipped } = Object((await preview(seconds)).data);

    expect(slots).toMatchObject([{ local: "2026-03-30T02:00:00" }, { local: "2026-03-30T02:00:01" }]);
    expect(skipped).toHaveLength(1_000);
    expect(skipped[0]).toEqual({ local: "2026-03-29T02:00:00", reason: "dst_gap" });
  });

  it("of a schedule whose days never come is empty", async () => {
    expect((await preview({ schedule: "0 0 30 2 *" })).data).toEqual({ slots: [], skipped: [] });
  });
});
