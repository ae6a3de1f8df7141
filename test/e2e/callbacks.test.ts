import { expect, it } from "vitest";
import { z } from "zod";
import { Receiver } from "../support/receiver.ts";
import { startSystem } from "../support/system.ts";
import { until } from "../support/wait.ts";

const NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const Attempts = z.array(
  z.object({ at: z.number(), http: z.number(), error: z.string(), next_at: z.number().nullable(), run: z.number() }),
);

it("calls a receiver back, signed with both secrets, until it takes it, and again on request", async () => {
  const system = startSystem({ env: { WATCHBELL_CALLBACK_SECRETS: `${NEW},${OLD}` } });
  const receiver = await Receiver.start([NEW, OLD]);
  const { api } = await system.ready();
  receiver.answers = (index, response) => {
    response.setHeader("location", receiver.url);
    return index === 0 ? 302 : 204;
  };
  const attempts = async (jobId: string) => Attempts.parse((await api.call("GET", `/api/job_callbacks/${jobId}`)).data);
  const metadata = { callback_url: receiver.url };

  const failing = await api.create({
    job_name: "fails",
    command: '["sh","-c","exit 3"]',
    metadata: { ...metadata, backoff_limit: 0 },
  });
  await until("the callback is taken", () => receiver.of(failing).length === 2, 30_000);

  const [first, second] = receiver.of(failing);
  expect(first).toMatchObject({ verifies: [NEW, OLD], signatures: 2, told: { success: false, status: "failed" } });
  expect(second).toMatchObject({ verifies: [NEW, OLD], id: first?.id, body: first?.body });
  const rows = await until("both attempts are shown", async () => {
    const shown = await attempts(failing);
    return shown.length === 2 && shown;
  });
  expect(rows).toMatchObject([
    { http: 302, error: "HTTP 302: redirects are not followed", run: 1 },
    { http: 204, error: "", next_at: null, run: 1 },
  ]);

  const again = await api.call("POST", "/api/job_callbacks/job_id/redeliver", { job_id: failing });
  expect(again).toMatchObject({ code: 0, data: { job_id: failing, run: 1, event: "finished", webhook_id: first?.id } });
  await until("it was sent again", () => receiver.of(failing).length === 3);
  expect(receiver.of(failing)[2]).toMatchObject({ id: first?.id, body: first?.body });

  // The second in line: whoever is deleted calls nobody, and by the time it is called the deletion is long over.
  const deleted = await api.create({ job_name: "deleted", command: "sleep,60", metadata });
  await until("it runs", async () => (await api.describe(deleted)).status === "running");
  expect(await api.call("DELETE", `/api/once_job/delete/${deleted}`)).toMatchObject({ code: 0 });
  const good = await api.create({ job_name: "works", command: "true", metadata });
  await until("the success is told", () => receiver.of(good).length === 1, 30_000);
  expect(receiver.of(good)[0]?.told).toMatchObject({ success: true, status: "succeeded", event: "finished" });
  expect(receiver.of(deleted)).toEqual([]);
  expect(await api.call("GET", `/api/job_callbacks/${deleted}`)).toMatchObject({ code: 0, data: [] });
  expect(await api.call("POST", `/api/job_callbacks/${deleted}/redeliver`)).toMatchObject({ http: 404, code: 101 });
  expect(await api.call("POST", `/api/job_callbacks/${good}/redeliver`, { run: 0 })).toMatchObject({
    http: 422,
    code: 104,
  });
});
