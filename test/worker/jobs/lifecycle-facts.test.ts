import { describe, expect, it } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import { advanceAll, answerFact } from "../../../worker/jobs/lifecycle.ts";
import { newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { jobRowOf, runView, snapshotOf } from "../../../worker/jobs/lifecycle-views.ts";
import { CLUSTER, DUE_AT, ENDED_WITH_LOG, FACTS, factEvent, JOB_ID, LATER, SAMPLES, T0 } from "./lifecycle-samples.ts";

type When = { at: number; firedAt?: number; sentAt?: number };

function takenFact(fact: Fact, { at, firedAt = 0, sentAt = 0 }: When) {
  return {
    type: "fact" as const,
    cluster: CLUSTER,
    taken: { fact, at, firedAt: firedAt || null, sentAt: sentAt || null },
  };
}

/** The run's view after these facts. */
function viewAfter(job: Job | null, ...facts: ReturnType<typeof takenFact>[]) {
  const advanced = advanceAll(job, facts, LATER).job;
  if (advanced === null) throw new Error("no job");
  return runView(newestRun(advanced), null);
}

describe("the timeline", () => {
  it("is what the clocks say where they agree, with lateness as data", () => {
    const view = viewAfter(
      SAMPLES.booked,
      takenFact(FACTS.created, { at: DUE_AT + 30, firedAt: DUE_AT + 2, sentAt: DUE_AT + 4 }),
      takenFact(FACTS.started, { at: DUE_AT + 800 }),
      takenFact(FACTS.ended, { at: DUE_AT + 1_900 }),
    );

    expect(view).toMatchObject({
      dueAt: DUE_AT,
      firedAt: DUE_AT + 2,
      sentAt: DUE_AT + 4,
      createdAt: DUE_AT + 30,
      startedAt: DUE_AT + 800,
      finishedAt: DUE_AT + 1_900,
      latenessMs: 30,
    });
  });

  it("is clamped upward where they don't, so that no step is before the one that led to it", () => {
    const view = viewAfter(
      SAMPLES.booked,
      takenFact(FACTS.created, { at: DUE_AT - 40, firedAt: DUE_AT - 90, sentAt: DUE_AT + 5 }),
      takenFact(FACTS.started, { at: DUE_AT - 30 }),
      takenFact(FACTS.ended, { at: DUE_AT - 20 }),
    );

    const { firedAt, sentAt, createdAt, startedAt, finishedAt } = view;
    expect([firedAt, sentAt, createdAt, startedAt, finishedAt]).toEqual([DUE_AT, ...new Array(4).fill(DUE_AT + 5)]);
  });

  it("is in whole milliseconds, though ages come in fractions of them", () => {
    const view = viewAfter(
      SAMPLES.booked,
      takenFact(FACTS.created, { at: DUE_AT + 30.25, firedAt: DUE_AT + 2.5, sentAt: DUE_AT + 4.125 }),
      takenFact(FACTS.started, { at: DUE_AT + 800.75 }),
      takenFact(FACTS.ended, { at: DUE_AT + 1_900.5 }),
    );

    const { firedAt, sentAt, createdAt, startedAt, finishedAt, latenessMs } = view;
    const shown = [firedAt, sentAt, createdAt, startedAt, finishedAt, latenessMs];
    expect(shown.filter((time) => !Number.isInteger(time))).toEqual([]);
  });

  it("has the steps that a lost fact would have told, at the latest moment they can have been", () => {
    const view = viewAfter(SAMPLES.booked, takenFact(FACTS.ended, { at: DUE_AT + 700 }));

    expect(view).toMatchObject({ status: "succeeded", sentAt: DUE_AT + 700, createdAt: DUE_AT + 700, startedAt: null });
  });
});

describe("a run of which no Job was ever seen", () => {
  it.each([
    ["refused", FACTS.create_refused],
    ["expired", FACTS.expired],
  ])("keeps when it was sent, where its create was %s", (_, fact) => {
    const view = viewAfter(
      SAMPLES.booked,
      takenFact(fact, { at: DUE_AT + 30, firedAt: DUE_AT + 2, sentAt: DUE_AT + 4 }),
    );

    expect(view).toMatchObject({ firedAt: DUE_AT + 2, sentAt: DUE_AT + 4, createdAt: null, finishedAt: DUE_AT + 30 });
  });

  it("keeps it too where it was removed before its Job could be seen", () => {
    const view = viewAfter(
      SAMPLES.removing,
      takenFact({ ...FACTS.removed, existed: false }, { at: DUE_AT + 30, firedAt: DUE_AT + 2, sentAt: DUE_AT + 4 }),
    );

    expect(view).toMatchObject({ status: "cancelled", sentAt: DUE_AT + 4, finishedAt: DUE_AT + 30 });
  });
});

describe("the acknowledgement of a fact", () => {
  const answer = (job: Job | null, fact: Fact, cluster = CLUSTER) => {
    const { job: after, steps } = advanceAll(job, [factEvent(fact, LATER, cluster)], LATER);
    const [step] = steps;
    return step && answerFact(after, fact.run, step);
  };

  it("says whether the run is over, so that its cluster may forget it", () => {
    expect(answer(SAMPLES.booked, FACTS.created)).toEqual({ answer: "ok", final: false });
    expect(answer(SAMPLES.running, FACTS.ended)).toEqual({ answer: "ok", final: true });
    expect(answer(SAMPLES.succeeded, FACTS.ended)).toEqual({ answer: "ok", final: true });
  });

  it("is not final while a Job is still to be removed", () => {
    expect(answer(SAMPLES.leaving, FACTS.log)).toEqual({ answer: "ok", final: false });
    expect(answer(SAMPLES.leaving, FACTS.removed)).toEqual({ answer: "ok", final: true });
  });

  it("is `gone` where nobody waits for the fact any more", () => {
    expect(answer(null, FACTS.ended)).toEqual({ answer: "gone" });
    expect(answer(SAMPLES.deleted, FACTS.ended)).toEqual({ answer: "gone" });
    expect(answer(SAMPLES.running, { ...FACTS.ended, run: 2 })).toEqual({ answer: "gone" });
    expect(answer(SAMPLES.running, FACTS.ended, "paris")).toEqual({ answer: "gone" });
  });

  it("is `ok` for a Job that turns up for a cancelled run, which is removed and counted", () => {
    const { job } = advanceAll(SAMPLES.deleted, [factEvent(FACTS.created, LATER)], LATER);

    expect(answer(SAMPLES.deleted, FACTS.created)).toEqual({ answer: "ok", final: false });
    expect(job).toMatchObject({ repairs: 1, deletion: { state: "done", outcome: "cancelled_before_dispatch" } });
  });

  it("carries the reason where a piece of a log is refused", () => {
    expect(answer(SAMPLES.running, { ...FACTS.log, seq: 3 })).toMatchObject({
      answer: "refused",
      reason: expect.stringMatching(/piece 3 .* before piece 0/),
    });
  });
});

describe("many facts in one turn", () => {
  it("are one commit, one effect and one version of the index row", () => {
    const facts = [FACTS.created, FACTS.started, FACTS.ended].map((fact) => factEvent(fact, DUE_AT + 50));

    const { job, effects } = advanceAll(SAMPLES.booked, facts, LATER);

    expect(effects).toEqual([{ type: "write_index" }]);
    expect(job && jobRowOf(job, LATER)).toMatchObject({
      version: 2,
      jobStatus: 2,
      times: 1,
      successTimes: 1,
      overdueAt: null,
    });
  });

  it("write no index row where readers of lists would see nothing new", () => {
    const { effects, job } = advanceAll(SAMPLES.created, [factEvent(FACTS.started, DUE_AT + 90)], DUE_AT + 100);

    expect(effects.filter(({ type }) => type === "write_index")).toEqual([]);
    expect(job?.index.version).toBe(SAMPLES.created?.index.version);
  });
});

describe("what callers see", () => {
  const seenOf = (job: Job | null) => job && snapshotOf(job, null, LATER);

  it.each([
    ["due", -1, "due", ""],
    ["sent", -1, "sent", ""],
    ["created", 0, "created", ""],
    ["running", 0, "running", ""],
    ["ending", 0, "running", ""],
    ["succeeded", 2, "succeeded", "succeeded after 1.0 s"],
    ["failed", 1, "failed", "BackoffLimitExceeded: pod report-x: container main exited with code 3"],
    ["refused", 1, "failed", "invalid: spec.x is wrong"],
    ["lost", 1, "lost", "lost: its Job vanished from the cluster before it ended"],
    ["skipped", 1, "skipped", "deadline: its start deadline passed before its Job could be created"],
    ["deleted", 3, "deleted", "deleted: it was taken back before its Job was created"],
    ["notDeleted", 0, "running", "not deleted: forbidden by policy"],
  ] as const)("of a job that is %s is job_status %i, %s, and why", (name, jobStatus, status, information) => {
    expect(seenOf(SAMPLES[name])).toMatchObject({ jobStatus, status, information });
  });

  it("counts the Jobs created and those that succeeded", () => {
    expect(seenOf(SAMPLES.failed)).toMatchObject({ times: 1, successTimes: 0 });
    expect(seenOf(SAMPLES.refused)).toMatchObject({ times: 0, successTimes: 0 });
    expect(seenOf(SAMPLES.succeeded)).toMatchObject({ times: 1, successTimes: 1 });
  });

  it("keeps the pods of the end, also while its logs are still coming", () => {
    const ended = advanceAll(SAMPLES.running, [factEvent(ENDED_WITH_LOG, LATER)], LATER).job;

    expect(seenOf(ended)?.runs[0]).toMatchObject({ status: "running", podCount: 1, pods: [{ podName: "report-x" }] });
  });

  it("is the whole index row, with times in seconds", () => {
    expect(SAMPLES.due && jobRowOf(SAMPLES.due, LATER)).toEqual({
      jobType: "once",
      id: 7,
      jobId: JOB_ID,
      version: 1,
      namespace: "default",
      jobName: "report",
      cluster: CLUSTER,
      jobStatus: -1,
      image: "busybox",
      command: "echo,hello",
      timeout: 0,
      metadata: '{"log_collect":"true"}',
      jobExecTime: DUE_AT / 1_000,
      information: "",
      times: 0,
      successTimes: 0,
      createTime: T0 / 1_000,
      updateTime: T0 / 1_000,
      overdueAt: DUE_AT,
      cron: null,
    });
  });
});
