import { describe, expect, it } from "vitest";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import { leadMs, retryAfter } from "../../../worker/jobs/lifecycle-clock.ts";
import { ATTEMPT_MS, RETENTION_MS } from "../../../worker/jobs/lifecycle-limits.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { createEvent, DUE_AT, FACTS, factEvent, JOB_ID, jobAfter, LATER, SAMPLES, T0 } from "./lifecycle-samples.ts";

describe("the lead", () => {
  it("lies between 60 and 180 s and spreads ten thousand jobs evenly over those two minutes", () => {
    const leads = Array.from({ length: 10_000 }, (_, index) => leadMs(`job${index.toString(36)}`));

    expect(Math.min(...leads)).toBeGreaterThanOrEqual(60_000);
    expect(Math.max(...leads)).toBeLessThanOrEqual(180_000);
    const perSecond = new Array<number>(121).fill(0);
    for (const lead of leads)
      perSecond[Math.floor((lead - 60_000) / 1_000)] = (perSecond[Math.floor((lead - 60_000) / 1_000)] ?? 0) + 1;
    expect(Math.max(...perSecond)).toBeLessThan(140);
  });
});

describe("retries", () => {
  it("double from half a second to a minute, within a fifth of that", () => {
    const pauses = Array.from({ length: 12 }, (_, attempts) => retryAfter(attempts, JOB_ID, T0).nextAttemptAt - T0);

    for (const [attempts, pause] of pauses.entries()) {
      const middle = Math.min(60_000, 500 * 2 ** attempts);
      expect(pause).toBeGreaterThanOrEqual(middle * 0.8);
      expect(pause).toBeLessThanOrEqual(middle * 1.2);
    }
  });

  it("stay finite after a thousand failures", () => {
    expect(retryAfter(1_000, JOB_ID, T0).nextAttemptAt).toBeLessThanOrEqual(T0 + 72_000);
  });
});

describe("the alarm", () => {
  const alarmOf = (job: Job | null, now: number) => job && nextAlarmAt(job, now);

  it("rings a job that is due later at its time less its lead", () => {
    expect(alarmOf(SAMPLES.due, T0)).toBe(DUE_AT - leadMs(JOB_ID));
  });

  it("nets the first attempt at booking a job that is due at once", () => {
    const job = jobAfter([T0, createEvent({}, { execAt: T0 })]);

    expect(alarmOf(job, T0)).toBe(T0 + ATTEMPT_MS);
  });

  it("is not set while the cluster's object has the run", () => {
    expect(alarmOf(SAMPLES.booked, DUE_AT)).toBeNull();
    expect(alarmOf(SAMPLES.sent, DUE_AT)).toBeNull();
    expect(alarmOf(SAMPLES.created, DUE_AT + 100)).toBeNull();
    expect(alarmOf(SAMPLES.running, DUE_AT + 1_000)).toBeNull();
  });

  it("looks at a booked run once its start deadline is past", () => {
    const job = jobAfter(
      [T0, createEvent({}, { startingDeadlineSeconds: 60 })],
      [DUE_AT - 30_000, { type: "tick" }, { type: "booked", run: 1, n: 1, answer: "booked" }],
    );

    expect(alarmOf(job, DUE_AT)).toBe(DUE_AT + 61_000);
  });

  it("ends the wait for logs, and purges what is over after thirty days", () => {
    expect(alarmOf(SAMPLES.ending, DUE_AT + 2_000)).toBe(DUE_AT + 1_520 + 10_000);
    expect(alarmOf(SAMPLES.succeeded, DUE_AT + 2_000)).toBe(DUE_AT + 1_520 + RETENTION_MS);
  });

  it("counts the thirty days anew from a deletion", () => {
    const deleted = advance(SAMPLES.succeeded, { type: "delete", force: false }, LATER).job;

    expect(deleted?.purge?.nextAttemptAt).toBe(LATER + RETENTION_MS);
  });

  it("never asks for a moment that is less than 50 ms ahead, nor more than 30 days", () => {
    const overdue = jobAfter([T0, createEvent({}, { execAt: T0 })]);
    const farOff = jobAfter([T0, createEvent({}, { execAt: T0 + 5 * 365 * 24 * 3_600_000 })]);

    expect(alarmOf(overdue, T0 + 3_600_000)).toBe(T0 + 3_600_000 + 50);
    expect(alarmOf(farOff, T0)).toBe(T0 + 30 * 24 * 3_600_000);
  });
});

describe("who comes back to an index row whose first write is lost", () => {
  it("is the sweep while the job waits, since the old row is overdue or missing", () => {
    expect(jobAfter([T0, createEvent()]).index).toMatchObject({ version: 1, written: 0, net: "sweep" });
    expect(SAMPLES.created?.index).toMatchObject({ version: 2, net: "sweep" });
  });

  it("is the relay where a fact ended the run, and our own alarm once that fact came again", () => {
    const ended = jobAfter([T0, createEvent({}, { execAt: T0 })], [T0 + 900, factEvent(FACTS.ended, T0 + 900)]);
    const again = advance(ended, factEvent(FACTS.ended, T0 + 900), T0 + 1_000).job;

    expect(ended.index.net).toBe("relay");
    expect(again?.index.net).toBe("alarm");
    expect(alarmOf(again, T0 + 1_000)).toBe(T0 + 900 + ATTEMPT_MS);
  });

  it("is our own alarm for a deletion and for whatever failed once", () => {
    expect(SAMPLES.deleted?.index.net).toBe("alarm");
    const failed = advance(jobAfter([T0, createEvent()]), { type: "index_failed" }, T0 + 10);
    expect(failed.job?.index).toMatchObject({ net: "alarm", attempts: 1 });
    expect(failed.durable).toBe(true);
  });

  function alarmOf(job: Job | null | undefined, now: number): number | null {
    return job ? nextAlarmAt(job, now) : null;
  }
});

describe("what need not be stored", () => {
  it("is what the cluster's object or D1 tells again", () => {
    const booked = advance(SAMPLES.due, { type: "booked", run: 1, n: 1, answer: "booked" }, DUE_AT - 1_000);
    const written = advance(jobAfter([T0, createEvent()]), { type: "index_written", version: 1 }, T0 + 5);

    expect([booked.durable, written.durable]).toEqual([false, false]);
  });

  it("is never a fact, a request or a failure", () => {
    const turns = [
      advance(SAMPLES.booked, factEvent(FACTS.created, DUE_AT), DUE_AT),
      advance(SAMPLES.due, { type: "delete", force: true }, T0 + 1),
      advance(SAMPLES.due, { type: "book_failed", run: 1, n: 1, problem: "overloaded" }, DUE_AT),
    ];

    expect(turns.map(({ durable }) => durable)).toEqual([true, true, true]);
  });
});
