import { describe, expect, it } from "vitest";
import { advance, advanceAll } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { OPEN_RUNS, SLOTS_PER_TURN, WAITING_SLOTS } from "../../../worker/jobs/lifecycle-limits.ts";
import { isOver, parted } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { CLUSTER, jobAfter, T0 } from "./lifecycle-samples.ts";
import { createCron, cronFact } from "./slot-samples.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
const EVERY_SECOND = { schedule: "* * * * * *" };

/** Lets the job's alarm ring until it wants to ring later than that moment, and says how often it rang. */
function ringUntil(start: Job, from: number, until: number, each: (before: Job, after: Job) => void) {
  let job = start;
  let rings = 0;
  for (let now = from; ; rings += 1) {
    const at = nextAlarmAt(job, now) ?? Number.POSITIVE_INFINITY;
    if (at > until) return { job, rings };
    now = Math.max(now, at);
    const after = advance(job, { type: "tick" }, now).job ?? job;
    each(job, after);
    job = after;
  }
}

function recorded(job: Job): number {
  return job.runs.reduce((sum, { count = 0 }) => sum + count, 0);
}

// Two seconds of work each on a quiet machine.
describe("a schedule of every second that slept for a day or a week", { timeout: 60_000 }, () => {
  it.each([
    { misfirePolicy: "skip" as const, runs: 0, sleptMs: WEEK_MS / 7 },
    { misfirePolicy: "latest" as const, runs: 1, sleptMs: WEEK_MS },
    { misfirePolicy: "all" as const, runs: 3, sleptMs: WEEK_MS / 7 },
  ])(
    "is caught up in turns of a thousand slots, and runs what $misfirePolicy says",
    ({ misfirePolicy, runs, sleptMs }) => {
      const asleep = jobAfter(
        createCron({ ...EVERY_SECOND, misfirePolicy, concurrencyPolicy: "Allow", earliestAt: T0 + 1_000_000 }),
      );
      const wokenAt = T0 + 1_000_000 + sleptMs;
      let most = 0;

      const { job, rings } = ringUntil(asleep, wokenAt, wokenAt + 60_000, (before, after) => {
        const slots = ((after.cron?.cursor ?? 0) - Math.max(before.cron?.cursor ?? 0, T0 + 999_000)) / 1_000;
        most = Math.max(most, slots);
      });

      expect(most).toBeLessThanOrEqual(SLOTS_PER_TURN);
      const missed = job.runs.filter((run) => run.state === "due" && run.slot?.isMissed);
      expect(missed).toHaveLength(runs);
      const cursor = job.cron?.cursor ?? 0;
      const onTime = job.runs.filter((run) => run.state === "due" && !run.slot?.isMissed).length;
      expect(recorded(job) + missed.length + onTime).toBe((cursor - T0 - 1_000_000) / 1_000 + 1);
      // A turn for each thousand, and those of the minute that it is looked at.
      expect(rings).toBeLessThan(sleptMs / 1_000 / SLOTS_PER_TURN + 200);
      expect(JSON.stringify(parted(job).packed).length).toBeLessThan(200_000);
    },
  );
});

describe("a job whose runs never end", { timeout: 30_000 }, () => {
  it("opens 500 of them under Allow, and records the slots beyond", () => {
    let job = jobAfter(createCron({ ...EVERY_SECOND, concurrencyPolicy: "Allow" }));
    const until = T0 + 700_000;
    for (let now = T0; now < until; now += 500) {
      const created = job.runs.filter((run) => run.state === "due" && run.dueAt <= now);
      const events = created.map(({ run }): Event => cronFact(run, "created", now));
      job = advanceAll(job, [{ type: "tick" }, ...events], now).job ?? job;
    }

    const open = job.runs.filter((run) => !isOver(run));
    expect(open).toHaveLength(OPEN_RUNS);
    expect(job.runs.filter((run) => isOver(run)).map((run) => [run.end.reason, run.count])).toEqual([
      ["queue_full", 199],
    ]);
    // A value of the object may have 2 MB.
    expect(JSON.stringify(parted(job).packed).length).toBeLessThan(700_000);
    expect(advance(job, { type: "trigger" }, until).step).toMatchObject({ kind: "refused", code: "too_many_open" });
  });

  it("keeps 100 slots waiting under Queue, and records the slots beyond", () => {
    const running = jobAfter(createCron({ ...EVERY_SECOND, concurrencyPolicy: "Queue" }), [
      T0 + 1_100,
      { type: "tick" },
      cronFact(1, "created", T0 + 1_050),
    ]);

    const { job } = ringUntil(running, T0 + 1_200, T0 + 150_000, () => undefined);

    expect(job.runs.filter((run) => run.state === "due" && run.slot?.hold === "turn")).toHaveLength(WAITING_SLOTS);
    expect(job.runs.filter(isOver).map((run) => run.count)).toEqual([149 - WAITING_SLOTS]);
  });
});

it("a slot every two seconds leaves the packed value as small after an hour as after a minute", () => {
  let job = jobAfter(createCron({ schedule: "*/2 * * * * *" }));
  const sizes: number[] = [];
  for (let now = T0 + 1_000; now < T0 + 3_600_000; now += 1_000) {
    const events: Event[] = [{ type: "tick" }];
    for (const { run, state, dueAt } of job.runs) {
      if (state === "due" && dueAt <= now) events.push(cronFact(run, "created", now), cronFact(run, "ended", now));
    }
    job = parted(advanceAll(job, events, now).job ?? job).packed;
    if (now === T0 + 60_000 || now === T0 + 3_598_000) sizes.push(JSON.stringify(job).length);
  }

  expect(job.successTimes).toBe(1_799);
  const [first = 0, last = 0] = sizes;
  expect(last).toBeLessThan(first + 200);
});

it("while its cluster is away a job looks at its slots every five hundred of them, and keeps one row there", () => {
  const late: Event = { type: "late", cluster: CLUSTER, run: 1, linked: false };
  const away = jobAfter(createCron(EVERY_SECOND), [T0 + 1_000, { type: "tick" }], [T0 + 6_000, late]);

  const { job, rings } = ringUntil(away, T0 + 6_100, T0 + 24 * 3_600_000, () => undefined);

  expect(rings).toBeLessThan((24 * 3_600) / 500 + 10);
  expect(job.runs.filter((run) => run.state === "due" && run.slot?.row)).toHaveLength(1);
  expect(recorded(job)).toBeGreaterThan(85_000);
});
