import { describe, expect, it } from "vitest";
import { advanceAll } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { LATE_MS } from "../../../worker/jobs/lifecycle-limits.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { CLUSTER, createEvent, FACTS, factEvent, jobAfter, T0, updateEvent } from "./lifecycle-samples.ts";
import { cronFact, FIRST, SECOND } from "./slot-samples.ts";
import { cronDefinition, type RULES } from "./slot-world.ts";

type Turn = [now: number, ...events: Event[]];
type Rules = Partial<typeof RULES>;

const TICK: Event = { type: "tick" };
const ALL = "success,failure,cancelled,skipped,late";
const MINUTE_MS = 60_000;

function metadataOf(callback_on: string, others: Record<string, string> = {}): Record<string, string> {
  return { callback_url: "https://example.com/hook", callback_on, ...others };
}

/** A minutely cron job's create, whose first slot is a minute later. */
function created(callbackOn: string, rules: Rules = {}, others: Record<string, string> = {}): Turn {
  const definition = cronDefinition({ schedule: "* * * * *", ...rules }, { metadata: metadataOf(callbackOn, others) });
  return [T0, createEvent({ claimedAt: T0, createdAt: T0 }, definition), { type: "index_written", version: 1 }];
}

const BOOKED: Turn = [FIRST - 1_000, TICK, { type: "booked", run: 1, n: 1, answer: "booked" }];
const RUNNING: Turn = [FIRST + 20, cronFact(1, "created", FIRST + 10), cronFact(1, "started", FIRST + 15)];
const AWAY: Turn = [FIRST + 5_000, { type: "late", cluster: CLUSTER, run: 1, linked: false }];

function endedWith(run: number, result: "succeeded" | "failed", at: number): Event {
  return factEvent({ ...FACTS.ended, run, uid: `u${run}`, result, reason: result === "failed" ? "Failed" : "" }, at);
}

/** What receivers are told, in order: the body's run, event, status, reason and success. */
function told(job: Job): [run: number, event: string, status: string, reason: string, success: boolean][] {
  return (job.callbacks ?? []).map(({ body }) => {
    const { run, event, status, reason, success } = JSON.parse(body);
    return [run, event, status, reason, success];
  });
}

describe("what a cron job tells its receiver", () => {
  it("is the end of each slot's run, with its number and status, under an id of its own", () => {
    const job = jobAfter(
      created("success,failure"),
      BOOKED,
      RUNNING,
      [FIRST + 2_000, endedWith(1, "succeeded", FIRST + 2_000)],
      [SECOND - 1_000, TICK, { type: "booked", run: 2, n: 1, answer: "booked" }],
      [SECOND + 20, cronFact(2, "created", SECOND + 10), cronFact(2, "started", SECOND + 15)],
      [SECOND + 2_000, endedWith(2, "failed", SECOND + 2_000)],
    );

    expect(told(job)).toEqual([
      [1, "finished", "succeeded", "", true],
      [2, "finished", "failed", "Failed", false],
    ]);
    expect(new Set(job.callbacks?.map(({ id }) => id)).size).toBe(2);
  });

  it("is once that slots are skipped, when their record begins, and again when another begins", () => {
    const skipping = jobAfter(created(ALL), BOOKED, RUNNING, [SECOND + 100, TICK]);
    const still = jobAfter(
      created(ALL),
      BOOKED,
      RUNNING,
      ...[0, 1, 2, 3].map((n): Turn => [SECOND + n * MINUTE_MS + 100, TICK]),
    );
    const suspended = advanceAll(still, [{ type: "suspend", suspend: true }], SECOND + 3 * MINUTE_MS + 200).job;
    const later = advanceAll(suspended, [TICK], SECOND + 4 * MINUTE_MS + 200).job;

    const record = [2, "skipped", "skipped", "concurrency", false];
    expect(told(skipping)).toEqual([record]);
    expect(told(still)).toEqual([record]);
    expect(still.runs.find(({ run }) => run === 2)).toMatchObject({ state: "skipped", count: 4 });
    expect(later && told(later)).toEqual([record, [3, "skipped", "skipped", "suspended", false]]);
  });

  it("is nothing of skipped slots and cancelled runs unless it is asked for", () => {
    const turns: Turn[] = [
      BOOKED,
      RUNNING,
      [SECOND + 100, TICK],
      [SECOND + 200, { type: "cancel", run: 1 }],
      [SECOND + 300, factEvent({ ...FACTS.removed, run: 1, n: 2 }, SECOND + 300)],
    ];
    const words = (callbackOn: string) => told(jobAfter(created(callbackOn), ...turns)).map(([, , status]) => status);

    expect(words("success,failure")).toEqual([]);
    expect(words("cancelled")).toEqual(["cancelled"]);
    expect(words("skipped")).toEqual(["skipped"]);
  });

  it("is that a run was replaced, where cancelled runs are asked for", () => {
    const job = jobAfter(
      created("success,failure,cancelled", { concurrencyPolicy: "Replace" }),
      BOOKED,
      RUNNING,
      [SECOND + 100, TICK],
      [SECOND + 300, factEvent({ ...FACTS.removed, run: 1, n: 2 }, SECOND + 300)],
    );

    expect(told(job).map(([run, , status]) => [run, status])).toEqual([[1, "cancelled"]]);
  });

  it("is once that a slot is late, a minute after its time, and its end afterwards", () => {
    const lateAt = FIRST + LATE_MS;
    const waiting = jobAfter(created("late,success", { endAt: FIRST }), BOOKED, [FIRST + 1_000, TICK]);
    const late = jobAfter(
      created("late,success", { endAt: FIRST }),
      BOOKED,
      [lateAt, TICK],
      [lateAt + 1_000, TICK],
      [lateAt + 2_020, cronFact(1, "created", lateAt + 2_010), cronFact(1, "started", lateAt + 2_015)],
      [lateAt + 4_000, endedWith(1, "succeeded", lateAt + 4_000)],
    );

    expect(nextAlarmAt(waiting, FIRST + 1_000)).toBeLessThanOrEqual(lateAt);
    expect(told(late)).toEqual([
      [1, "late", "due", "", false],
      [1, "finished", "succeeded", "", true],
    ]);
  });

  it("is that a missed slot is late while it may still run, and nothing of one that is in a record", () => {
    const missed = (misfirePolicy: "latest" | "skip") =>
      told(jobAfter(created(ALL, { misfirePolicy, endAt: FIRST }), BOOKED, AWAY, [FIRST + LATE_MS, TICK]));

    expect(missed("latest")).toEqual([[1, "late", "due", "", false]]);
    expect(missed("skip")).toEqual([[2, "skipped", "skipped", "misfire", false]]);
  });

  it("is that a lost run failed, and nothing where it is run again", () => {
    const lost = (onLost: string) => {
      const turns: Turn[] = [BOOKED, RUNNING, [FIRST + 3_000, cronFact(1, "lost", FIRST + 3_000)]];
      return jobAfter(created("failure", { endAt: FIRST }, { on_lost: onLost }), ...turns);
    };

    expect(told(lost("fail"))).toEqual([[1, "finished", "lost", expect.any(String), false]]);
    expect(told(lost("rerun"))).toEqual([]);
    expect(lost("rerun").runs.find(({ run }) => run === 2)).toMatchObject({ slotAt: FIRST, kubeJob: "report-r2" });
  });

  it("is that a lost run failed, though a younger run of another definition was run again", () => {
    const rules = { schedule: "* * * * *", concurrencyPolicy: "Allow" } as const;
    const again = updateEvent(
      { cluster: CLUSTER },
      cronDefinition(rules, { metadata: metadataOf("failure", { on_lost: "rerun" }) }),
    );
    const job = jobAfter(
      created("failure", rules),
      BOOKED,
      RUNNING,
      [FIRST + 1_000, again],
      [SECOND - 1_000, TICK, { type: "booked", run: 2, n: 1, answer: "booked" }],
      [SECOND + 20, cronFact(2, "created", SECOND + 10), cronFact(2, "started", SECOND + 15)],
      [SECOND + 1_000, cronFact(2, "lost", SECOND + 1_000)],
      [SECOND + 2_000, cronFact(1, "lost", SECOND + 2_000)],
    );

    expect(job.runs.find(({ run }) => run === 3)).toMatchObject({ slotAt: SECOND, afterLost: 1 });
    expect(told(job)).toEqual([[1, "finished", "lost", expect.any(String), false]]);
  });

  it("is nothing any more once the job is deleted", () => {
    const job = jobAfter(created(ALL), BOOKED, RUNNING, [SECOND + 100, TICK]);

    const deleting = advanceAll(job, [{ type: "delete", force: false }], SECOND + 200).job;
    const removed = factEvent({ ...FACTS.removed, run: 1, n: 2 }, SECOND + 300);
    const deleted = advanceAll(deleting, [removed], SECOND + 300).job;

    expect(deleted?.deletion).toMatchObject({ state: "done" });
    expect(deleted?.callbacks?.filter(({ call }) => call !== null)).toEqual([]);
  });
});
