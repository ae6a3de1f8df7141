import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../../dev/start/ready.ts";
import { startSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";

const HERE = path.join(ROOT, "test/openapi");
const REQUIREMENTS = path.join(HERE, "requirements.txt");
/** Kept beside the packages of npm, which come and go with it; other requirements have a folder of their own. */
const VENV = path.join(ROOT, `node_modules/.cache/schemathesis-${shortHash(readFileSync(REQUIREMENTS))}`);
const SCHEMATHESIS = path.join(VENV, "bin/schemathesis");

/** Cases that each of the phases may make of one operation; in all they must be at least MIN_CASES. */
const EXAMPLES_PER_OPERATION = 40;
const MIN_CASES = 2_000;

function shortHash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 12);
}

/** Runs a command to its end, or to the test's; what it said, and its exit code (null: a signal). */
async function run(command: string, args: string[], cwd: string): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const [code] = await once(child, "close");
  return { code, output };
}

async function installed(): Promise<void> {
  if (existsSync(SCHEMATHESIS)) return;
  const made = await run("python3", ["-m", "venv", "--clear", VENV], ROOT).catch((error: Error) => {
    throw new Error(`schemathesis needs python3 (3.10 or newer) with its module venv: ${error.message}`);
  });
  if (made.code !== 0)
    throw new Error(`schemathesis needs python3 (3.10 or newer) with its module venv: ${made.output}`);
  const pip = await run(path.join(VENV, "bin/pip"), ["install", "-q", "-r", REQUIREMENTS], ROOT);
  if (pip.code !== 0) throw new Error(`pip could not install schemathesis: ${pip.output}`);
}

test("every answer of a running system is one that its OpenAPI document describes, whatever is sent", async () => {
  await installed();
  const { url, token } = await startSystem().ready();
  // One that found something once. Another is for who looks for more: what lands must not hang on the luck of the draw.
  const seed = process.env.SCHEMATHESIS_SEED ?? "193762";

  const { code, output } = await run(
    SCHEMATHESIS,
    [
      ...["--config-file", path.join(HERE, "schemathesis.toml"), "run", `${url}/openapi.json`],
      ...["--header", `Authorization: Bearer ${token}`, "--checks", "all", "--continue-on-failure"],
      // It takes every POST for one that makes something; the seed's reads are POSTs, and a run that was read of need have no
      // callback to be sent again.
      ...["--exclude-checks", "ensure_resource_availability"],
      ...["--max-examples", String(EXAMPLES_PER_OPERATION), "--seed", seed],
    ],
    tempFolder(),
  );

  expect(code, `SCHEMATHESIS_SEED=${seed}\n${output}`).toBe(0);
  const cases = Number(/(\d+) generated/.exec(output)?.[1] ?? 0);
  expect(cases, output).toBeGreaterThanOrEqual(MIN_CASES);
});
