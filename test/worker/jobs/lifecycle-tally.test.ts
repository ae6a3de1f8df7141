import { describe, expect, it } from "vitest";
import { advanceAll } from "../../../worker/jobs/lifecycle.ts";
import type { CallAttempt, Callback } from "../../../worker/jobs/lifecycle-callback.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { tallyOf } from "../../../worker/jobs/lifecycle-tally.ts";
import { createEvent, DUE_AT, ENDED_FAILED, FACTS, factEvent, SAMPLES, T0 } from "./lifecycle-samples.ts";

/** What a turn of these events has to be counted for. */
function tallyAfter(job: Job | null, now: number, ...events: Event[]) {
  return tallyOf(job, advanceAll(job, events, now).job);
}

describe("the tally of a turn", () => {
  const at = DUE_AT + 2_000;
  const fact = (told: Parameters<typeof factEvent>[0]) => factEvent(told, at);

  it.each<[string, Job, Event[], object]>([
    ["a Job that was seen", SAMPLES.booked, [factEvent(FACTS.created, DUE_AT + 40)], { latenessMs: [40] }],
    ["a success", SAMPLES.running, [fact(FACTS.ended)], { ended: { succeeded: 1 } }],
    ["a failure", SAMPLES.running, [fact(ENDED_FAILED)], { ended: { failed: 1 } }],
    ["a Job that vanished", SAMPLES.running, [fact(FACTS.lost)], { ended: { lost: 1 } }],
    ["a start deadline", SAMPLES.booked, [fact(FACTS.expired)], { ended: { skipped: 1 } }],
    ["a cancel before its time", SAMPLES.asked, [unbooked()], { ended: { cancelled: 1 } }],
    [
      "a whole life in one frame",
      SAMPLES.booked,
      [factEvent(FACTS.created, DUE_AT + 7), fact(FACTS.started), fact(FACTS.ended)],
      { ended: { succeeded: 1 }, latenessMs: [7] },
    ],
    ["a Job of a run that is over", SAMPLES.deleted, [fact(FACTS.created)], { repairs: { job_after_end: 1 } }],
  ])("counts %s", (_, job, events, expected) => {
    const nothing = { ended: {}, latenessMs: [], callbacks: {}, repairs: {} };
    expect(tallyAfter(job, at, ...events)).toEqual({ ...nothing, ...expected });
  });

  it.each<[string, Job | null, Event[]]>([
    ["a create", null, [createEvent()]],
    ["a booking", SAMPLES.due, [{ type: "booked", run: 1, n: 1, answer: "booked" }]],
    ["a start", SAMPLES.created, [factEvent(FACTS.started, DUE_AT + 500)]],
    ["a fact that comes again", SAMPLES.succeeded, [factEvent(FACTS.created, T0), factEvent(FACTS.ended, T0)]],
  ])("is none for %s", (_, job, events) => {
    expect(tallyAfter(job, DUE_AT + 60, ...events)).toBeNull();
  });

  it("counts each slot that did not run, also those that join a record", () => {
    const record = { ...SAMPLES.skipped.runs[0], slotAt: DUE_AT, count: 3 };
    const before = { ...SAMPLES.skipped, runs: [record] } as Job;
    const after = { ...before, runs: [{ ...record, count: 7 }] } as Job;

    expect(tallyOf(before, after)?.ended).toEqual({ skipped: 4 });
  });

  it.each<[string, Partial<CallAttempt>]>([
    ["delivered", { error: "", nextAt: null }],
    ["retried", { error: "the answer was 500", nextAt: DUE_AT }],
    ["failed", { error: "the answer was 500", nextAt: null }],
  ])("counts an attempt at a callback as %s", (result, attempt) => {
    const callback = { run: 1, event: "finished", attempts: [] } as unknown as Callback;
    const called = { ...callback, attempts: [{ at: DUE_AT, http: 0, error: "", nextAt: null, ...attempt }] };

    const tally = tallyOf(
      { ...SAMPLES.succeeded, callbacks: [callback] },
      { ...SAMPLES.succeeded, callbacks: [called] },
    );

    expect(tally?.callbacks).toEqual({ [result]: 1 });
  });

  function unbooked(): Event {
    return { type: "cancel_answered", run: 1, n: 2, answer: "unbooked" };
  }
});
