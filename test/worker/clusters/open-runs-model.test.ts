import { describe, expect, it } from "vitest";
import { newSeed, seeded } from "../../support/random.ts";
import { Model } from "./open-runs-model.ts";

describe("three relay processes, one run, and links that break at any moment", () => {
  const seed = newSeed();

  it(`never leave a Job behind of which the job was told that there is none (seed ${seed})`, () => {
    let ended = 0;
    for (let round = 0; round < 600; round += 1) {
      const model = new Model(seeded(seed + round));
      for (let step = 0; step < 250; step += 1) {
        const wasOver = model.over;
        const createsBefore = model.creates;
        model.step();
        const story = () => `seed ${seed + round}, step ${step}:\n${model.log.join("\n")}`;
        if (model.over) expect(model.exists, story()).toBe(false);
        if (wasOver) expect(model.creates, story()).toBe(createsBefore);
      }
      if (model.over) ended += 1;
    }
    // The rounds must reach the end that they are about.
    expect(ended).toBeGreaterThan(40);
  });

  it(`create the Job once while nobody takes it away (seed ${seed})`, () => {
    let created = 0;
    for (let round = 0; round < 200; round += 1) {
      const model = new Model(seeded(seed + round));
      for (let step = 0; step < 120 && !model.over; step += 1) model.step();
      if (model.creates > 0) created += 1;
      if (!model.over) expect(model.creates, model.log.join("\n")).toBeLessThanOrEqual(2);
    }
    expect(created).toBeGreaterThan(20);
  });
});
