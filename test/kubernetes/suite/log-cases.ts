import { expect, test } from "vitest";
import type { Bench } from "./cases.ts";
import { containerLogCases } from "./log-container-cases.ts";
import { expectCut, expectSame, noteLog } from "./log-table.ts";
import { testOn } from "./test-on.ts";

const COLLECT = { metadata: { log_collect: "true" } };
const x = (bytes: number): string => `head -c ${bytes} /dev/zero | tr '\\0' x`;
/** 50,000 lines of 1,000 bytes; it lasts a little after them (see below). */
const FIFTY_MB = `yes $(${x(999)}) | head -n 50000; sleep 3`;
const fiftyMb = (): string => `${"x".repeat(999)}\n`.repeat(50_000);

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
  // containerd splits lines at 16 KiB, kubelet joins them again.
  ...[16_383, 16_384, 16_385, 32_768, 50_000, 1_000_000].map((bytes) => ({
    name: `line-${bytes}`,
    title: `of one line of ${bytes} bytes`,
    script: `${x(bytes)}; echo`,
    log: `${"x".repeat(bytes)}\n`,
  })),
  {
    name: "half-line",
    title: "of 16 KiB without a newline",
    script: x(16_384),
    log: "x".repeat(16_384),
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
export function logCases(bench: Bench): void {
  wholeCases(bench);
  cutCases(bench);
  containerLogCases(bench);
}

function wholeCases({ kind, watchbell, create }: Bench): void {
  test.for(LOGS)("a log $title arrives as it was written", async ({ name, title, script, log }) => {
    const { api } = watchbell();
    const id = await create(`log-${name}`, script, COLLECT);
    await api.untilStatus(id, 2, 60_000);
    const rows = await api.logs(id);
    expect(rows).toHaveLength(1);
    noteLog(kind, title, Buffer.byteLength(log), rows[0]?.run_logs ?? "");
    expectSame(rows[0]?.run_logs, log);
  });

  testOn(
    kind,
    ["real"],
    "what moves this much is the same on every cluster; only a real node rotates",
  )("a log of 50 MB arrives whole where its limit allows, though the node rotates at 10 MiB", async () => {
    const { api } = watchbell();
    const metadata = { log_collect: "true", log_limit_bytes: String(64 * 1024 * 1024) };
    const id = await create("log-50mb", FIFTY_MB, { metadata });
    await api.untilStatus(id, 2, 90_000);
    const [row] = await api.logs(id);
    noteLog(kind, "of 50 MB, limit 64 MiB", 50_000_000, row?.run_logs ?? "");
    expectSame(row?.run_logs, fiftyMb());
  });

  testOn(
    kind,
    ["real"],
    "only a real node rotates",
  )("a log that is written over two rotations arrives whole", async () => {
    const { api } = watchbell();
    const script = `l=$(${x(9_993)}); i=1000; while [ $i -lt 4000 ]; do echo $i- $l; i=$((i+1)); [ $((i%100)) = 0 ] && sleep 0.7; done; sleep 1`;
    const metadata = { log_collect: "true", log_limit_bytes: String(64 * 1024 * 1024) };
    const id = await create("log-rotated", script, { metadata });
    await api.untilStatus(id, 2, 90_000);
    const [row] = await api.logs(id);
    const written = Array.from({ length: 3_000 }, (_, at) => `${at + 1_000}- ${"x".repeat(9_993)}\n`).join("");
    noteLog(kind, "paced over two rotations", written.length, row?.run_logs ?? "");
    expectSame(row?.run_logs, written);
  });
}

function cutCases({ kind, watchbell, create }: Bench): void {
  testOn(
    kind,
    ["embedded", "real"],
    "its node is the embedded one's kubelet, where the same case runs",
  )("a log of 50 MB above its limit keeps head and tail of 10 MiB, and says how much is missing", async () => {
    const { api } = watchbell();
    const id = await create("log-50mb-cut", FIFTY_MB, COLLECT);
    await api.untilStatus(id, 2, 90_000);
    const shown = (await api.logs(id))[0]?.run_logs ?? "";
    noteLog(kind, "of 50 MB, limit 10 MiB", 50_000_000, shown);
    expectCut(shown, fiftyMb(), 10 * 1024 * 1024);
  });

  test.for([
    { name: "lines", what: "lines", script: `echo head; yes ${"x".repeat(99)} | head -n 3000; echo tail`, log: "" },
    {
      name: "umlaut",
      what: "two-byte characters",
      script: "yes é | head -n 3000 | tr -d '\\n'",
      log: "é".repeat(3_000),
    },
    {
      name: "emoji",
      what: "four-byte characters",
      script: "yes 😀 | head -n 3000 | tr -d '\\n'",
      log: "😀".repeat(3_000),
    },
  ])("a cut splits no character and says the right number: $what", async ({ name, what, script, log }) => {
    const { api } = watchbell();
    const limitBytes = 1_001;
    const metadata = { log_collect: "true", log_limit_bytes: String(limitBytes) };
    const id = await create(`log-cut-${name}`, script, { metadata });
    await api.untilStatus(id, 2, 60_000);
    const shown = (await api.logs(id))[0]?.run_logs ?? "";
    const written = log || `head\n${`${"x".repeat(99)}\n`.repeat(3_000)}tail\n`;
    noteLog(kind, `of ${what}, limit ${limitBytes}`, Buffer.byteLength(written), shown);
    expectCut(shown, written, limitBytes);
    expect(shown).not.toContain("\uFFFD");
  });
}
