import { spawn } from "node:child_process";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { processesOf } from "../../dev/start/leftovers.ts";
import { ROOT } from "../../dev/start/ready.ts";
import { processesOf as containersOf } from "../kubernetes/suite/at-work.ts";
import { Api } from "../support/api.ts";
import { nothingIsLeft } from "../support/leaks.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/wait.ts";

const READY = /^watchbell ready: (http:\S+) token=(\S+) /m;

/** A process that starts a system as a test does, and shows what it says. */
const STARTS_ONE = `
  import { spawnDetached } from "${path.join(ROOT, "test/support/detached.ts")}";
  const stateDir = process.env.WATCHBELL_STATE;
  spawnDetached(process.execPath, ["dev/start/main.ts"], { stdio: ["ignore", "inherit", "inherit"], stateDir });
`;

test("tests that are killed leave nothing of a system that they started", async () => {
  const stateDir = tempFolder();
  const env = { ...process.env, PORT: "0", WATCHBELL_STATE: stateDir };
  const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
  const tests = spawn(process.execPath, ["--input-type=module", "-e", STARTS_ONE], { env, stdio });
  onTestFinished(() => {
    tests.kill("SIGKILL");
  });
  let said = "";
  tests.stdout.on("data", (chunk) => {
    said += String(chunk);
  });
  const [, url = "", token = ""] = await until("the ready line", () => READY.exec(said), 30_000);
  expect((await processesOf(stateDir)).length).toBeGreaterThan(3);
  const id = await new Api(url, token).create({ job_name: "lasting", command: "sleep,600" });
  await until("its container runs", () => containersOf(id).length > 0);

  tests.kill("SIGKILL");

  await nothingIsLeft(stateDir, [Number(new URL(url).port)], 3_000);
  await until("its container has ended", () => containersOf(id).length === 0, 3_000);
});
