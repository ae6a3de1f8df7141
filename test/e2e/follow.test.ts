import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type FollowEvent, watchbell } from "watchbell/client";
import { startSystem } from "../support/system.ts";

type Line = Extract<FollowEvent, { event: "line" }>;

/** Reads a follow until something is so, or to its end; gives its lines and how it ended. */
async function read(events: AsyncGenerator<FollowEvent>, until: (line: Line) => boolean = () => false) {
  const lines: Line[] = [];
  for await (const event of events) {
    if (event.event === "end") return { lines, texts: lines.map(({ text }) => text), status: event.status };
    lines.push(event);
    if (until(event)) break;
  }
  return { lines, texts: lines.map(({ text }) => text), status: null };
}

test("a run's lines are followed while it runs: before its start, by two, on from the middle, and after its end", async () => {
  const system = startSystem();
  const { url, token, api } = await system.ready();
  const bell = watchbell({ url, token });
  // The container prints a line each 100 ms, and stops only once this file is there.
  const gate = path.join(system.stateDir, "gate");
  const script = `i=0; while [ ! -e ${gate} ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo bye`;
  const job_id = await api.create({
    job_name: "ticking",
    command: JSON.stringify(["sh", "-c", script]),
    job_exec_time: "PT3S",
    metadata: { log_collect: "true" },
  });
  const early = bell.follow({ job_id });

  const first = await read(early, ({ text }) => text === "line 10");
  expect(first.texts).toEqual(Array.from({ length: 10 }, (_, at) => `line ${at + 1}`));
  // It still runs, by the evidence of its gate: nobody has opened it.
  expect((await api.describe(job_id)).status).toBe("running");

  const second = read(bell.follow({ job_id }));
  const lastEventId = first.lines[4]?.id ?? "";
  const resumed = read(bell.follow({ job_id }, { lastEventId }), ({ text }) => text === "line 20");
  expect((await resumed).texts).toEqual(Array.from({ length: 15 }, (_, at) => `line ${at + 6}`));
  writeFileSync(gate, "");

  const whole = await second;
  expect(whole.status).toBe("succeeded");
  const [row] = await api.logs(job_id);
  expect(`${whole.texts.join("\n")}\n`).toBe(row?.run_logs);
  const ids = whole.lines.map(({ id }) => Number(id));
  expect(ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0))).toBe(true);

  // What is stored goes on exactly behind what came live, and has the same ids.
  const after = await read(bell.follow({ job_id }, { lastEventId }));
  expect(after).toEqual({ lines: whole.lines.slice(5), texts: whole.texts.slice(5), status: "succeeded" });
  expect(await read(bell.follow({ job_id, run: 1 }, { lastEventId: "no-such-id" }))).toEqual(whole);
  expect(await system.stop("SIGTERM")).toBe(0);
});
