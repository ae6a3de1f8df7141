import { describe, expect, it } from "vitest";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { EVENTS } from "./slot-events.ts";
import { SLOT_SAMPLES, type SlotSampleName, slotsIn } from "./slot-samples.ts";
import { SLOT_TABLE } from "./slot-table.ts";

const NAMES = Object.keys(SLOT_SAMPLES) as SlotSampleName[];

/** What the event comes to, in the table's words. */
function outcomeOf(name: SlotSampleName, event: Event, at: number): string {
  const { step, job, effects } = advance(SLOT_SAMPLES[name], event, at);
  const isClock = event.type === "tick";
  const why =
    step.kind === "refused" ? `!${step.code} ` : step.kind === "ignored" && !isClock ? `(${step.reason}) ` : "";
  const calls = effects.map((effect) =>
    effect.type === "book" || effect.type === "cancel" ? ` ${effect.type} ${effect.run}` : "",
  );
  return `${why}${job ? slotsIn(job) : ""}${calls.join("")}`;
}

/** The expected outcomes, by event and sample. */
function expectedOf(text: string): Map<string, Map<string, string>> {
  const events = new Map<string, Map<string, string>>();
  let samples = new Map<string, string>();
  for (const line of text.trim().split("\n")) {
    const [outcome = "", names] = line.trim().split(" <- ");
    if (names === undefined) {
      samples = new Map();
      events.set(outcome, samples);
      continue;
    }
    for (const name of names.split(" ")) {
      if (samples.has(name)) throw new Error(`${name} stands twice: ${line}`);
      samples.set(name, outcome);
    }
  }
  return events;
}

describe("the table of slots", () => {
  const expected = expectedOf(SLOT_TABLE);

  it("has a row for every event and an outcome for every sample, and no other", () => {
    expect([...expected.keys()].sort()).toEqual(Object.keys(EVENTS).sort());
    for (const samples of expected.values()) expect([...samples.keys()].sort()).toEqual([...NAMES].sort());
  });

  it.each(Object.entries(EVENTS))("says what %s does to every sample", (name, [at, event]) => {
    const actual = NAMES.map((sample) => `${sample}: ${outcomeOf(sample, event, at)}`);
    expect(actual).toEqual(NAMES.map((sample) => `${sample}: ${expected.get(name)?.get(sample)}`));
  });
});
