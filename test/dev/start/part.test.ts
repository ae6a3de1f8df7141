import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { Part } from "../../../dev/start/part.ts";
import { isAlive } from "../../support/leaks.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/wait.ts";

const Ready = z.object({ type: z.literal("ready"), start: z.number() });

/** A part that runs `script`, and what its supervisor heard. */
function makePart(script: string, readyWithinMs = 10_000) {
  const folder = tempFolder();
  const file = path.join(folder, "part.mjs");
  writeFileSync(file, script);
  const heard: { pids: number[]; readies: number[]; gone: number[]; deaths: string[]; gaveUp: string[] } = {
    pids: [],
    readies: [],
    gone: [],
    deaths: [],
    gaveUp: [],
  };
  const part = new Part(
    {
      name: "bell",
      command: () => ({ args: [file, folder], env: process.env }),
      logPath: path.join(folder, "bell.log"),
      ready: Ready,
      readyWithinMs,
    },
    {
      spawned: (pid) => heard.pids.push(pid),
      ready: ({ start }) => heard.readies.push(start),
      gone: (pid) => heard.gone.push(pid),
      died: (how) => heard.deaths.push(how),
      gaveUp: (problem) => heard.gaveUp.push(problem),
    },
  );
  onTestFinished(() => part.stop(1_000));
  return { part, heard, folder };
}

/** Says ready with its number of starts, counted in a file, and stays. */
const COUNTING = `
  import { readFileSync, writeFileSync, existsSync } from "node:fs";
  const file = process.argv[2] + "/starts";
  const start = existsSync(file) ? Number(readFileSync(file, "utf8")) + 1 : 1;
  writeFileSync(file, String(start));
  process.send({ type: "hello" });
  process.send({ type: "ready", start });
  setInterval(() => undefined, 1000);
`;

describe("a part", () => {
  test("is started once it says so, and ends with SIGTERM", async () => {
    const { part, heard } = makePart(COUNTING);

    const outcome = await part.start();
    await part.stop(5_000);

    expect(outcome).toEqual({ ok: true, ready: { type: "ready", start: 1 } });
    expect(heard.gone).toEqual(heard.pids);
    expect(heard.deaths).toEqual([]);
    expect(heard.pids.some(isAlive)).toBe(false);
  });

  test("is started again whenever it is killed", async () => {
    const { part, heard } = makePart(COUNTING);
    await part.start();

    process.kill(heard.pids[0] ?? 0, "SIGKILL");
    await until("the second start", () => heard.readies.includes(2));
    process.kill(heard.pids[1] ?? 0, "SIGKILL");
    await until("the third start", () => heard.readies.includes(3));

    expect(heard.deaths).toEqual(["was ended by SIGKILL", "was ended by SIGKILL"]);
    expect(new Set(heard.pids).size).toBe(3);
  });

  test("that ends before it is ready gives its last words as the reason", async () => {
    const { part, heard } = makePart(
      `console.error("noise"); console.error("watchbell: BELL is cracked: cast a new one"); process.exit(3);`,
    );

    const outcome = await part.start();

    expect(outcome).toEqual({ ok: false, problem: "the bell ended with code 3: BELL is cracked: cast a new one" });
    expect(heard.deaths).toEqual([]);
  });

  test("that never says it is ready is killed", async () => {
    const { part, heard } = makePart("setInterval(() => undefined, 1000);", 300);

    const outcome = await part.start();

    expect(outcome.ok).toBe(false);
    expect(heard.pids.some(isAlive)).toBe(false);
  });

  test("that can't come back is given up with a sentence", async () => {
    const { part, heard, folder } = makePart(
      `${COUNTING} if (start > 1) { console.error("out of order"); process.exit(7); }`.replace(
        'process.send({ type: "ready", start });',
        'if (start === 1) process.send({ type: "ready", start });',
      ),
      1_000,
    );
    await part.start();

    process.kill(heard.pids[0] ?? 0, "SIGKILL");
    await until("it is given up", () => heard.gaveUp.length > 0);

    expect(heard.gaveUp).toEqual(["the bell ended with code 7: out of order"]);
    expect(Number(readFileSync(path.join(folder, "starts"), "utf8"))).toBeGreaterThan(1);
  });

  test("that ignores SIGTERM is killed after its grace, and so are its children", async () => {
    const { part, heard, folder } = makePart(`
      import { spawn } from "node:child_process";
      import { writeFileSync } from "node:fs";
      process.on("SIGTERM", () => undefined);
      const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
      writeFileSync(process.argv[2] + "/child", String(child.pid));
      process.send({ type: "ready", start: 1 });
    `);
    await part.start();
    const child = Number(readFileSync(path.join(folder, "child"), "utf8"));

    await Promise.all([part.stop(200), part.stop(200)]);

    expect(heard.pids.some(isAlive)).toBe(false);
    await until("its child is gone", () => !isAlive(child));
  });
});
