import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../relay/clock.ts";
import { Follows, MAX_FOLLOWS, MAX_GUARDING_FOLLOWS } from "../../../relay/kubernetes/follows.ts";
import { type Asked, answerStatus, ScriptedApi } from "../support/scripted-api.ts";

const STAMP = "2026-11-24T16:00:00.000000001Z ";
const LATER = "2026-11-24T16:00:07.000000001Z ";
const KEY = { podName: "pod1", podUid: "uid1", container: "main", restart: 0 };
const CONTEXT = { limitBytes: 1_000, startedAt: null, witness: () => null };
let api: ScriptedApi;
afterEach(() => api.stop());

async function follow(script: (asked: Asked, api: ScriptedApi) => void): Promise<Follows> {
  api = await ScriptedApi.start(script);
  const follows = new Follows(api.calls, systemClock);
  follows.attach("default", KEY, CONTEXT, "rotation");
  return follows;
}

async function textOf(follows: Follows): Promise<{ text: string; drained: boolean | undefined }> {
  const taken = follows.take(KEY);
  const drained = await taken?.drained;
  const log = taken?.reading.cutter.finish();
  return { text: Buffer.concat([...(log?.head ?? []), ...(log?.tail ?? [])]).toString(), drained };
}

describe("a follow", () => {
  it("keeps what it read until it is released, although the pod and its log are gone by the end", async () => {
    const follows = await follow(({ response }) => response.end(`${STAMP}last words\n`));

    expect(await textOf(follows)).toEqual({ text: "last words\n", drained: true });
    expect(api.asked[0]?.query.get("follow")).toBe("true");
    expect(await textOf(follows)).toEqual({ text: "last words\n", drained: true });
    follows.release(KEY);
    expect(follows.take(KEY)).toBeNull();
  });

  it("that broke off did not end by itself, but keeps its beginning", async () => {
    const follows = await follow(({ response }) => response.write(`${STAMP}first\n`, () => response.destroy()));
    await expect.poll(() => follows.take(KEY)?.reading.cutter.totalBytes).toBe(6);

    expect(await textOf(follows)).toEqual({ text: "first\n", drained: false });
  });

  it("goes on after an end that its container did not have, from where it was", async () => {
    const follows = await follow(({ response }, { asked }) => {
      if (asked.length === 1) response.end(`${STAMP}one\n`);
      else response.end(`${STAMP}one\n${LATER}two\n`);
    });
    await expect
      .poll(() => follows.attach("default", KEY, CONTEXT, "rotation") && api.asked.length, { timeout: 10_000 })
      .toBe(2);

    expect(await textOf(follows)).toEqual({ text: "one\ntwo\n", drained: true });
    expect(api.asked[1]?.query.get("sinceTime")).toBe("2026-11-24T16:00:00Z");
  });

  it("is read on after its container's end as long as output comes", async () => {
    const follows = await follow(async ({ response }) => {
      for (let part = 0; part < 4; part++) {
        response.write(`${STAMP}part\n`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      response.end();
    });

    expect(await textOf(follows)).toEqual({ text: "part\n".repeat(4), drained: true });
  });

  it("is attached once while it is open", async () => {
    const follows = await follow(({ response }) => response.write(`${STAMP}first\n`));
    await expect.poll(() => api.asked.length).toBe(1);

    expect(follows.attach("default", KEY, CONTEXT, "rotation")).toBe(true);
    // A second request for the first pod would have come before this one.
    follows.attach("default", { ...KEY, podName: "pod2", podUid: "uid2" }, CONTEXT, "rotation");

    await expect.poll(() => api.asked.map(({ path }) => path.split("/").at(-2))).toEqual(["pod1", "pod2"]);
    expect([...follows.keys]).toEqual(["uid1/main/0", "uid2/main/0"]);
    follows.drop("uid1");
    expect([...follows.keys]).toEqual(["uid2/main/0"]);
  });

  it("against a rotation leaves room for those whose pod will go, and both are bounded", async () => {
    const follows = await follow(({ response }) => answerStatus(response, 503, "ServiceUnavailable", "later"));
    const attach = (at: number, reason: "rotation" | "pod_goes"): boolean =>
      follows.attach("default", { ...KEY, podUid: `p${at}` }, CONTEXT, reason);

    const guarding = Array.from({ length: 100 }, (_, at) => attach(at, "rotation"));
    const needed = Array.from({ length: 100 }, (_, at) => attach(1_000 + at, "pod_goes"));

    expect(guarding.filter(Boolean)).toHaveLength(MAX_GUARDING_FOLLOWS - 1);
    expect(needed.filter(Boolean)).toHaveLength(MAX_FOLLOWS - MAX_GUARDING_FOLLOWS);
  });

  it("of what was never followed is nothing", async () => {
    const follows = await follow(({ response }) => response.end());

    expect(follows.take({ ...KEY, restart: 7 })).toBeNull();
  });
});
