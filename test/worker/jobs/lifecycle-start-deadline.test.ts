import { describe, expect, it } from "vitest";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { snapshotOf } from "../../../worker/jobs/lifecycle-views.ts";
import { createEvent, DUE_AT, FACTS, factEvent, jobAfter, LATER, SAMPLES, T0 } from "./lifecycle-samples.ts";

const WAITING = { reason: "ImagePullBackOff", message: "pod report-x: no such image" };
const ROW = { state: "created" as const, n: 1, firedAt: DUE_AT, sentAt: DUE_AT, waiting: WAITING };
const REMOVING: Event = { type: "cancel_answered", run: 1, n: 2, answer: "removing" };
const REMOVED = factEvent(FACTS.removed, LATER);

/** The cluster's object answers at that moment what it knows of the run; `linkedSince` null: no relay is linked. */
function looked(linkedSince: number | null = T0, row: typeof ROW | null = ROW): Event {
  return { type: "looked", run: 1, row, linkedSince };
}

function jobWith(job: Job | null, ...events: Event[]): Job {
  const end = events.reduce((state, event) => advance(state, event, LATER).job, job);
  if (end === null) throw new Error("no job");
  return end;
}

function snapshotAfter(job: Job | null, ...events: Event[]) {
  return snapshotOf(jobWith(job, ...events), null, LATER);
}

/** A job whose Job the relay told of at that moment; it may start for 10 s after its time. */
function createdAt(now: number): Job {
  return jobAfter(
    [T0, createEvent({}, { startingDeadlineSeconds: 10 })],
    [DUE_AT - 30_000, { type: "tick" }, { type: "booked", run: 1, n: 1, answer: "booked" }],
    [now, factEvent(FACTS.created, DUE_AT + 10)],
  );
}

describe("a Job of which no container has started", () => {
  it("is looked at a second after its start deadline", () => {
    const job = createdAt(DUE_AT + 20);

    expect(nextAlarmAt(job, DUE_AT + 20)).toBe(DUE_AT + 11_000);
    expect(advance(job, { type: "tick" }, DUE_AT + 10_999).effects).not.toContainEqual({ type: "look", run: 1 });
    expect(advance(job, { type: "tick" }, DUE_AT + 11_000).effects).toContainEqual({ type: "look", run: 1 });
  });

  it("that was told of only after its deadline is given 5 s more, for the facts that come behind", () => {
    const job = createdAt(DUE_AT + 600_000);

    expect(nextAlarmAt(job, DUE_AT + 600_000)).toBe(DUE_AT + 605_000);
  });

  it("may wait for ever where the job has no start deadline", () => {
    expect(nextAlarmAt(jobWith(SAMPLES.created), LATER)).toBeNull();
  });

  it("is removed, and the run fails with what it waited for once the cluster confirms", () => {
    const { job, effects } = advance(SAMPLES.unstarted, looked(), LATER);

    expect(effects).toContainEqual({ type: "cancel", run: 1, n: 2, unlessSent: false });
    expect(snapshotAfter(job, REMOVING)).toMatchObject({ jobStatus: 0, status: "created" });
    expect(snapshotAfter(job, REMOVING, REMOVED)).toMatchObject({
      jobStatus: 1,
      status: "failed",
      times: 1,
      successTimes: 0,
      runs: [
        {
          reason: "deadline",
          message: "no container started within 10 s of its time: ImagePullBackOff: pod report-x: no such image",
          createdAt: DUE_AT + 10,
          startedAt: null,
          finishedAt: LATER,
          latenessMs: 10,
        },
      ],
    });
  });

  it("says no reason where no relay told one", () => {
    const { runs } = snapshotAfter(SAMPLES.unstarted, looked(T0, null), REMOVING, REMOVED);

    expect(runs[0]?.message).toBe("no container started within 10 s of its time");
  });

  it("is left alone while no relay is linked, and looked at again", () => {
    const job = jobWith(SAMPLES.unstarted, looked(null));

    expect(newestRun(job)).toMatchObject({ state: "created", removal: null });
    expect(nextAlarmAt(job, LATER)).toBeGreaterThan(LATER);
    expect(nextAlarmAt(job, LATER)).toBeLessThan(LATER + 1_000);
  });

  it("is left alone until a relay that came back had 5 s to tell of a start", () => {
    expect(newestRun(jobWith(SAMPLES.unstarted, looked(LATER - 4_999))).removal).toBeNull();
    expect(newestRun(jobWith(SAMPLES.unstarted, looked(LATER - 5_000))).removal).toMatchObject({ why: "not_started" });
  });

  it("runs on where it started before its removal was decided", () => {
    const job = jobWith(SAMPLES.unstarted, factEvent(FACTS.started, DUE_AT + 12_000), looked());

    expect(newestRun(job)).toMatchObject({ state: "running", removal: null });
    expect(nextAlarmAt(job, LATER)).toBeNull();
  });

  it("fails all the same where it starts while it is being removed, and says so", () => {
    const { status, runs } = snapshotAfter(SAMPLES.tooLate, factEvent(FACTS.started, LATER), REMOVED);

    expect(status).toBe("failed");
    expect(runs[0]).toMatchObject({ reason: "deadline", startedAt: LATER, message: expect.stringContaining("10 s") });
    expect(runs[0]?.message).toMatch(/^its container started only when its Job was being removed/);
  });

  it("succeeds where it came to its end before the removal took hold: that is what happened", () => {
    expect(snapshotAfter(SAMPLES.tooLate, factEvent(FACTS.ended, LATER))).toMatchObject({ jobStatus: 2 });
  });

  it("is not judged lost where it vanishes while it is being removed, and its caller's delete still cancels it", () => {
    expect(snapshotAfter(SAMPLES.tooLate, factEvent(FACTS.lost, LATER), REMOVED)).toMatchObject({ status: "failed" });
    const deleted = snapshotAfter(SAMPLES.tooLate, { type: "delete", force: false }, REMOVED);
    expect(deleted).toMatchObject({ jobStatus: 3, runs: [{ status: "cancelled", reason: "deleted" }] });
  });

  it("goes on where the cluster refuses to remove it, and is tried again a minute later", () => {
    const refused = factEvent(FACTS.remove_failed, LATER);
    const job = jobWith(SAMPLES.tooLate, refused, { type: "index_written", version: 99 });

    expect(newestRun(job)).toMatchObject({ state: "created", removal: null });
    expect(nextAlarmAt(job, LATER)).toBe(LATER + 60_000);
    expect(advance(job, { type: "tick" }, LATER + 60_000).effects).toContainEqual({ type: "look", run: 1 });
  });

  it("is explained: until when it may start, and that it is being removed", () => {
    const link = { up: true, since: T0 };
    const waiting = snapshotOf(createdAt(DUE_AT + 20), { row: ROW, link }, DUE_AT + 5_000).explain;

    expect(waiting).toContain("no container has started yet; it may start until 2026-11-24T13:00:10Z; waiting: Image");
    expect(snapshotAfter(SAMPLES.tooLate).explain).toMatch(
      /^no container had started by its start deadline, and its Job is being removed since .*: it waits for cluster berlin/,
    );
  });
});
