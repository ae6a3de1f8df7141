import { afterEach, describe, expect, it } from "vitest";
import type { FactBody } from "../../../relay/facts.ts";
import type { PodRecord } from "../../../relay/kubernetes/pods.ts";
import { startParts } from "../support/cluster-parts.ts";
import { containerStatus, podObject, seenPod } from "../support/objects.ts";
import { type Asked, answerStatus, type ScriptedApi } from "../support/scripted-api.ts";

const STAMP = "2026-11-24T16:00:00.000000001Z ";
const key = (restart: number) => ({ podName: "pod1", podUid: "pod1-uid", container: "main", restart });
/** A pod whose container ended after its fourth start. */
const RESTARTED = seenPod(podObject({ containers: [containerStatus("main", { terminated: { exitCode: 0 } }, 3)] }));
const GONE = seenPod(podObject({ containers: [containerStatus("main", { running: {} })] }), "gone");

let api: ScriptedApi;
afterEach(() => api.stop());

async function start(script: (asked: Asked, api: ScriptedApi) => void) {
  const parts = await startParts(script);
  api = parts.api;
  const collect = async (restart: number, pod: PodRecord) => {
    await parts.collector.collect(parts.track(), key(restart), pod, 10_000_000);
    return parts.facts.filter((fact): fact is FactBody & { type: "log" } => fact.type === "log");
  };
  const follow = async (restart: number, pod: PodRecord) => {
    const context = parts.collector.context(parts.track(), key(restart), pod);
    parts.follows.attach("default", key(restart), context, "pod_goes");
    await expect.poll(() => api.asked.length).toBe(1);
  };
  return { ...parts, collect, follow };
}

describe("the log of a start", () => {
  it("before the last two, which nobody followed, is not asked for and says why", async () => {
    const { collect } = await start(({ response }) => response.end());

    expect(await collect(1, RESTARTED)).toMatchObject([
      { text: "", last: true, problem: expect.stringContaining("last two starts") },
    ]);
    expect(api.asked).toEqual([]);
  });

  it("before the last is asked for as previous", async () => {
    const { collect } = await start(({ response }) => response.end(`${STAMP}third\n`));

    expect(await collect(2, RESTARTED)).toMatchObject([{ text: "third\n", last: true }]);
    expect(api.asked[0]?.query.get("previous")).toBe("true");
  });

  it("that was followed to its end is whole, though the node has none of it any more", async () => {
    const { collect, follow } = await start(({ query, response }) =>
      response.end(query.get("previous") ? "unable to retrieve container logs for x" : `${STAMP}third\n`),
    );
    await follow(2, RESTARTED);

    const facts = await collect(2, RESTARTED);

    expect(facts).toMatchObject([{ text: "third\n", last: true }]);
    expect(facts[0]?.problem).toBeUndefined();
  });
});

describe("the log of a pod that is gone", () => {
  const gone = (asked: Asked, followed: (asked: Asked) => void): void => {
    if (asked.query.get("follow")) followed(asked);
    else answerStatus(asked.response, 404, "NotFound", "pods pod1 not found");
  };

  it("is what a follow brought", async () => {
    const { collect, follow } = await start((asked) =>
      gone(asked, ({ response }) => response.end(`${STAMP}last words\n`)),
    );
    await follow(0, GONE);

    const [fact] = await collect(0, GONE);

    expect(fact).toMatchObject({ text: "last words\n", last: true });
    expect(fact?.problem).toBeUndefined();
  });

  it("says so where the follow had broken off", async () => {
    const { collect, follow } = await start((asked) =>
      gone(asked, ({ response }) => response.write(`${STAMP}first\n`, () => response.destroy())),
    );
    await follow(0, GONE);

    expect(await collect(0, GONE)).toMatchObject([{ last: true, problem: expect.stringContaining("broken off") }]);
  });

  it("that the control plane refused is sent again from what was followed", async () => {
    let refusals = 1;
    const parts = await startParts(
      (asked) => gone(asked, ({ response }) => response.end(`${STAMP}last words\n`)),
      () => (refusals-- > 0 ? "refused" : "ok"),
    );
    api = parts.api;
    const run = parts.track();
    parts.follows.attach("default", key(0), parts.collector.context(run, key(0), GONE), "pod_goes");
    await expect.poll(() => api.asked.length).toBe(1);

    expect(await parts.collector.collect(run, key(0), GONE, 10_000_000)).toBe("refused");
    expect(await parts.collector.collect(run, key(0), GONE, 10_000_000)).toBe("ok");

    expect(parts.facts).toMatchObject([{ text: "last words\n" }, { text: "last words\n" }]);
    expect(parts.follows.keys.size).toBe(0);
  });
});
