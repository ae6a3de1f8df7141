import { expect, test } from "vitest";
import type { Bench } from "./cases.ts";

const COLLECT = { metadata: { log_collect: "true" } };

/** What a pod wrote and what the API answers. */
const LOGS: { name: string; title: string; script: string; log: string }[] = [
  { name: "no-newline", title: "without a newline at its end", script: "printf 'a\\nb'", log: "a\nb" },
  { name: "nothing", title: "of no byte at all", script: "true", log: "" },
  { name: "blank-lines", title: "of blank lines", script: "printf '\\n\\nx\\n\\n'", log: "\n\nx\n\n" },
  { name: "both", title: "from both outputs", script: "echo out; sleep 0.2; echo err >&2", log: "out\nerr\n" },
  {
    name: "no-text",
    title: "with bytes that are no UTF-8 as U+FFFD",
    script: "printf 'a\\377b\\303\\251\\n'",
    log: "a\uFFFDb\u00E9\n",
  },
  {
    name: "long-line",
    title: "of one line of 50,000 bytes",
    script: "head -c 50000 /dev/zero | tr '\\0' x; echo",
    log: `${"x".repeat(50_000)}\n`,
  },
  // It lasts a little after its last line: containerd gives up what it has not copied 2 s after a container's end, and it copies by
  // the line, so that a node with much to do loses the tail of such a log before anybody can read it.
  {
    name: "many-lines",
    title: "of 50,000 lines",
    script: "i=0; while [ $i -lt 50000 ]; do echo line-$i; i=$((i+1)); done; sleep 3",
    log: Array.from({ length: 50_000 }, (_, at) => `line-${at}\n`).join(""),
  },
];

/** Logs, byte for byte. */
export function logCases({ watchbell, create }: Bench): void {
  test.for(LOGS)("a log $title arrives as it was written", async ({ name, script, log }) => {
    const { api } = watchbell();
    const id = await create(`log-${name}`, script, COLLECT);
    await api.untilStatus(id, 2);
    const rows = await api.logs(id);
    expect(rows).toHaveLength(1);
    // A diff of a megabyte says nothing: the length first, then the text.
    expect(rows[0]?.run_logs.length).toBe(log.length);
    expect(rows[0]?.run_logs === log).toBe(true);
  });

  test("a log above its limit keeps head and tail, with one line for what was cut", async () => {
    const { api } = watchbell();
    const script = `echo head; yes ${"x".repeat(99)} | head -n 3000; echo tail`;
    const id = await create("log-cut", script, { metadata: { log_collect: "true", log_limit_bytes: "1000" } });
    await api.untilStatus(id, 2);
    const [row] = await api.logs(id);
    expect(row?.run_logs).toMatch(/^head\n[\s\S]*\n\[watchbell: \d+ bytes cut\]\n[\s\S]*tail\n$/);
    expect(row?.run_logs.length).toBeLessThan(1_200);
    expect(row?.run_logs.length).toBeGreaterThan(500);
  });

  test("each start of a job that is tried again has a log of its own", async () => {
    const { api } = watchbell();
    const id = await create("log-twice", "echo try of $HOSTNAME; exit 7", { metadata: { backoff_limit: "1" } });
    const job = await api.untilStatus(id, 1, 40_000);
    expect(job.job_exec_information).toContain("code 7");
    const rows = await api.logs(id);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row.run_logs).toBe(`try of ${row.pod_name}\n`);
    expect(new Set(rows.map((row) => row.pod_name)).size).toBe(2);
  });
}
