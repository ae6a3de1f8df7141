import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import { watchbell } from "../../client/index.ts";

const bell = watchbell({
  url: "http://watchbell.test",
  token: "test-token",
  fetch: (url, init) => exports.default.fetch(new Request(url, init)),
});

it("the client runs in a Worker, over a binding's fetch: a job's way from create to delete", async () => {
  const job = {
    job_name: "by-client",
    namespace: "client",
    image: "busybox",
    command: "true",
    job_exec_time: "PT1H",
  };

  const { job_id } = await bell.call("/api/once_job/create", job, { idempotencyKey: "client-1" });
  const repeated = await bell.call("/api/once_job/create", job, { idempotencyKey: "client-1" });
  const page = await bell.call("/api/once_job/lists", { namespace: "client" });
  const described = await bell.call("/api/once_job/describe/{job_id}", { job_id });
  const refused = await bell.ask("/api/once_job/delete/{job_id}", { job_id });
  const deleted = await bell.call("/api/once_job/delete/{job_id}", { job_id, force: true });

  expect(repeated.job_id).toBe(job_id);
  expect(page.data.map(({ job_name }) => job_name)).toEqual(["by-client"]);
  expect(described).toMatchObject({ job_id, status: "due", job_status: -1, runs: [] });
  expect(refused).toMatchObject({ ok: false, error: { code: 254, status: 409 } });
  expect(deleted.outcome).toBe("cancelled_before_dispatch");
});

it("the client knows cron jobs: one's way from a preview to delete", async () => {
  const rules = { schedule: "0 0 1 1 *", time_zone: "Europe/Berlin" };
  const job = { job_name: "by-client-too", namespace: "client", image: "busybox", command: "true", ...rules };

  const { slots } = await bell.call("/api/cron_job/preview", { ...rules, count: 1 });
  const { job_id } = await bell.call("/api/cron_job/create", job, { idempotencyKey: "client-2" });
  const page = await bell.call("/api/cron_job/lists", { namespace: "client", name_prefix: "by-client-too" });
  const suspended = await bell.call("/api/cron_job/suspend/{job_id}", { job_id, suspend: true });
  const updated = await bell.call("/api/cron_job/update", { ...job, job_id, time_zone: "UTC" });
  const { run } = await bell.call("/api/cron_job/trigger/{job_id}", { job_id });
  const described = await bell.call("/api/cron_job/describe/{job_id}", { job_id });
  const deleted = await bell.call("/api/cron_job/delete/{job_id}", { job_id });

  expect(page.data).toMatchObject([{ job_id, ...rules, next_exec_time: Number(slots[0]?.at) / 1_000 }]);
  expect(suspended).toContain("is suspended");
  expect(updated).toContain("its next slot is at ");
  expect(described).toMatchObject({ job_id, time_zone: "UTC", suspend: false, runs: [{ run, slot_at: null }] });
  expect(deleted.outcome).toBe("cancelled_before_dispatch");
});

it("the client tells a wrong token and an unknown job by their codes", async () => {
  const stranger = watchbell({
    url: "http://watchbell.test",
    token: "wrong",
    fetch: (url, init) => exports.default.fetch(new Request(url, init)),
  });

  expect(await stranger.ask("/api/once_job/lists", {})).toMatchObject({ ok: false, error: { code: 100, status: 401 } });
  expect(await bell.ask("/api/job_logs/{job_id}", { job_id: "nosuchjob" })).toMatchObject({
    ok: false,
    error: { code: 101, status: 404, errorMsg: "JobIdError" },
  });
  expect(await bell.ask("/api/job_logs/{job_id}", { job_id: "" })).toMatchObject({
    ok: false,
    error: { code: 101, status: 400 },
  });
});
