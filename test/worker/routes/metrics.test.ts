import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { PROMETHEUS_CONTENT_TYPE } from "../../../worker/clusters/prometheus-text.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { ENDED_FAILED, FACTS } from "../jobs/lifecycle-samples.ts";
import { Teller } from "../objects/job-object-support.ts";
import { call, callRaw, clearTables, leastCreate } from "./api.ts";

let names = 0;
beforeEach(clearTables);

async function register(cluster: string): Promise<void> {
  expect((await call("/api/cluster/create", { body: { cluster } })).code).toBe(0);
}

async function create(cluster: string, changes: Record<string, unknown> = {}): Promise<string> {
  names += 1;
  const body = leastCreate({ job_name: `metric-${names}`, job_exec_time: "", route: cluster, ...changes });
  return Object((await call("/api/once_job/create", { body })).data).job_id;
}

/** The lines that say something, without those of buckets and sums, whose figures are measured times. */
async function values(): Promise<string[]> {
  const response = await callRaw("/metrics", { method: "GET" });
  expect(response.status).toBe(200);
  return (await response.text()).split("\n").filter((line) => /^watchbell/.test(line) && !/_(bucket|sum)/.test(line));
}

describe("/metrics", () => {
  it("says what is right after a known history", async () => {
    await register("metric-a");
    await register("metric-b");
    const teller = await Teller.join("metric-a");
    const [succeeded, failed, running, sent] = await Promise.all([1, 2, 3, 4].map(() => create("metric-a")));
    for (const jobId of [succeeded, failed, running, sent]) await teller.created(jobId ?? "");
    for (const jobId of [succeeded, failed, running]) await teller.told(jobId ?? "", FACTS.created, FACTS.started);
    await teller.told(succeeded ?? "", FACTS.ended);
    await teller.told(failed ?? "", ENDED_FAILED);
    await create("metric-b", { job_exec_time: "P1D" });
    const cancelled = await create("metric-b", { job_exec_time: "P1D" });
    await call(`/api/once_job/delete/${cancelled}`, { body: { force: true } });
    for (const jobId of [succeeded, failed, running]) await jobStub(env, jobId ?? "").poke();

    await vi.waitFor(
      async () =>
        expect(await values()).toEqual([
          'watchbell_jobs{status="submitted"} 2',
          'watchbell_jobs{status="created"} 1',
          'watchbell_runs_total{status="succeeded"} 1',
          'watchbell_runs_total{status="failed"} 1',
          'watchbell_runs_total{status="cancelled"} 1',
          'watchbell_runs_total{status="lost"} 0',
          'watchbell_runs_total{status="skipped"} 0',
          "watchbell_start_lateness_seconds_count 3",
          'watchbell_repairs_total{kind="created_after_cancel"} 0',
          'watchbell_repairs_total{kind="listed_after_cancel"} 0',
          'watchbell_repairs_total{kind="job_after_end"} 0',
          'watchbell_callbacks_total{result="delivered"} 0',
          'watchbell_callbacks_total{result="retried"} 0',
          'watchbell_callbacks_total{result="failed"} 0',
          'watchbell_outbox_commands{cluster="metric-a"} 1',
          'watchbell_outbox_commands{cluster="metric-b"} 0',
          'watchbell_link_up{cluster="metric-a"} 1',
          'watchbell_link_up{cluster="metric-b"} 0',
        ]),
      { timeout: 5_000 },
    );
  });

  it("has buckets that rise to the count, each family with its type and its help", async () => {
    const response = await callRaw("/metrics", { method: "GET" });
    const text = await response.text();

    expect(response.headers.get("content-type")).toBe(PROMETHEUS_CONTENT_TYPE);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(text).toContain("# TYPE watchbell_start_lateness_seconds histogram\n");
    expect(text).toContain('watchbell_start_lateness_seconds_bucket{le="0.05"} 0\n');
    expect(text).toContain('watchbell_start_lateness_seconds_bucket{le="+Inf"} 0\n');
    for (const [, name] of text.matchAll(/^# TYPE (\w+)/gm))
      expect(text).toMatch(new RegExp(`^# HELP ${name} .+$`, "m"));
  });

  it("answers for 200 clusters within a scrape's time", async () => {
    const clusters = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    const insert = env.DB.prepare("INSERT INTO clusters (cluster, join_token_hash, created_at) VALUES (?, 'x', 0)");
    await env.DB.batch(clusters.map((cluster) => insert.bind(cluster)));
    // Objects that nobody has called yet are made first, which takes a disk longer than an answer.
    await values();
    const since = Date.now();

    const lines = await values();

    expect(lines.filter((line) => line.startsWith("watchbell_link_up"))).toHaveLength(200);
    expect(lines).toContain('watchbell_runs_total{status="lost"} 0');
    expect(Date.now() - since).toBeLessThan(10_000);
  }, 30_000);

  it("leaves out sums where a cluster does not answer, and says the rest", async () => {
    await register("metric-c");
    const away = { get: () => ({ figures: () => new Promise(() => undefined) }), idFromName: () => "" };
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);

    const response = await callRaw("/metrics", { method: "GET", settings: { CLUSTERS: away as unknown as string } });

    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain('watchbell_jobs{status="submitted"} 0');
    expect(text).not.toMatch(/runs_total|lateness|callbacks_total|repairs_total|status="created"|metric-c/);
    expect(log.mock.calls.join()).toContain("metric-c");
    log.mockRestore();
  });

  it.each([null, "wrong"])("is for callers with a token, not %s", async (token) => {
    for (const path of ["/metrics", "/metrics/"]) {
      expect(await call(path, { method: "GET", token })).toMatchObject({ status: 401, code: 100 });
    }
  });

  it("counts as a request of its token, and keeps to the allow-list", async () => {
    // A token of its own: the tests of the limit itself count the other one's requests in the same minute.
    const token = "metrics-token";
    const limited = { WATCHBELL_RATE_LIMIT: "1", WATCHBELL_TOKEN: token };
    const listed = { WATCHBELL_ALLOWED_IPS: "203.0.113.7" };
    await callRaw("/metrics", { method: "GET", token, settings: limited });

    expect(await call("/metrics", { method: "GET", token, settings: limited })).toMatchObject({
      status: 429,
      code: 104,
    });
    expect(await call("/metrics", { method: "GET", settings: listed })).toMatchObject({ status: 403, code: 102 });
  });

  it("answers no other verb", async () => {
    const answer = await call("/metrics");

    expect(answer).toMatchObject({ status: 405, code: 100 });
    expect(answer.headers.get("allow")).toBe("GET");
  });
});
