import { describe, expect, it } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import { step } from "../../../worker/jobs/lifecycle.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { RUN_STATES } from "../../../worker/jobs/lifecycle-run.ts";
import { newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import {
  createEvent,
  DUE_AT,
  ENDED_FAILED,
  ENDED_WITH_LOG,
  FACTS,
  factEvent,
  LATER,
  nameOf,
  SAMPLES,
  type SampleName,
  updateEvent,
} from "./lifecycle-samples.ts";
import { TABLE } from "./lifecycle-table.ts";

const AT = LATER - 10;
const NAME = { namespace: "default", jobName: "report", claimedAt: 1, releasing: null };

/** One event of every type: a type without one does not compile. */
const BASIC: Record<Exclude<Event["type"], "fact"> | `fact:${Fact["type"]}`, Event> = {
  create: createEvent({ claimedAt: LATER }),
  update: updateEvent(),
  rerun: { type: "rerun" },
  suspend: { type: "suspend", suspend: true },
  trigger: { type: "trigger" },
  cancel: { type: "cancel", run: 1 },
  delete: { type: "delete", force: false },
  late: { type: "late", cluster: "berlin", run: 1, linked: false },
  poke: { type: "poke" },
  tick: { type: "tick" },
  "fact:created": factEvent(FACTS.created, AT),
  "fact:create_refused": factEvent(FACTS.create_refused, AT),
  "fact:expired": factEvent(FACTS.expired, AT),
  "fact:dropped": factEvent(FACTS.dropped, AT),
  "fact:waiting": factEvent(FACTS.waiting, AT),
  "fact:started": factEvent(FACTS.started, AT),
  "fact:ended": factEvent(FACTS.ended, AT),
  "fact:log": factEvent(FACTS.log, AT),
  "fact:lost": factEvent(FACTS.lost, AT),
  "fact:removed": factEvent(FACTS.removed, AT),
  "fact:remove_failed": factEvent(FACTS.remove_failed, AT),
  chosen: { type: "chosen", run: 1, cluster: "paris" },
  choose_failed: { type: "choose_failed", run: 1, problem: "D1 is away" },
  booked: { type: "booked", run: 1, n: 1, answer: "booked" },
  book_failed: { type: "book_failed", run: 1, n: 1, problem: "overloaded" },
  looked: { type: "looked", run: 1, row: null, linkedSince: DUE_AT },
  look_failed: { type: "look_failed", run: 1 },
  cancel_answered: { type: "cancel_answered", run: 1, n: 2, answer: "removing" },
  cancel_failed: { type: "cancel_failed", run: 1, n: 2 },
  index_written: { type: "index_written", version: 99 },
  index_failed: { type: "index_failed" },
  name_released: { type: "name_released", name: NAME },
  release_failed: { type: "release_failed", name: NAME },
  purge_failed: { type: "purge_failed" },
  recalled: { type: "recalled", runs: [], below: null },
  called: { type: "called", run: 1, event: "finished", n: 1, at: AT, http: 500, error: "HTTP 500", jitter: 0.5 },
  redeliver: { type: "redeliver", wanted: {} },
};

/** The same types with other words, where these make another case. */
const OTHERS: Record<string, Event> = {
  "create:old_claim": createEvent({ claimedAt: LATER - 31_000 }),
  "update:force": updateEvent({ force: true }),
  "update:name": updateEvent({}, { jobName: "summary" }),
  "update:claimed": updateEvent({ claimedAt: LATER }, { jobName: "summary" }),
  "update:old_claim": updateEvent({ claimedAt: LATER - 31_000 }, { jobName: "summary" }),
  "cancel:unknown_run": { type: "cancel", run: 9 },
  "cancel:newest": { type: "cancel", run: 2 },
  "delete:force": { type: "delete", force: true },
  "late:elsewhere": { type: "late", cluster: "paris", run: 1, linked: false },
  "fact:ended:failed": factEvent(ENDED_FAILED, AT),
  "fact:ended:log": factEvent(ENDED_WITH_LOG, AT),
  "fact:removed:older": factEvent({ ...FACTS.removed, n: 1 }, AT),
  "fact:created:unknown_run": factEvent({ ...FACTS.created, run: 9 }, AT),
  "fact:created:another_job": factEvent({ ...FACTS.created, uid: "u9" }, AT),
  "fact:ended:elsewhere": factEvent(FACTS.ended, AT, "paris"),
  "chosen:none": { type: "chosen", run: 1, cluster: null },
  "booked:taken": { type: "booked", run: 1, n: 1, answer: "taken" },
  "booked:stale": { type: "booked", run: 1, n: 1, answer: "stale" },
  "looked:sent": {
    type: "looked",
    run: 1,
    row: { state: "sent", n: 1, firedAt: LATER, sentAt: LATER, waiting: null },
    linkedSince: DUE_AT,
  },
  "looked:away": { type: "looked", run: 1, row: null, linkedSince: null },
  "cancel_answered:unbooked": { type: "cancel_answered", run: 1, n: 2, answer: "unbooked" },
  "cancel_answered:stale": { type: "cancel_answered", run: 1, n: 2, answer: "stale" },
};

const EVENTS: Record<string, Event> = { ...BASIC, ...OTHERS };
const STATES = Object.keys(SAMPLES) as SampleName[];

/** What happens, in a word: `>` the state it moves to, `!` the code it is refused with, else why it is ignored. */
function outcomeOf(state: SampleName, event: Event): string {
  const taken = step(SAMPLES[state], event, LATER);
  switch (taken.kind) {
    case "moved":
      return `>${nameOf(taken.job)}`;
    case "ignored":
      return taken.reason;
    case "refused":
      return `!${taken.code}`;
  }
}

/** The expected outcomes: `outcome: state state …` under each event, or under several that come to the same. */
function expectedOf(text: string): Map<string, Map<string, string>> {
  const events = new Map<string, Map<string, string>>();
  let pairs = new Map<string, string>();
  for (const line of text.trim().split("\n")) {
    const [outcome = "", states] = line.trim().split(/:(?= )/);
    if (states === undefined) {
      pairs = new Map();
      for (const event of outcome.split(" ")) events.set(event, pairs);
      continue;
    }
    for (const state of states.trim().split(/ +/)) {
      if (pairs.has(state)) throw new Error(`${state} stands twice in the row of an event: ${line}`);
      pairs.set(state, outcome);
    }
  }
  return events;
}

describe("the life cycle's table", () => {
  const expected = expectedOf(TABLE);

  it("has a sample job in every state that a run can be in", () => {
    const present = new Set(Object.values(SAMPLES).map((job) => job && newestRun(job).state));
    expect([...RUN_STATES].filter((state) => !present.has(state))).toEqual([]);
  });

  it("has a row for every event and an outcome for every state, and no other", () => {
    expect([...expected.keys()].sort()).toEqual(Object.keys(EVENTS).sort());
    for (const pairs of expected.values()) expect([...pairs.keys()].sort()).toEqual([...STATES].sort());
  });

  it.each(Object.keys(EVENTS))("says what %s does in every state", (name) => {
    const event = EVENTS[name];
    const actual = STATES.map((state) => `${state}: ${event && outcomeOf(state, event)}`);
    expect(actual).toEqual(STATES.map((state) => `${state}: ${expected.get(name)?.get(state)}`));
  });

  it.each(STATES)("never lets the event be seen to change what it was given (%s)", (state) => {
    const before = structuredClone(SAMPLES[state]);
    for (const event of Object.values(EVENTS)) step(SAMPLES[state], event, LATER);
    expect(SAMPLES[state]).toEqual(before);
  });
});
