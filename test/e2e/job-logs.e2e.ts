import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { Api } from "../support/api.ts";
import { startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

const MIB = 1024 * 1024;
const LINE = "0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmn\n";
const Rows = z.looseObject({ data: z.array(z.looseObject({ run_logs: z.string() })) });
const PODS = 16;
const POD_BYTES = 64 * MIB;
/** What each pod of a later run writes. */
const LATER_BYTES = 10 * MIB;

/** Each pod of the first run writes 64 MiB of one line, each of a later run less. */
const SCRIPT = `bytes=${POD_BYTES}; [ $WATCHBELL_RUN = 1 ] || bytes=${LATER_BYTES}; yes "${LINE.trim()}" | head -c $bytes`;

const JOB = {
  job_name: "talkative",
  namespace: "default",
  image: "busybox",
  job_exec_time: "0",
  command: JSON.stringify(["sh", "-c", SCRIPT]),
  metadata: {
    log_collect: "true",
    log_limit_bytes: POD_BYTES,
    parallelism: 2,
    completions: PODS,
    active_deadline_seconds: 1_200,
    backoff_limit: 0,
  },
};

/** The most memory that a process had so far, MiB. */
function peakMib(pid: number): number {
  const [, kib = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** How long the longest of the calls took that ask for the job all the while, ms. */
function watchAnswers(api: Api, jobId: string): { stop(): Promise<number> } {
  let isOver = false;
  let longestMs = 0;
  const asking = (async () => {
    while (!isOver) {
      const before = performance.now();
      await api.describe(jobId);
      longestMs = Math.max(longestMs, performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return longestMs;
  })();
  const stop = () => {
    isOver = true;
    return asking;
  };
  onTestFinished(async () => {
    await stop();
  });
  return { stop };
}

/** Reads an answer to its end without holding it; gives its length, and what is in its rows apart from the lines. */
async function readThrough(url: string, token: string): Promise<{ bytes: number; rest: string }> {
  const { body, status } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  expect(status).toBe(200);
  const line = JSON.stringify(LINE).slice(1, -1);
  let bytes = 0;
  let rest = "";
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    rest = (rest + Buffer.from(chunk).toString("latin1")).replaceAll(line, "");
  }
  return { bytes, rest };
}

/** What is left of each row's text. */
function textsOf(answer: string): string[] {
  return Rows.parse(JSON.parse(answer)).data.map(({ run_logs }) => run_logs);
}

test("a job with 1 GiB of logs answers as ever, gives them all, and makes room with the oldest", {
  timeout: 1_200_000,
}, async () => {
  const system = startSystem();
  const { api, url, token } = await system.ready(120_000);
  const [worker = 0] = system.pids().worker;
  const jobId = await api.create(JOB);
  const logsUrl = `${url}/api/job_logs/${jobId}`;
  const linesOfPod = POD_BYTES / LINE.length;

  // Written: every pod's log is whole, and the job's object answers all the while.
  const writing = watchAnswers(api, jobId);
  await until("its first run is over", async () => (await api.describe(jobId)).status === "succeeded", 900_000, 500);
  const longestMsWhileWritten = await writing.stop();
  const tails = await api.call("GET", `/api/job_logs/${jobId}?tail_lines=1`);
  expect(tails.data).toMatchObject(Array(PODS).fill({ run_logs: LINE }));

  // Read whole in one answer, without a byte missing; nothing waits for its end, and it is never in memory.
  const peakMibBefore = peakMib(worker);
  const reading = watchAnswers(api, jobId);
  const readAt = performance.now();
  const whole = await readThrough(`${logsUrl}?run=1`, token);
  const readSeconds = (performance.now() - readAt) / 1_000;
  const longestMsWhileRead = await reading.stop();
  expect(textsOf(whole.rest)).toEqual(Array(PODS).fill(""));
  expect(whole.bytes).toBe(whole.rest.length + PODS * linesOfPod * (LINE.length + 1));
  expect(peakMib(worker) - peakMibBefore).toBeLessThan(256);

  // Without a run: one log of 64 MiB is whole, the others say what was cut.
  const bounded = await readThrough(logsUrl, token);
  expect(textsOf(bounded.rest)).toEqual(["", ...Array(PODS - 1).fill(`[watchbell: ${POD_BYTES} bytes cut]\n`)]);

  // A further run takes the room of the oldest logs; its own are whole.
  await api.call("POST", `/api/once_job/rerun/${jobId}`);
  await until(
    "its second run is over",
    async () => (await api.describe(jobId)).runs[0]?.status === "succeeded",
    300_000,
    500,
  );
  const rows = (await api.call("GET", `/api/job_logs/${jobId}?run=1&tail_lines=1`)).data;
  const newer = await api.call("GET", `/api/job_logs/${jobId}?run=2&tail_lines=1`);
  const gone = Math.ceil((PODS * LATER_BYTES) / POD_BYTES);
  expect(rows).toMatchObject([
    ...Array(gone).fill({ run_logs: "[watchbell: log purged]" }),
    ...Array(PODS - gone).fill({ run_logs: LINE }),
  ]);
  expect(newer.data).toMatchObject(Array(PODS).fill({ run_logs: LINE }));
  console.info({ longestMsWhileWritten, longestMsWhileRead, readSeconds, peakMib: peakMib(worker) });
  expect(longestMsWhileWritten).toBeLessThan(10_000);
  expect(longestMsWhileRead).toBeLessThan(10_000);
});
