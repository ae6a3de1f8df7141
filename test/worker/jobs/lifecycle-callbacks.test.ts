import { describe, expect, it } from "vitest";
import { advanceAll } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { Callback } from "../../../worker/jobs/lifecycle-callback.ts";
import { type CallEffect, nextPauseMs } from "../../../worker/jobs/lifecycle-callbacks.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { seeded } from "../../support/random.ts";
import { createEvent, DUE_AT, ENDED_FAILED, FACTS, factEvent, jobAfter, T0 } from "./lifecycle-samples.ts";

const HOUR_MS = 3_600_000;
const END_AT = DUE_AT + 1_520;
const BOOKED: Event = { type: "booked", run: 1, n: 1, answer: "booked" };
const REMOVING: Event = { type: "cancel_answered", run: 1, n: 2, answer: "removing" };
const ENDED = factEvent(FACTS.ended, DUE_AT + 1_500);

type Turn = [now: number, ...events: Event[]];

function createTurn(metadata: Record<string, string> = {}, startingDeadlineSeconds: number | null = null): Turn {
  const called = { callback_url: "https://example.com/hook", ...metadata };
  return [T0, createEvent({}, { metadata: called, startingDeadlineSeconds })];
}

/** The sample job, running, with a callback_url. */
function runningTurns(metadata: Record<string, string> = {}): Turn[] {
  return [
    createTurn(metadata),
    [DUE_AT - 30_000, { type: "tick" }, BOOKED],
    [DUE_AT + 520, factEvent(FACTS.created, DUE_AT + 10), factEvent(FACTS.started, DUE_AT + 500)],
  ];
}

function turn(job: Job, now: number, ...events: Event[]): { job: Job; calls: CallEffect[] } {
  const advanced = advanceAll(job, events, now);
  if (advanced.job === null) throw new Error("the job vanished");
  return { job: advanced.job, calls: advanced.effects.filter((effect) => effect.type === "call") };
}

function answer(call: CallEffect, at: number, http: number, jitter = 0.5): Event {
  return { ...call, type: "called", at, http, error: http === 200 ? "" : `HTTP ${http}`, jitter };
}

function onlyCallback(job: Job): Callback {
  const [callback, ...others] = job.callbacks ?? [];
  if (callback === undefined || others.length > 0)
    throw new Error(`not one callback: ${JSON.stringify(job.callbacks)}`);
  return callback;
}

/** A job whose receiver fails from the first attempt on until it is given up, by its own alarm, and each attempt's moment. */
function failingForEver(random: () => number): { job: Job; attempts: number[] } {
  let { job, calls } = turn(jobAfter(...runningTurns()), END_AT, ENDED);
  let now = END_AT;
  const attempts: number[] = [];
  for (let rings = 0; calls.length > 0 && rings < 1_000; rings += 1) {
    const [call] = calls;
    if (call === undefined) break;
    attempts.push(now);
    job = turn(job, now, answer(call, now, 500, random())).job;
    now = nextAlarmAt(job, now) ?? Number.POSITIVE_INFINITY;
    if (now > END_AT + 48 * HOUR_MS) break;
    ({ job, calls } = turn(job, now, { type: "tick" }));
  }
  return { job, attempts };
}

describe("the retries of a callback", () => {
  it.each([0, 0.25, 0.5, 0.75, 1, "random"])(
    "begin within 10 s, double within a fifth up to an hour, and end after 24 h (jitter %s)",
    (jitter) => {
      const random = typeof jitter === "number" ? () => jitter : seeded(7);

      const { job, attempts } = failingForEver(random);

      const pauses = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
      expect(pauses[0]).toBeGreaterThanOrEqual(4_000);
      expect(pauses[0]).toBeLessThanOrEqual(6_000);
      pauses.slice(1).forEach((pauseMs, index) => {
        const twice = 2 * (pauses[index] ?? 0);
        expect(pauseMs).toBeLessThanOrEqual(Math.min(HOUR_MS, twice * 1.2 + 1));
        expect(pauseMs).toBeGreaterThanOrEqual(Math.min(HOUR_MS, twice * 0.8 - 1));
      });
      const forMs = (attempts.at(-1) ?? 0) - END_AT;
      expect(forMs).toBeLessThanOrEqual(24 * HOUR_MS);
      expect(forMs).toBeGreaterThan(23 * HOUR_MS);
      const { call, attempts: shown } = onlyCallback(job);
      expect(call).toBeNull();
      expect(shown).toHaveLength(attempts.length);
      expect(shown.at(-1)).toMatchObject({ http: 500, error: "HTTP 500", nextAt: null });
      expect(shown.slice(0, -1).map(({ nextAt }) => nextAt)).toEqual(attempts.slice(1));
    },
  );

  it("follow the table of pauses without jitter", () => {
    const pauses = [0];
    while (pauses.length <= 12) pauses.push(nextPauseMs((pauses.at(-1) ?? 0) * 1_000, 0.5) / 1_000);
    expect(pauses).toEqual([0, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
  });

  it("are made again with the same id and bytes after an attempt that a crash cut short", () => {
    const { job, calls } = turn(jobAfter(...runningTurns()), END_AT, ENDED);

    const again = turn(job, nextAlarmAt(job, END_AT) ?? 0, { type: "tick" });

    expect(again.calls).toEqual(calls);
    expect(onlyCallback(again.job)).toMatchObject({ id: onlyCallback(job).id, body: onlyCallback(job).body });
    expect(nextAlarmAt(job, END_AT)).toBeLessThanOrEqual(END_AT + 20_000);
  });

  it("end with the first 2xx", () => {
    const { job, calls } = turn(jobAfter(...runningTurns()), END_AT, ENDED);
    const after = calls.map((call) => turn(job, END_AT + 90, answer(call, END_AT, 200)).job);
    expect(after.map(onlyCallback)).toMatchObject([{ call: null, attempts: [{ at: END_AT, http: 200, error: "" }] }]);
  });
});

const ENDS: Record<string, Turn[]> = {
  success: [...runningTurns(), [END_AT, ENDED]],
  failure: [...runningTurns(), [END_AT, factEvent(ENDED_FAILED, DUE_AT + 1_500)]],
  lost: [...runningTurns(), [END_AT, factEvent(FACTS.lost, END_AT)]],
  skipped: [...runningTurns().slice(0, 2), [DUE_AT + 20, factEvent(FACTS.expired, DUE_AT + 10)]],
  cancelled: [...runningTurns(), [END_AT, { type: "cancel", run: 1 }, REMOVING, factEvent(FACTS.removed, END_AT)]],
};

function withCallbackOn(turns: Turn[], callbackOn: string): Turn[] {
  return [createTurn({ callback_on: callbackOn }), ...turns.slice(1)];
}

describe("callback_on", () => {
  it.each([
    ["success", "success", true],
    ["success", "failure", false],
    ["failure", "failure", true],
    ["failure", "success,cancelled,skipped,late", false],
    ["lost", "failure", true],
    ["lost", "success", false],
    ["skipped", "failure", true],
    ["skipped", "success", false],
    ["cancelled", "success,failure", false],
    ["cancelled", "cancelled", true],
  ])("a run that ends as %s, with %s: called is %s", (end, callbackOn, isCalled) => {
    const job = jobAfter(...withCallbackOn(ENDS[end] ?? [], callbackOn));
    expect(job.callbacks?.map(({ event }) => event) ?? []).toEqual(isCalled ? ["finished"] : []);
  });

  it("tells in the body what came of the run", () => {
    const body: unknown = JSON.parse(onlyCallback(jobAfter(...(ENDS.failure ?? []))).body);
    expect(body).toEqual({
      job_id: "a1b2c3",
      success: false,
      message: "pod report-x: container main exited with code 3",
      job_name: "report",
      namespace: "default",
      cluster: "berlin",
      run: 1,
      status: "failed",
      reason: "BackoffLimitExceeded",
      started_at: DUE_AT + 500,
      finished_at: DUE_AT + 1_500,
      event: "finished",
    });
  });

  it("a job without callback_url calls nobody, and keeps nothing", () => {
    const job = jobAfter([T0, createEvent()], ...runningTurns().slice(1), [END_AT, ENDED]);
    expect(job).not.toHaveProperty("callbacks");
  });

  it("a lost run that is run again calls nobody", () => {
    const turns = runningTurns({ on_lost: "rerun" });
    expect(jobAfter(...turns, [END_AT, factEvent(FACTS.lost, END_AT)]).callbacks).toBeUndefined();
  });
});

describe("a late run", () => {
  const waiting = withCallbackOn(runningTurns().slice(0, 2), "late");

  it("is told 60 s after its time, once, while its Job is not there", () => {
    const job = jobAfter(...waiting);
    expect(nextAlarmAt(job, DUE_AT)).toBe(DUE_AT + 60_000);
    expect(turn(job, DUE_AT + 59_999, { type: "tick" }).calls).toEqual([]);

    const late = turn(job, DUE_AT + 60_000, { type: "tick" });

    expect(late.calls).toEqual([{ type: "call", run: 1, event: "late", n: 1 }]);
    expect(JSON.parse(onlyCallback(late.job).body)).toMatchObject({ event: "late", success: false, status: "due" });
    const taken = turn(late.job, DUE_AT + 60_010, ...late.calls.map((call) => answer(call, DUE_AT + 60_000, 200))).job;
    expect(turn(taken, DUE_AT + 120_000, { type: "tick" }).calls).toEqual([]);
  });

  it("is not told once its Job was seen, nor where nobody wants to hear it", () => {
    const created = jobAfter(...waiting, [DUE_AT + 520, factEvent(FACTS.created, DUE_AT + 10)]);
    expect(turn(created, DUE_AT + 70_000, { type: "tick" }).calls).toEqual([]);
    const unasked = jobAfter(...runningTurns().slice(0, 2));
    expect(turn(unasked, DUE_AT + 70_000, { type: "tick" }).calls).toEqual([]);
  });

  it("is not told of one that its caller takes back", () => {
    const asked = jobAfter(...waiting, [DUE_AT + 50_000, { type: "cancel", run: 1 }]);
    expect(turn(asked, DUE_AT + 70_000, { type: "tick" }).calls).toEqual([]);
  });
});

describe("a job that its caller deletes", () => {
  const DELETE: Event = { type: "delete", force: true };

  it("calls nobody, whatever becomes of its run", () => {
    const turns = withCallbackOn(runningTurns(), "success,failure,cancelled,late");
    const stopping = jobAfter(...turns, [DUE_AT + 600, DELETE, REMOVING]);
    expect(turn(stopping, END_AT, factEvent(FACTS.removed, END_AT)).job.callbacks).toBeUndefined();
    expect(turn(stopping, END_AT, ENDED).job.callbacks).toBeUndefined();
  });

  it("withdraws what its receiver has not taken yet, and says so; it can be sent again", () => {
    const { job, calls } = turn(jobAfter(...runningTurns()), END_AT, ENDED);
    const failed = turn(job, END_AT + 50, ...calls.map((call) => answer(call, END_AT, 500))).job;

    const deleted = turn(failed, END_AT + 100, DELETE).job;

    expect(onlyCallback(deleted)).toMatchObject({ call: null, attempts: [{ http: 500, nextAt: null }] });
    expect(turn(deleted, END_AT + HOUR_MS, { type: "tick" }).calls).toEqual([]);
    const again = turn(deleted, END_AT + 200, { type: "redeliver", wanted: {} });
    expect(again.calls).toEqual([{ type: "call", run: 1, event: "finished", n: 2 }]);
  });

  it("withdraws nothing where the cluster refused the deletion: the run's end is told", () => {
    const refused = factEvent(FACTS.remove_failed, DUE_AT + 700);
    const job = jobAfter(...runningTurns(), [DUE_AT + 600, DELETE, REMOVING], [DUE_AT + 710, refused], [END_AT, ENDED]);
    expect(onlyCallback(job).event).toBe("finished");
  });

  it("goes on with what waited where the cluster refused the deletion, and calls nobody in between", () => {
    const { job, calls } = turn(jobAfter(...runningTurns()), END_AT, ENDED);
    const waiting = turn(job, END_AT + 50, ...calls.map((call) => answer(call, END_AT, 500))).job;
    const asked: Job = { ...waiting, deletion: { state: "asked", askedAt: END_AT + 60, met: "already_finished" } };
    const refused: Job = { ...asked, deletion: { state: "refused", message: "no right" } };

    expect(turn(asked, END_AT + HOUR_MS, { type: "tick" }).calls).toEqual([]);
    expect(turn(refused, END_AT + HOUR_MS, { type: "tick" }).calls).toMatchObject([{ run: 1, event: "finished" }]);
  });
});

describe("redelivery", () => {
  const { job: failed } = failingForEver(() => 0.5);
  const LATER = END_AT + 30 * HOUR_MS;

  it("sends a dead letter again under its id, with its bytes, for 24 h more", () => {
    const again = turn(failed, LATER, { type: "redeliver", wanted: { run: 1 } });
    expect(again.calls).toEqual([{ type: "call", run: 1, event: "finished", n: 2 }]);
    expect(onlyCallback(again.job)).toMatchObject({ id: onlyCallback(failed).id, body: onlyCallback(failed).body });
    expect(onlyCallback(again.job).call?.since).toBe(LATER);
  });

  it("is refused where there is no such callback", () => {
    for (const wanted of [{ run: 2 }, { event: "late" as const }]) {
      expect(advanceAll(failed, [{ type: "redeliver", wanted }], LATER).steps).toMatchObject([
        { kind: "refused", code: "unknown_callback" },
      ]);
    }
  });

  it("is not settled by an attempt that was under way before it, which is shown", () => {
    const { job, calls } = turn(jobAfter(...runningTurns()), END_AT, ENDED);
    const again = turn(job, END_AT + 10, { type: "redeliver", wanted: {} });
    const after = turn(again.job, END_AT + 20, ...calls.map((call) => answer(call, END_AT, 200))).job;
    expect(onlyCallback(after)).toMatchObject({ call: { n: 2 }, attempts: [{ http: 200 }] });
  });
});

describe("many callbacks of one job", () => {
  const one = onlyCallback(jobAfter(...(ENDS.success ?? [])));
  const { job } = turn(jobAfter(...runningTurns()), END_AT - 1, { type: "tick" });
  const waiting = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...one,
      run: 100 + index,
      call: { n: 1, since: END_AT, pauseMs: 0, isUnderWay: false, attempts: 0, nextAttemptAt: END_AT },
    }));

  it("are made four at a time, and the clock does not spin for the others", () => {
    const { job: busy, calls } = turn({ ...job, callbacks: waiting(10) }, END_AT, { type: "tick" });
    expect(calls).toHaveLength(4);
    expect(nextAlarmAt(busy, END_AT)).toBe(END_AT + 20_000);
    const next = turn(busy, END_AT + 5, ...calls.slice(0, 1).map((call) => answer(call, END_AT, 200)));
    expect(next.calls).toHaveLength(1);
  });

  it("are bounded: the oldest that wait beyond 100 are given up, of the settled 20 are kept", () => {
    const { job: full } = turn({ ...job, callbacks: waiting(130) }, END_AT, ENDED);
    expect(full.callbacks?.filter(({ call }) => call !== null)).toHaveLength(100);
    expect(full.callbacks?.filter(({ call }) => call === null)).toHaveLength(20);
    expect(full.callbacks?.at(-1)).toMatchObject({ run: 1, event: "finished" });
  });
});
