import { afterEach, describe, expect, it } from "vitest";
import { logPieces } from "../../../relay/kubernetes/log-pieces.ts";
import { readEndedLog } from "../../../relay/kubernetes/log-read.ts";
import { LogReading } from "../../../relay/kubernetes/log-reading.ts";
import { type Asked, answerStatus, quickClock, ScriptedApi } from "../support/scripted-api.ts";

const STAMP = "2026-11-24T16:00:00.123456789Z ";
const HOUR_MS = 3_600_000;
let api: ScriptedApi;
afterEach(() => api.stop());

async function read(script: (asked: Asked, api: ScriptedApi) => void, previous = false) {
  api = await ScriptedApi.start(script);
  const clock = quickClock();
  const request = { namespace: "default", podName: "pod1", container: "main", previous, follow: false };
  const reading = new LogReading({ limitBytes: 1_000, startedAt: null, witness: () => null });
  const { signal } = new AbortController();
  const giveUpMs = clock.monotonicMs() + HOUR_MS;
  const problem = await readEndedLog({ calls: api.calls, clock, reading, request, giveUpMs, signal });
  return { problem: problem?.words ?? null, text: [...logPieces(reading.cutter.finish())].join("") };
}

describe("the log of an ended container", () => {
  it("is asked for with timestamps, which it then lacks", async () => {
    const { text, problem } = await read(({ response }) => response.end(`${STAMP}one\n${STAMP}two`));

    expect({ text, problem }).toEqual({ text: "one\ntwo", problem: null });
    expect(api.asked[0]?.path).toBe("/api/v1/namespaces/default/pods/pod1/log");
    expect(Object.fromEntries(api.asked[0]?.query ?? [])).toEqual({ container: "main", timestamps: "true" });
  });

  it("of an earlier start is asked for as previous", async () => {
    await read(({ response }) => response.end(""), true);

    expect(api.asked[0]?.query.get("previous")).toBe("true");
  });

  it("is a problem when the pod is gone, without trying again", async () => {
    const { problem } = await read(({ response }) => answerStatus(response, 404, "NotFound", "pods pod1 not found"));

    expect(problem).toBe("the pod is gone");
    expect(api.asked).toHaveLength(1);
  });

  it("is a problem when the container has none", async () => {
    const words = 'previous terminated container "main" in pod "pod1" not found';
    const { problem } = await read(({ response }) => answerStatus(response, 400, "BadRequest", words));

    expect(problem).toContain(words);
  });

  it("is read on after failures that pass, from where it was", async () => {
    const { text, problem } = await read(({ response }, { asked }) => {
      if (asked.length === 1) answerStatus(response, 500, "InternalError", "kubelet unreachable");
      else if (asked.length === 2) response.write(`${STAMP}on`, () => response.destroy());
      else response.end(`${STAMP}one\n`);
    });

    expect({ text, problem }).toEqual({ text: "one\n", problem: null });
    expect(api.asked.map(({ query }) => query.get("sinceTime"))).toEqual([null, null, "2026-11-24T16:00:00Z"]);
  });

  it("is never kubelet's own error text, which comes with HTTP 200", async () => {
    const words = "unable to retrieve container logs for containerd://abc";
    const { text, problem } = await read(({ response }) => response.end(words));

    expect({ text, problem }).toEqual({ text: "", problem: words });
    expect(api.asked).toHaveLength(3);
  });

  it("is given up an hour after the end", async () => {
    const { problem } = await read(({ response }) => answerStatus(response, 503, "ServiceUnavailable", "later"));

    expect(problem).toContain("503");
    expect(api.asked.length).toBeGreaterThan(50);
  });
});
