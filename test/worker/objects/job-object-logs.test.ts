import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import type { Fact, LogKey } from "../../../protocol/up.ts";
import { CHUNK_BYTES } from "../../../worker/jobs/lifecycle-limits.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { fresh, jobObject, logRows, stored, Teller } from "./job-object-support.ts";

type LogFact = Extract<Fact, { type: "log" }>;

const MAIN = FACTS.log.log;

afterEach(() => {
  vi.useRealTimers();
});

function piece(change: Partial<LogFact>): LogFact {
  return { ...FACTS.log, last: false, ...change };
}

/** A job that runs in a cluster of its own. */
async function runningJob(): Promise<{ jobId: string; cluster: Teller }> {
  const cluster = await Teller.join(fresh("logs"));
  const jobId = fresh("job");
  await cluster.running(jobId);
  return { jobId, cluster };
}

it("gives exactly what was written, whatever the characters", async () => {
  const { jobId, cluster } = await runningJob();
  const text = `\ufeff"quotes" \\ back\u0000slash \u001b[31m ä€😀 \u2028 </script>\r\n\tno newline at the end`;

  await cluster.told(jobId, piece({ text: text.slice(0, 30) }), piece({ seq: 1, text: text.slice(30), last: true }));

  expect((await logRows(jobId))[0]?.run_logs).toBe(text);
});

it("keeps a log of several chunks in order, and takes each piece once", async () => {
  const { jobId, cluster } = await runningJob();
  const texts = Array.from({ length: 6 }, (_, seq) => `${seq}${"ü".repeat(120 * 1024)}\n`);
  const pieces = texts.map((text, seq) => piece({ seq, text, last: seq === 5 }));

  for (const [seq, fact] of pieces.entries()) {
    expect(await cluster.told(jobId, fact)).toBe("ok");
    if (seq === 2) expect(await cluster.told(jobId, pieces[1] ?? fact)).toBe("ok");
  }

  expect((await logRows(jobId))[0]?.run_logs).toBe(texts.join(""));
  expect((await stored(jobId)).keys).toEqual(["job", "log:1:000000", "log:1:000001"]);
});

it("refuses a piece that came before the one in front of it", async () => {
  const { jobId, cluster } = await runningJob();

  expect(await cluster.told(jobId, piece({ seq: 1, text: "second" }))).toBe("refused");
  expect(await cluster.told(jobId, piece({ seq: 0, text: "first " }))).toBe("ok");
  expect(await cluster.told(jobId, piece({ seq: 1, text: "second", last: true }))).toBe("ok");

  expect((await logRows(jobId))[0]?.run_logs).toBe("first second");
});

it("gives one row per container where a pod has several, in order of their ids, and those of one pod", async () => {
  const { jobId, cluster } = await runningJob();
  const key = (podName: string, container: string): LogKey => ({ podName, podUid: podName, container, restart: 0 });
  const keys = [key("pod-a", "main"), key("pod-a", "side"), key("pod-b", "main")];

  await cluster.told(
    jobId,
    { ...FACTS.ended, logs: keys },
    piece({ log: key("pod-b", "main"), text: "b\n", last: true }),
    piece({ log: key("pod-a", "side"), text: "side\n", last: true, severalContainers: true }),
    piece({ log: key("pod-a", "main"), text: "a\n", last: true, severalContainers: true }),
  );

  const when = expect.any(Number);
  const a = { id: 1, pod_name: "pod-a", run_logs: "a\n", create_time: when, container: "main" };
  const side = { id: 2, pod_name: "pod-a", run_logs: "side\n", create_time: when, container: "side" };
  const b = { id: 3, pod_name: "pod-b", run_logs: "b\n", create_time: when };
  expect(await logRows(jobId)).toEqual([a, side, b]);
  expect(await logRows(jobId, { podName: "pod-b" })).toEqual([b]);
  expect(await logRows(jobId, { run: 1 })).toEqual([a, side, b]);
  expect(await logRows(jobId, { run: 2 })).toEqual([]);
});

it("joins the starts of one container in one row, in the order of the starts", async () => {
  const { jobId, cluster } = await runningJob();

  await cluster.told(
    jobId,
    piece({ log: { ...MAIN, restart: 1 }, text: "second start\n", last: true }),
    piece({ log: MAIN, text: "first start\n", last: true }),
  );

  expect(await logRows(jobId)).toMatchObject([{ run_logs: "first start\nsecond start\n" }]);
  expect(await logRows(jobId, { tailLines: 1 })).toMatchObject([{ run_logs: "second start\n" }]);
});

it.each([
  ["the last lines", "one\ntwo\nthree\n", 2, "two\nthree\n"],
  ["a last line without a newline", "one\ntwo\nthree", 2, "two\nthree"],
  ["all where there are fewer", "one\ntwo\n", 9, "one\ntwo\n"],
  ["nothing for none", "one\ntwo\n", 0, ""],
  ["empty lines as lines", "one\n\n\n", 2, "\n\n"],
])("gives %s with tail_lines", async (_, text, tailLines, expected) => {
  const { jobId, cluster } = await runningJob();
  await cluster.told(jobId, piece({ text, last: true }));

  expect(await logRows(jobId, { tailLines })).toMatchObject([{ run_logs: expected }]);
});

it("finds the last lines across chunks", async () => {
  const { jobId, cluster } = await runningJob();
  const line = `${"x".repeat(1_023)}\n`;
  for (let seq = 0; seq < 6; seq += 1)
    await cluster.told(jobId, piece({ seq, text: line.repeat(200), last: seq === 5 }));

  const [row] = await logRows(jobId, { tailLines: 300 });

  expect(row?.run_logs).toBe(line.repeat(300));
});

it("says why a log can't be read, after what there is of it", async () => {
  const { jobId, cluster } = await runningJob();
  const other = { ...MAIN, podName: "report-y", podUid: "p2" };

  await cluster.told(
    jobId,
    piece({ text: "so far", last: true, problem: "the kubelet is gone" }),
    piece({ log: other, text: "", last: true, problem: "no such pod" }),
  );

  expect((await logRows(jobId)).map((row) => row.run_logs)).toEqual([
    "so far\n[watchbell: log not readable: the kubelet is gone]",
    "[watchbell: log not readable: no such pod]",
  ]);
});

it("keeps the line that says what is missing apart from the container's next start", async () => {
  const { jobId, cluster } = await runningJob();
  await cluster.told(
    jobId,
    piece({ text: "", last: true, problem: "gone" }),
    piece({ log: { ...MAIN, restart: 1 }, text: "second\n", last: true }),
  );

  expect(await logRows(jobId)).toMatchObject([{ run_logs: "[watchbell: log not readable: gone]\nsecond\n" }]);
});

it("turns final without a log that does not come for 10 s, and takes it when it does", async () => {
  const { jobId, cluster } = await runningJob();
  await cluster.told(jobId, ENDED_WITH_LOG);
  expect(await jobObject(jobId).calls.describe()).toMatchObject({ status: "running" });

  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 10_500);
  await runDurableObjectAlarm(jobObject(jobId).stub);
  vi.useRealTimers();

  expect(await jobObject(jobId).calls.describe()).toMatchObject({ status: "succeeded", jobStatus: 2 });
  expect(await logRows(jobId)).toMatchObject([
    { id: 1, run_logs: "[watchbell: log not readable: no byte of it came for 10 s]" },
  ]);
  expect(await cluster.told(jobId, FACTS.log)).toBe("ok");
  expect(await logRows(jobId)).toMatchObject([{ id: 1, run_logs: "hello\n" }]);
});

it("is an empty list where nothing was collected", async () => {
  const { jobId, cluster } = await runningJob();
  await cluster.told(jobId, FACTS.ended);

  expect(await logRows(jobId)).toEqual([]);
});

it("lets other calls of the object come between while a long log is read", async () => {
  const { jobId, cluster } = await runningJob();
  await cluster.told(jobId, piece({ text: "x", last: true }));
  const chunks = 48;
  await runInDurableObject(jobObject(jobId).stub, (_, { storage }) => {
    const job = storage.kv.get<Job>("job");
    const [run] = job?.runs ?? [];
    const [log] = run?.logs ?? [];
    if (!job || !run || !log) throw new Error("no log");
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      storage.kv.put(`log:${log.id}:${String(chunk).padStart(6, "0")}`, new Uint8Array(CHUNK_BYTES).fill(120));
    }
    const logs = [{ ...log, chunks, bytes: chunks * CHUNK_BYTES }];
    storage.kv.put("job", { ...job, runs: [{ ...run, logs }], logBytes: chunks * CHUNK_BYTES });
  });
  await evictDurableObject(jobObject(jobId).stub);
  const stream = await jobObject(jobId).calls.logs({});
  let bytes = 0;
  const reading = (async () => {
    for await (const part of stream ?? []) bytes += part.byteLength;
  })();

  const described = await jobObject(jobId).calls.describe();
  const bytesBefore = bytes;
  await reading;

  expect(described?.jobId).toBe(jobId);
  expect(bytes).toBeGreaterThan(chunks * CHUNK_BYTES);
  expect(bytesBefore).toBeLessThan(bytes / 2);
});

it("leaves as a stream that a reader may give up half-way", async () => {
  const { jobId, cluster } = await runningJob();
  for (let seq = 0; seq < 8; seq += 1) {
    await cluster.told(jobId, piece({ seq, text: "y".repeat(256 * 1024), last: seq === 7 }));
  }
  const stream = await jobObject(jobId).calls.logs({});
  const reader = stream?.getReader();

  const first = await reader?.read();
  await reader?.cancel();

  expect(first?.done).toBe(false);
  expect((await logRows(jobId))[0]?.run_logs).toHaveLength(8 * 256 * 1024);
});
