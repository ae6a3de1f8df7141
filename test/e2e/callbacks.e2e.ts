import { expect, it } from "vitest";
import { Receiver } from "../support/receiver.ts";
import { startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

it("calls again, under the same id, after a kill -9 of workerd in the middle of an attempt and between two", async () => {
  const system = startSystem({ env: { WATCHBELL_CALLBACK_SECRETS: SECRET } });
  const receiver = await Receiver.start([SECRET]);
  const { api } = await system.ready();
  receiver.answers = (index) => {
    if (index === 0) return "nothing";
    return index === 1 ? 500 : 204;
  };
  const killWorkerd = () => {
    const [pid = 0] = system.pids().worker;
    process.kill(pid, "SIGKILL");
  };

  const jobId = await api.create({ job_name: "told", command: "true", metadata: { callback_url: receiver.url } });
  await until("the first attempt", () => receiver.received.length === 1, 30_000);
  killWorkerd();
  await until("the second attempt", () => receiver.received.length === 2, 60_000);
  killWorkerd();
  await until("the third attempt", () => receiver.received.length === 3, 60_000);

  const [first, ...others] = receiver.of(jobId);
  expect(others).toHaveLength(2);
  for (const other of others) expect(other).toMatchObject({ id: first?.id, body: first?.body, verifies: [SECRET] });
  const attempts = await until("the last is shown as taken", async () => {
    const { data } = await api.call("GET", `/api/job_callbacks/${jobId}`);
    const shown = JSON.stringify(data);
    return shown.includes('"http":204') && shown;
  });
  expect(attempts).toContain('"next_at":null');
});

it("gives a receiver 15 s, which hold up nobody, and needs no more of its answer than the status", async () => {
  const system = startSystem({ env: { WATCHBELL_CALLBACK_SECRETS: SECRET } });
  const receiver = await Receiver.start([SECRET]);
  const { api } = await system.ready();
  receiver.answers = (index, response) => {
    // An answer without an end.
    if (index === 1) response.writeHead(200).write("x");
    return "nothing";
  };
  const metadata = { callback_url: receiver.url };

  const slow = await api.create({ job_name: "slow", command: "true", metadata });
  await until("it is called", () => receiver.of(slow).length === 1, 30_000);
  // The run's end was stored, shown and acknowledged before its receiver said a word.
  expect(await api.describe(slow)).toMatchObject({ job_status: 2, status: "succeeded" });
  const endless = await api.create({ job_name: "endless", command: "true", metadata });
  const shown = async (jobId: string) => JSON.stringify((await api.call("GET", `/api/job_callbacks/${jobId}`)).data);
  await until("it counts as taken", async () => (await shown(endless)).includes('"http":200'), 30_000);
  expect(await shown(slow)).toBe("[]");

  await until("the first was given up", async () => (await shown(slow)).includes("no answer within 15 s"), 30_000);
  expect(await api.call("DELETE", `/api/once_job/delete/${slow}`)).toMatchObject({ code: 0 });
  expect(await shown(slow)).toContain('"next_at":null');
});
