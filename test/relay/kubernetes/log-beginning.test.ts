import { afterEach, describe, expect, it } from "vitest";
import type { KubernetesCalls } from "../../../relay/kubernetes/calls.ts";
import { missingBeginning } from "../../../relay/kubernetes/log-beginning.ts";
import { LogPeeks } from "../../../relay/kubernetes/log-peeks.ts";
import { type Asked, answerStatus, quickClock, ScriptedApi } from "../support/scripted-api.ts";

const START = Date.parse("2026-11-24T16:00:00Z");
const stampAt = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();

describe("the beginning of a log", () => {
  const log = (change: Partial<Parameters<typeof missingBeginning>[0]>): string | null =>
    missingBeginning({ firstStamp: stampAt(1), startedAt: START, openedAt: START + 600_000, witness: null, ...change });

  it("is there where the first line is of the start, or still the one that was seen", () => {
    expect(log({})).toBeNull();
    expect(log({ firstStamp: stampAt(500), witness: { firstStamp: stampAt(500) } })).toBeNull();
  });

  it("is missing where an earlier first line was seen", () => {
    expect(log({ firstStamp: stampAt(90), witness: { firstStamp: stampAt(1) } })).toContain("rotated away");
  });

  it("is there where a late first line came after the log was seen empty, or after the stream was opened", () => {
    expect(log({ firstStamp: stampAt(500), witness: { emptyAtMs: 0 } })).toBeNull();
    expect(log({ firstStamp: stampAt(500), openedAt: START + 499_000 })).toBeNull();
  });

  it("is in doubt, and said so, where the first line is late and nobody looked", () => {
    expect(log({ firstStamp: stampAt(42) })).toContain("42 s after the start");
    expect(log({ firstStamp: stampAt(42), startedAt: null })).toBeNull();
  });
});

/** An API server's logs, with how many were asked for and how many of those were read to their end, or refused. */
class CountedLogs {
  opened = 0;
  over = 0;
  readonly #calls: KubernetesCalls;

  constructor(calls: KubernetesCalls) {
    this.#calls = calls;
  }

  async openLog(...asked: Parameters<KubernetesCalls["openLog"]>): ReturnType<KubernetesCalls["openLog"]> {
    this.opened += 1;
    const answer = await this.#calls.openLog(...asked);
    if (answer.ok) answer.body.once("close", () => this.#ended());
    else this.#ended();
    return answer;
  }

  /** Whoever asked hears of the end before anybody who waits for it here. */
  #ended(): void {
    setImmediate(() => {
      this.over += 1;
    });
  }
}

describe("a look at a log", () => {
  const key = { podName: "pod1", podUid: "uid1", container: "main", restart: 0 };
  let api: ScriptedApi;
  afterEach(() => api.stop());

  /** Looks once a second, and goes on when what that look asked for is there. */
  async function lookFor(seconds: number, script: (asked: Asked, api: ScriptedApi) => void): Promise<LogPeeks> {
    const clock = quickClock();
    api = await ScriptedApi.start(script);
    const logs = new CountedLogs(api.calls);
    const peeks = new LogPeeks(logs, clock, new AbortController().signal);
    for (let second = 0; second < seconds; second++) {
      peeks.look("default", key);
      await expect.poll(() => logs.over, { interval: 1 }).toBe(logs.opened);
      clock.forward(1_000);
    }
    return peeks;
  }

  it("is one short request after 10 s, which remembers the first line's time", async () => {
    const peeks = await lookFor(60, ({ response }) => response.end(`${stampAt(3)} some`));

    expect(peeks.witness(key)).toEqual({ firstStamp: stampAt(3) });
    expect(api.asked).toHaveLength(1);
    expect(api.asked[0]?.query.get("limitBytes")).toBe("40");
    peeks.drop("uid1");
    expect(peeks.witness(key)).toBeNull();
  });

  it("is not made before 10 s", async () => {
    await lookFor(10, ({ response }) => response.end(`${stampAt(3)} some`));

    expect(api.asked).toEqual([]);
  });

  it("is repeated after 20 and 40 s while there is nothing", async () => {
    const peeks = await lookFor(100, ({ response }) => response.end(""));

    // At 10, 30 and 70 s; the next would be at 150 s.
    expect(api.asked).toHaveLength(3);
    expect(peeks.witness(key)).toEqual({ emptyAtMs: 71_000 });
  });

  it("that failed says nothing", async () => {
    const peeks = await lookFor(15, ({ response }) => answerStatus(response, 500, "InternalError", "no kubelet"));

    expect(api.asked).toHaveLength(1);
    expect(peeks.witness(key)).toBeNull();
  });
});
