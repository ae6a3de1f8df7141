import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { claimName, staleClaims } from "../../../worker/db/name-claims.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { newJobId, newRowId } from "../../../worker/jobs/new-ids.ts";
import { sweep } from "../../../worker/jobs/sweep.ts";
import { isSweepTurn } from "../../../worker/jobs/sweep-turns.ts";
import { call, clearTables, leastCreate, rowsWritten, storedRows } from "../routes/api.ts";

const MINUTE_MS = 60_000;
let names = 0;

beforeEach(clearTables);

async function create(changes: Record<string, unknown> = {}): Promise<string> {
  names += 1;
  const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: `swept-${names}`, ...changes }) });
  // The row follows the answer; what a test changes by hand must not be written over by it.
  await rowsWritten();
  return Object(answer.data).job_id;
}

async function orphanClaim(claimedAt: number): Promise<void> {
  const claim = { namespace: "default", jobName: "orphan", jobId: newJobId(), id: newRowId(claimedAt), claimedAt };
  await claimName(env.DB, claim, "");
}

describe("the sweep over claims", () => {
  it("frees a name whose create never came to its object", async () => {
    const now = Date.now();
    await orphanClaim(now - 2 * MINUTE_MS);

    const report = await sweep(env, now);

    expect(report).toMatchObject({ claimsRemoved: 1, failed: 0 });
    const answer = await call("/api/once_job/create", { body: leastCreate({ job_name: "orphan" }) });
    expect(answer.code).toBe(0);
    await rowsWritten();
  });

  it("leaves a claim alone that may still be a create under way", async () => {
    const now = Date.now();
    await orphanClaim(now - MINUTE_MS + 1_000);

    const report = await sweep(env, now);

    expect(report.claimsRemoved).toBe(0);
    expect((await storedRows()).claims).toBe(1);
  });

  it("keeps a claim that a job holds, and has the job write its missing row anew", async () => {
    const jobId = await create();
    await env.DB.exec("DELETE FROM jobs");

    const report = await sweep(env, Date.now() + 2 * MINUTE_MS);

    expect(report).toMatchObject({ claimsRemoved: 0, failed: 0 });
    const list = await call("/api/once_job/lists");
    expect(list.data).toMatchObject({ total: "1", data: [{ job_id: jobId }] });
  });

  it("frees a name that was claimed for an update which came to nothing, and keeps the job's own", async () => {
    const jobId = await create();
    const now = Date.now();
    const row = await env.DB.prepare("SELECT id FROM jobs WHERE job_id = ?").bind(jobId).first<{ id: number }>();
    const claim = { namespace: "default", jobName: "never-had", jobId, id: row?.id ?? 0 };
    await claimName(env.DB, { ...claim, claimedAt: now - 2 * MINUTE_MS }, "");

    const report = await sweep(env, now);

    expect(report).toMatchObject({ claimsRemoved: 1, failed: 0 });
    const left = await env.DB.prepare("SELECT job_id, job_name FROM name_claims").all();
    expect(left.results).toEqual([{ job_id: jobId, job_name: `swept-${names}` }]);
  });

  it("frees the name of a deleted job, claimed again by a late retry", async () => {
    const jobId = await create();
    await call(`/api/once_job/delete/${jobId}`, { body: { force: true } });
    const now = Date.now();
    const row = await env.DB.prepare("SELECT id FROM jobs WHERE job_id = ?").bind(jobId).first<{ id: number }>();
    const claim = { namespace: "default", jobName: `swept-${names}`, jobId, id: row?.id ?? 0 };
    await claimName(env.DB, { ...claim, claimedAt: now - 2 * MINUTE_MS }, "");

    expect(await sweep(env, now)).toMatchObject({ claimsRemoved: 1, failed: 0 });
  });

  it("does not judge a claim that an index row names", async () => {
    await create();

    const { claims } = await staleClaims(env.DB, { after: null, before: Number.MAX_SAFE_INTEGER, limit: 10 });

    expect(claims).toEqual([]);
  });
});

describe("the sweep over overdue jobs", () => {
  it("pokes the object of a job whose row is overdue", async () => {
    const jobId = await create();
    const now = Date.now();
    await env.DB.prepare("UPDATE jobs SET overdue_at = ?")
      .bind(now - 2 * MINUTE_MS)
      .run();

    const report = await sweep(env, now);

    expect(report).toMatchObject({ poked: 1, rowsRemoved: 0, failed: 0 });
    expect(await jobStub(env, jobId).describe()).toMatchObject({ status: "due" });
  });

  it("rings the clock of a cron job that lost its alarm: the slots of the meantime are runs or in a record", async () => {
    names += 1;
    const { job_exec_time: _, ...least } = leastCreate({ job_name: `swept-${names}`, schedule: "* * * * * *" });
    const answer = await call("/api/cron_job/create", { body: least });
    const jobId = Object(answer.data).job_id;
    await rowsWritten();
    const object = env.JOBS.get(env.JOBS.idFromName(jobId));
    const slotsSeen = () => runInDurableObject(object, (_, state) => Object(state.storage.kv.get("job")).cron.cursor);
    await runInDurableObject(object, (_, state) => state.storage.deleteAlarm());
    const before = await slotsSeen();
    const now = Date.now();
    await env.DB.prepare("UPDATE jobs SET overdue_at = ?")
      .bind(now - 2 * MINUTE_MS)
      .run();
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(before + 1_000), 5_000);

    const report = await sweep(env, now);

    expect(report).toMatchObject({ poked: 1, rowsRemoved: 0, failed: 0 });
    expect(await slotsSeen()).toBeGreaterThan(before);
    expect(await runInDurableObject(object, (_, state) => state.storage.getAlarm())).not.toBeNull();
    const row = await env.DB.prepare("SELECT overdue_at FROM jobs").first<{ overdue_at: number }>();
    expect(row?.overdue_at).toBeGreaterThan(now);
    await call(`/api/cron_job/delete/${jobId}`);
    await rowsWritten();
  });

  it("leaves a job alone that is less than half a minute late", async () => {
    await create();
    const now = Date.now();
    await env.DB.prepare("UPDATE jobs SET overdue_at = ?")
      .bind(now - MINUTE_MS / 2 + 1_000)
      .run();

    const report = await sweep(env, now);

    expect(report.poked).toBe(0);
  });

  it("removes a row that no object knows, together with its claim", async () => {
    await create();
    const now = Date.now();
    await env.DB.prepare("UPDATE jobs SET job_id = 'nobody', overdue_at = ?")
      .bind(now - 2 * MINUTE_MS)
      .run();
    await env.DB.exec("UPDATE name_claims SET job_id = 'nobody'");

    const report = await sweep(env, now);

    expect(report).toMatchObject({ poked: 0, rowsRemoved: 1, failed: 0 });
    expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
  });

  it("goes on where one job fails", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await create();
    await create();
    const now = Date.now();
    await env.DB.prepare("UPDATE jobs SET overdue_at = ?")
      .bind(now - 2 * MINUTE_MS)
      .run();
    let calls = 0;
    const failing: Pick<Env, "DB" | "JOBS"> = {
      DB: env.DB,
      JOBS: new Proxy(env.JOBS, {
        get: (namespace, key) => {
          if (key !== "get") return Reflect.get(namespace, key).bind(namespace);
          calls += 1;
          if (calls === 1) throw new Error("the object can't be reached");
          return namespace.get.bind(namespace);
        },
      }),
    };

    const report = await sweep(failing, now);

    expect(report).toMatchObject({ poked: 1, failed: 1 });
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });
});

describe("isSweepTurn", () => {
  const now = 1_000_000 * MINUTE_MS;
  const minutes = Array.from({ length: 120 }, (_, n) => now + n * MINUTE_MS);

  it.each([
    ["every minute at first", (at: number) => at - 2 * MINUTE_MS, 120],
    ["every ten minutes after a quarter of an hour", (at: number) => at - 30 * MINUTE_MS, 12],
    ["every hour after a day", (at: number) => at - 25 * 60 * MINUTE_MS, 2],
  ])("pokes %s", (_name, overdueAtFor, expected) => {
    const turns = minutes.filter((at) => isSweepTurn({ overdueAt: overdueAtFor(at), id: 12_345 }, at));

    expect(turns).toHaveLength(expected);
  });

  it("spreads jobs over the minutes", () => {
    const job = (id: number) => ({ overdueAt: now - 30 * MINUTE_MS, id });

    const inThisMinute = Array.from({ length: 1_000 }, (_, id) => job(id)).filter((one) => isSweepTurn(one, now));

    expect(inThisMinute).toHaveLength(100);
  });
});
