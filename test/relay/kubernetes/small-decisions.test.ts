import { describe, expect, it } from "vitest";
import { ANNOTATIONS } from "../../../protocol/words.ts";
import { refuseVersion } from "../../../relay/kubernetes/connect.ts";
import {
  describeFailure,
  failureFromAnswer,
  isNotFound,
  isOtherObject,
  isQuota,
  isRetryable,
  mayHaveHappened,
  pauseAfter,
} from "../../../relay/kubernetes/failures.ts";
import { inventoryPages } from "../../../relay/kubernetes/inventory.ts";
import { followFromMs } from "../../../relay/kubernetes/log-plan.ts";
import { logLimitBytes, ttlSecondsFrom } from "../../../relay/kubernetes/numbers.ts";
import { RunStore, runKeyOf } from "../../../relay/kubernetes/run-store.ts";
import { jobObject, podObject } from "../support/objects.ts";

describe("the cluster's version", () => {
  it.each([
    { major: "1", minor: "30", refused: true },
    { major: "1", minor: "30+", refused: true },
    { major: "0", minor: "99", refused: true },
    { major: "1", minor: "31", refused: false },
    { major: "1", minor: "36+", refused: false },
    { major: "2", minor: "0", refused: false },
    { major: "", minor: "", refused: true },
  ])("$major.$minor is refused: $refused", ({ major, minor, refused }) => {
    const sentence = refuseVersion({ major, minor, gitVersion: `v${major}.${minor}.0` });

    expect(sentence !== null).toBe(refused);
    if (sentence !== null) expect(sentence).toContain("1.31 or later");
  });
});

describe("a failure's kind", () => {
  it.each([
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
    [401, true],
    [400, false],
    [403, false],
    [404, false],
    [409, false],
    [410, false],
    [422, false],
  ])("%i may pass by itself: %s", (status, retryable) => {
    expect(isRetryable(failureFromAnswer(status, JSON.stringify({ kind: "Status" }), undefined))).toBe(retryable);
  });

  it.each([302, 400, 403, 404, 409, 422])(
    "%i in words that are no Status is a stranger's: no evidence, and it passes",
    (status) => {
      const failure = failureFromAnswer(status, "<html>default backend</html>", undefined);

      expect(isRetryable(failure)).toBe(true);
      expect(isNotFound(failure)).toBe(false);
      expect(mayHaveHappened(failure)).toBe(true);
      expect(describeFailure(failure)).toContain(`something before the API server answered ${status}`);
    },
  );

  it("asks for a pause of its own, of which the longer counts, and at most half a minute of the server's", () => {
    const busy = (retryAfter?: string) => failureFromAnswer(429, "busy", retryAfter);

    expect(pauseAfter(busy(), 700, 0.5)).toBe(700);
    expect(pauseAfter(busy("2"), 700, 0.5)).toBe(2_200);
    expect(pauseAfter(busy("1"), 5_000, 0.5)).toBe(5_000);
    expect(pauseAfter(busy("3600"), 700, 0)).toBe(30_000);
  });

  it("is another object where the uid did not fit, on a delete (409) as on a patch (422)", () => {
    const causes = [{ field: "metadata.uid", reason: "FieldValueInvalid" }];
    const patched = JSON.stringify({ kind: "Status", details: { causes } });

    expect(isOtherObject(failureFromAnswer(409, JSON.stringify({ kind: "Status" }), undefined))).toBe(true);
    expect(isOtherObject(failureFromAnswer(409, "", undefined))).toBe(false);
    expect(isOtherObject(failureFromAnswer(422, patched, undefined))).toBe(true);
    expect(isOtherObject(failureFromAnswer(422, "", undefined))).toBe(false);
  });

  it("is a quota only where the server says so", () => {
    expect(
      isQuota(failureFromAnswer(403, JSON.stringify({ kind: "Status", message: "exceeded quota: rq" }), undefined)),
    ).toBe(true);
    expect(
      isQuota(failureFromAnswer(403, JSON.stringify({ kind: "Status", message: "cannot create" }), undefined)),
    ).toBe(false);
  });
});

describe("when a follow is attached", () => {
  const job = (restartPolicy: string, activeDeadlineSeconds?: number) =>
    jobObject({ spec: { activeDeadlineSeconds, template: { spec: { restartPolicy } } } });
  it.each([
    { what: "no deadline", of: job("Never"), fromMs: null },
    { what: "a short deadline", of: job("Never", 14), fromMs: 1_000 },
    { what: "a long deadline", of: job("Never", 60), fromMs: 56_000 },
    { what: "restarts in place", of: job("OnFailure"), fromMs: 1_000 },
  ])("with $what is $fromMs", ({ of, fromMs }) => {
    expect(followFromMs(of, 1_000)).toBe(fromMs);
  });
});

describe("numbers in annotations", () => {
  it.each([
    { text: undefined, bytes: 10 * 1024 * 1024 },
    { text: "4096", bytes: 4096 },
    { text: "-1", bytes: 10 * 1024 * 1024 },
    { text: "much", bytes: 10 * 1024 * 1024 },
    { text: String(2 ** 40), bytes: 64 * 1024 * 1024 },
  ])("a log limit of $text is $bytes bytes", ({ text, bytes }) => {
    expect(
      logLimitBytes(jobObject({ annotations: text === undefined ? {} : { [ANNOTATIONS.logLimitBytes]: text } })),
    ).toBe(bytes);
  });

  it.each([
    { ttl: "60", endedAt: 1_000_000, now: 1_000_000, seconds: 60 },
    { ttl: "60", endedAt: 1_000_000, now: 1_090_500, seconds: 151 },
    { ttl: "0", endedAt: 1_000_000, now: 1_000_001, seconds: 1 },
    { ttl: "60", endedAt: 1_000_000, now: 999_000, seconds: 60 },
    { ttl: "60", endedAt: null, now: 1_000_000, seconds: 60 },
    { ttl: "none", endedAt: 1_000_000, now: 1_000_000, seconds: 0 },
  ])("a TTL of $ttl counts from the end: $seconds s", ({ ttl, endedAt, now, seconds }) => {
    expect(ttlSecondsFrom(jobObject({ annotations: { [ANNOTATIONS.ttlSeconds]: ttl } }), endedAt, now)).toBe(seconds);
  });
});

describe("whose a Job is", () => {
  it.each([
    { what: "its own name", name: "night", run: 1, is: true },
    { what: "a later run's name", name: "night-r3", run: 3, is: true },
    { what: "another run's name", name: "night-r2", run: 3, is: false },
    { what: "a slot's name", name: "night-29384756", run: 3, is: true },
    { what: "a name that somebody gave a copy", name: "night-copy", run: 1, is: false },
    { what: "another name", name: "day", run: 1, is: false },
  ])("is told by $what", ({ name, run, is }) => {
    const job = jobObject({ name, jobName: "night", run });
    expect(runKeyOf(job)).toEqual(is ? { jobId: "job1", run } : null);
    expect(runKeyOf(jobObject({ name, jobName: "night", run, labels: { job_from: "somebody" } }))).toBeNull();
  });
});

describe("the inventory", () => {
  const storeOf = (...jobs: ReturnType<typeof jobObject>[]): RunStore => {
    const store = new RunStore();
    for (const job of jobs) store.takeJob(job, 0, false);
    return store;
  };

  it("is one last page where nothing is there", () => {
    expect(inventoryPages(new RunStore().runs())).toEqual([{ type: "inventory", jobs: [], last: true }]);
  });

  it("tells what runs, what ended and what is going", () => {
    const done = [{ type: "Failed", status: "True" }];
    const store = storeOf(
      jobObject({ uid: "a", jobId: "a" }),
      jobObject({ uid: "b", jobId: "b", conditions: done }),
      jobObject({ uid: "c", jobId: "c", conditions: done, deletionTimestamp: "2026-11-24T16:00:00Z" }),
      jobObject({ uid: "d", jobId: "NOT VALID" }),
    );

    const [page] = inventoryPages(store.runs());

    expect(page?.jobs.map(({ jobId, phase }) => [jobId, phase])).toEqual([
      ["a", "active"],
      ["b", "finished"],
      ["c", "deleting"],
    ]);
  });

  it.each([
    { count: 500, sizes: [500] },
    { count: 501, sizes: [500, 1] },
  ])("has pages of 500 ($count)", ({ count, sizes }) => {
    const store = storeOf(
      ...Array.from({ length: count }, (_, index) => jobObject({ uid: `u${index}`, jobId: `j${index}` })),
    );

    const pages = inventoryPages(store.runs());

    expect(pages.map((page) => page.jobs.length)).toEqual(sizes);
    expect(pages.map((page) => page.last)).toEqual(sizes.map((_, index) => index === sizes.length - 1));
  });
});

describe("the store", () => {
  it("knows a Job by its uid, so that a new one of the same name is another", () => {
    const store = new RunStore();
    const old = store.takeJob(jobObject({ uid: "a" }), 0, true);
    const young = store.takeJob(jobObject({ uid: "b", run: 2 }), 0, true);

    expect(store.missing(null, new Set(["b"]))).toEqual([old]);
    expect(store.ofRun({ jobId: "job1", run: 2 })).toEqual([young]);
  });

  it.each([
    { told: "1000", answered: "999", kept: "1000" },
    { told: "1000", answered: "1001", kept: "1001" },
    { told: "18446744073709551616", answered: "18446744073709551615", kept: "18446744073709551616" },
    { told: "b", answered: "a", kept: "a" },
  ])("keeps version $kept of a Job where the watch told $told and a call was answered $answered", (versions) => {
    const store = new RunStore();
    store.takeJob(jobObject({ resourceVersion: versions.told }), 0, true);

    const run = store.takeAnswer(jobObject({ resourceVersion: versions.answered }), 0, true);

    expect(run?.job.metadata.resourceVersion).toBe(versions.kept);
  });

  it("takes from a list also what is older: a cluster may have been restored", () => {
    const store = new RunStore();
    store.takeJob(jobObject({ resourceVersion: "1000" }), 0, true);

    expect(store.takeJob(jobObject({ resourceVersion: "5" }), 0, false)?.job.metadata.resourceVersion).toBe("5");
  });

  it("marks pods that a list lacks as gone, only in the namespace that was listed", () => {
    const store = new RunStore();
    const run = store.takeJob(jobObject(), 0, true);
    store.takePod(podObject(), false);

    expect(store.keepPods("other", new Set())).toEqual([]);
    expect(store.keepPods("default", new Set())).toEqual([run]);
    expect(store.podsOf("job-uid").map((pod) => pod.gone)).toEqual([true]);
  });

  it("takes pods in before their Job, and forgets both together", () => {
    const store = new RunStore();
    store.takePod(podObject(), false);
    const run = store.takeJob(jobObject(), 0, true);
    if (!run) throw new Error("not taken");

    expect(store.podsOf(run.uid)).toHaveLength(1);
    store.forget(run);
    expect(store.podsOf(run.uid)).toEqual([]);
    expect([...store.runs()]).toEqual([]);
    expect(store.ofRun(run.key)).toEqual([]);
  });
});
