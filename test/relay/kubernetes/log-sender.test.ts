import { describe, expect, it } from "vitest";
import type { FactAnswer, FactBody } from "../../../relay/facts.ts";
import { LogReading } from "../../../relay/kubernetes/log-reading.ts";
import { LogSender } from "../../../relay/kubernetes/log-sender.ts";
import { RunStore } from "../../../relay/kubernetes/run-store.ts";
import { jobObject } from "../support/objects.ts";
import { quickClock } from "../support/scripted-api.ts";

const KEY = { podName: "pod1", podUid: "uid1", container: "main", restart: 0 };
const MIB = 1024 * 1024;

function startSending(limitBytes: number, answer: (fact: FactBody) => FactAnswer = () => "ok") {
  const clock = quickClock();
  const facts: (FactBody & { type: "log" })[] = [];
  const report = async (fact: FactBody): Promise<FactAnswer> => {
    if (fact.type === "log") facts.push(fact);
    return answer(fact);
  };
  const run = new RunStore().takeJob(jobObject(), 0, true);
  if (!run) throw new Error("no run");
  const reading = new LogReading({ limitBytes, startedAt: null, witness: () => null });
  const over = Promise.withResolvers<string | null>();
  const sender = new LogSender({ clock, report, onBytes: () => {} }, run, KEY, false);
  const sent = sender.send(reading, over.promise);
  const push = (bytes: Buffer): void => {
    reading.cutter.push(bytes);
    reading.wake();
  };
  return { clock, facts, push, over, sent };
}

describe("a log that is sent while it is read", () => {
  it("has left with its head before its end is known", async () => {
    const { facts, push, over, sent } = startSending(8 * MIB);

    push(Buffer.alloc(2 * MIB, "x"));
    await expect.poll(() => facts.length).toBeGreaterThanOrEqual(7);
    expect(facts.every((fact) => !fact.last)).toBe(true);
    push(Buffer.from("end\n"));
    over.resolve(null);

    expect(await sent).toBe("ok");
    expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, at) => at));
    expect(facts.map(({ text }) => text).join("")).toBe(`${"x".repeat(2 * MIB)}end\n`);
    expect(facts.filter(({ last }) => last)).toEqual([facts.at(-1)]);
  });

  it("gives a sign of life while only what will be cut comes", async () => {
    const { clock, facts, push, over, sent } = startSending(1_000);
    for (let second = 0; second < 10; second++) {
      push(Buffer.alloc(10_000, "x"));
      clock.forward(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    over.resolve(null);

    expect(await sent).toBe("ok");
    const signs = facts.filter(({ text }) => text === "");
    expect(signs.length).toBeGreaterThanOrEqual(2);
    expect(signs.every(({ seq, last }) => seq === 0 && !last)).toBe(true);
    expect(facts.at(-1)).toMatchObject({ seq: 0, last: true });
  });

  it("says why it is not whole with its last piece", async () => {
    const { facts, push, over, sent } = startSending(1_000);
    push(Buffer.from("so far"));
    over.resolve("the pod is gone");

    expect(await sent).toBe("ok");
    expect(facts).toMatchObject([{ text: "so far", last: true, problem: "the pod is gone" }]);
  });

  it("is given up where a piece is refused", async () => {
    const { push, over, sent } = startSending(16 * MIB, ({ type }) => (type === "log" ? "refused" : "ok"));
    push(Buffer.alloc(4 * MIB, "x"));
    over.resolve(null);

    expect(await sent).toBe("refused");
  });
});
