import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type Asked, answerStatus, ScriptedApi } from "../support/scripted-api.ts";

let api: ScriptedApi;
afterEach(() => api.stop());

/** Answers everything but `/readyz` with 403 `times` times, then with success; `/readyz` with each of `readiness` in turn. */
async function start(times: number, readiness: number[], message = "jobs.batch is forbidden: cannot"): Promise<void> {
  let denied = 0;
  api = await ScriptedApi.start(({ path, response }: Asked) => {
    if (path === "/readyz") response.writeHead(readiness.shift() ?? 200).end("ok");
    else if (denied++ < times) answerStatus(response, 403, "Forbidden", message);
    else response.end("{}");
  });
}

const get = () => api.calls.api.request({ method: "GET", path: "/x" });
const post = () => api.calls.api.request({ method: "POST", path: "/x", body: {} });
const asked = (): string[] => api.asked.map(({ method, path }) => `${method} ${path}`);

describe("a 403", () => {
  it("of an API server that is not ready counts as one that is starting, and may pass", async () => {
    await start(9, [500]);

    expect(await get()).toMatchObject({ ok: false, failure: { status: 503, reason: "ApiServerStarting" } });
  });

  it("is asked once more when the API server is ready, and may have been its start's", async () => {
    await start(1, [200]);

    expect(await get()).toEqual({ ok: true, body: {} });
    expect(asked()).toEqual(["GET /x", "GET /readyz", "GET /x"]);
  });

  it("that comes twice, the second time from one that is ready, is a missing right", async () => {
    await start(9, [200]);

    expect(await get()).toMatchObject({ failure: { status: 403 } });
  });

  it("of a create is not asked again here: each attempt needs the right to create", async () => {
    await start(9, [200]);

    expect(await post()).toMatchObject({ failure: { status: 403 } });
    expect(asked()).toEqual(["POST /x", "GET /readyz"]);
  });

  it("of `/readyz` itself is no readiness where it was allowed before, and tells nothing where it never was", async () => {
    await start(9, [200, 403]);
    await api.calls.api.hasEvidenceOfReadiness();
    expect(await get()).toMatchObject({ failure: { reason: "ApiServerStarting" } });
    await api.stop();

    await start(9, [403]);
    expect(await get()).toMatchObject({ failure: { status: 403 } });
  });

  it("for want of quota is told by its words", async () => {
    await start(9, [], "exceeded quota: rq");

    expect(await get()).toMatchObject({ failure: { status: 403 } });
    expect(asked()).toEqual(["GET /x"]);
  });

  it("of a stream is treated alike", async () => {
    await start(1, [200]);
    const stream = await api.calls.api.stream({ path: "/x", query: {}, signal: new AbortController().signal });

    expect(stream.ok).toBe(true);
    if (stream.ok) stream.body.resume();
  });
});

describe("a stream that must not be silent", () => {
  it("fails once no byte came for as long as it was given", async () => {
    api = await ScriptedApi.start(({ response }) => response.write("a"));
    const { signal } = new AbortController();
    const stream = await api.calls.api.stream({ path: "/log", query: {}, signal, silenceMs: 100 });
    if (!stream.ok) throw new Error("no stream");

    const read = async () => {
      for await (const _ of stream.body);
    };

    await expect(read()).rejects.toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
  });
});

describe("after the end", () => {
  it("nothing connects any more, and streams that were given up leave no connection behind", async () => {
    api = await ScriptedApi.start(({ response }) => response.write("a"));
    for (let index = 0; index < 100; index++) {
      const giveUp = new AbortController();
      const stream = await api.calls.api.stream({ path: "/watch", query: {}, signal: giveUp.signal });
      if (!stream.ok) throw new Error("no stream");
      stream.body.on("error", () => {});
      giveUp.abort();
    }
    while ((await api.connections()) > 0) await delay(5);

    await api.calls.api.close();

    expect(await get()).toMatchObject({ ok: false, failure: { status: 0 } });
    expect(await api.connections()).toBe(0);
  });
});
