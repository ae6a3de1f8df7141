import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { Webhook } from "standardwebhooks";
import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../dev/start/ports.ts";
import { HOST, ROOT } from "../../dev/start/ready.ts";
import { until } from "../support/wait.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = JSON.stringify({
  event: "finished",
  job_name: "hello",
  status: "succeeded",
  message: "succeeded after 1 ms",
});

it("the README's receiver takes what is signed with its secret, once for each id, and refuses all else", async () => {
  const readme = readFileSync(path.join(ROOT, "README.md"), "utf8");
  const [, code = ""] = /```js\n([^`]*standardwebhooks[^`]*)```/.exec(readme) ?? [];
  const port = await freePort(0);
  const args = ["--input-type=module", "-e", code.replace("9000", String(port))];
  const env = { ...process.env, WATCHBELL_SECRET: SECRET };
  const receiver = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    receiver.kill();
    if (receiver.exitCode === null && receiver.signalCode === null) await once(receiver, "exit");
  });
  let said = "";
  receiver.stdout.on("data", (chunk) => (said += String(chunk)));
  const tell = async (id: string, secret: string) => {
    const at = new Date();
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new Webhook(secret).sign(id, at, BODY),
    };
    return (await fetch(`http://${HOST}:${port}/`, { method: "POST", headers, body: BODY })).status;
  };
  // Until it listens the connection is refused, which is asked again.
  await until("it listens", () => tell("msg_0", SECRET));

  expect([await tell("msg_1", SECRET), await tell("msg_1", SECRET)]).toEqual([204, 204]);
  expect(await tell("msg_2", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")).toBe(400);
  const line = "finished hello succeeded succeeded after 1 ms\n";
  await until("it says so", () => said.length >= 2 * line.length);
  expect(said).toBe(`${line}${line}`);
});
