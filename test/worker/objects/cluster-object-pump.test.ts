import { describe, expect, it } from "vitest";
import type { FactAnswer, TakenFact } from "../../../worker/jobs/calls.ts";
import { type CarriedFact, FactPump } from "../../../worker/objects/cluster-object-pump.ts";
import { newSeed, seeded } from "../../support/random.ts";

const OK: FactAnswer = { answer: "ok", final: false };

function carried(jobId: string, id: number): CarriedFact {
  const fact = { type: "started" as const, jobId, run: 1, id, ageMs: 0, podName: "p" };
  return { process: "p1", fact, taken: { fact, at: 0, firedAt: null, sentAt: null } };
}

/** A pump whose jobs answer as told, with what they were given and what came of it. */
function pumpTo(deliver: (jobId: string, facts: TakenFact[]) => Promise<FactAnswer[]>) {
  const delivered: string[] = [];
  const settled: [number, string][] = [];
  const pauses: number[] = [];
  const failures: string[] = [];
  const pump = new FactPump({
    deliver: async (jobId, facts) => {
      delivered.push(...facts.map((taken) => `${jobId}:${taken.fact.id}`));
      return await deliver(jobId, facts);
    },
    settled: (facts, answers) => {
      facts.forEach((each, index) => {
        settled.push([each.fact.id, answers[index]?.answer ?? "none"]);
      });
    },
    pause: async (ms) => {
      pauses.push(ms);
    },
    failed: (what) => {
      failures.push(what);
    },
  });
  return { pump, delivered, settled, pauses, failures };
}

describe("facts on their way to their jobs", () => {
  it("go to one job in order, one call at a time, and many in a call", async () => {
    let open = 0;
    const sizes: number[] = [];
    const { pump, delivered } = pumpTo(async (_jobId, facts) => {
      open += 1;
      expect(open).toBe(1);
      sizes.push(facts.length);
      await Promise.resolve();
      open -= 1;
      return facts.map(() => OK);
    });

    await pump.carry(Array.from({ length: 80 }, (_, index) => carried("a", index + 1)));

    expect(delivered).toEqual(Array.from({ length: 80 }, (_, index) => `a:${index + 1}`));
    expect(sizes).toEqual([32, 32, 16]);
  });

  it("go to at most 50 jobs at once", async () => {
    let open = 0;
    let most = 0;
    const { pump, settled } = pumpTo(async (_jobId, facts) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open -= 1;
      return facts.map(() => OK);
    });

    await pump.carry(Array.from({ length: 180 }, (_, index) => carried(`j${index}`, index + 1)));

    expect(most).toBe(50);
    expect(settled).toHaveLength(180);
  });

  it("are tried again when their job can't be reached, and refused with a reason in the end", async () => {
    const { pump, settled, pauses, failures } = pumpTo(async (jobId, facts) => {
      if (jobId === "broken") throw new Error("no such object");
      return facts.map(() => OK);
    });

    await pump.carry([carried("broken", 1), carried("fine", 2), carried("broken", 3)]);

    expect(pauses).toEqual([200, 500, 1_000, 2_000, 4_000]);
    expect(failures).toHaveLength(6);
    expect(settled).toContainEqual([1, "refused"]);
    expect(settled).toContainEqual([3, "refused"]);
    // The healthy job does not wait for the broken one.
    expect(settled[0]).toEqual([2, "ok"]);
  });

  it("are tried again when the answers do not match the facts", async () => {
    let calls = 0;
    const { pump, settled } = pumpTo(async (_jobId, facts) => {
      calls += 1;
      return calls === 1 ? [] : facts.map(() => OK);
    });
    await pump.carry([carried("a", 1)]);
    expect([calls, settled]).toEqual([2, [[1, "ok"]]]);
  });

  const seed = newSeed();
  it(`never overtake each other, whatever fails and whenever they come (seed ${seed})`, async () => {
    const random = seeded(seed);
    const reached = new Map<string, number[]>();
    const { pump, settled } = pumpTo(async (jobId, facts) => {
      if (random() < 0.3) await Promise.resolve();
      if (random() < 0.2) throw new Error("away for a moment");
      reached.set(jobId, [...(reached.get(jobId) ?? []), ...facts.map((taken) => taken.fact.id)]);
      return facts.map(() => OK);
    });
    const frames: Promise<void>[] = [];
    for (let id = 1; id <= 400; id += 1) {
      frames.push(pump.carry([carried(`j${Math.floor(random() * 7)}`, id)]));
      if (random() < 0.2) await Promise.resolve();
    }
    await Promise.all(frames);
    await expect.poll(() => settled.length).toBe(400);
    for (const ids of reached.values()) expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });
});
