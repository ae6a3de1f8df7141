import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { watchbell } from "watchbell/client";
import { startSystem } from "../support/system.ts";

test("a follow loses no line and has none twice, whatever is killed meanwhile", { timeout: 180_000 }, async () => {
  const system = startSystem();
  const { url, token, api } = await system.ready();
  const bell = watchbell({ url, token, retries: 30 });
  const gate = path.join(system.stateDir, "gate");
  const script = `i=0; while [ ! -e ${gate} ]; do i=$((i+1)); echo line $i; sleep 0.1; done; echo bye`;
  const job_id = await api.create({
    job_name: "ticking",
    command: JSON.stringify(["sh", "-c", script]),
    metadata: { log_collect: "true" },
  });
  const texts: string[] = [];
  let status = "";

  for await (const event of bell.follow({ job_id })) {
    if (event.event === "end") status = event.status;
    else texts.push(event.text);
    // Each time something is killed in the midst of lines; the last line tells that what came back goes on.
    if (texts.length === 10) for (const pid of system.pids().worker) process.kill(pid, "SIGKILL");
    if (texts.length === 30) for (const pid of system.pids().relay) process.kill(pid, "SIGKILL");
    if (texts.length === 300) writeFileSync(gate, "");
  }

  expect(status).toBe("succeeded");
  expect(texts.slice(0, -1)).toEqual(texts.slice(0, -1).map((_, at) => `line ${at + 1}`));
  expect(texts.at(-1)).toBe("bye");
  const [row] = await api.logs(job_id);
  expect(`${texts.join("\n")}\n`).toBe(row?.run_logs);
  expect(await system.stop("SIGTERM")).toBe(0);
});
