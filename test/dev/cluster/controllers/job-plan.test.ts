import { describe, expect, test } from "vitest";
import { Job, Pod } from "../../../../dev/cluster/client/objects.ts";
import { planJob } from "../../../../dev/cluster/controllers/job-plan.ts";
import { indexKey, trackingFinalizer } from "../../../../dev/cluster/controllers/pod-facts.ts";

const nowMs = Date.parse("2026-11-24T12:00:00Z");
const createdAt = "2026-11-24T11:59:00Z";

function job(spec: object = {}, status: object = {}, metadata: object = {}): Job {
  return Job.parse({
    metadata: {
      name: "j",
      namespace: "n",
      uid: "job",
      resourceVersion: "1",
      creationTimestamp: createdAt,
      ...metadata,
    },
    spec: { parallelism: 1, completions: 1, backoffLimit: 1, template: { spec: { restartPolicy: "Never" } }, ...spec },
    status,
  });
}

type PodFacts = {
  phase?: string;
  tracked?: boolean;
  deleting?: boolean;
  index?: number;
  endedAt?: string;
  restarts?: number;
  node?: string;
};

function pod(uid: string, facts: PodFacts = {}): Pod {
  const {
    phase = "Running",
    tracked = true,
    deleting = false,
    index,
    endedAt = createdAt,
    restarts = 0,
    node = "n",
  } = facts;
  return Pod.parse({
    metadata: {
      name: uid,
      namespace: "n",
      uid,
      resourceVersion: "1",
      creationTimestamp: createdAt,
      ...(deleting ? { deletionTimestamp: createdAt } : {}),
      finalizers: tracked ? [trackingFinalizer] : [],
      annotations: index === undefined ? {} : { [indexKey]: String(index) },
    },
    spec: { nodeName: node, restartPolicy: "Never" },
    status: {
      phase,
      containerStatuses: [
        { name: "main", restartCount: restarts, state: { terminated: { exitCode: 1, finishedAt: endedAt } } },
      ],
    },
  });
}

function conditions(plan: { status: Job["status"] }): string[] {
  return plan.status.conditions.filter((one) => one.status === "True").map((one) => `${one.type}/${one.reason}`);
}

describe("a Job that starts", () => {
  test("gets its start time and one pod", () => {
    const plan = planJob(job(), [], nowMs);
    expect(plan.create).toEqual([undefined]);
    expect(plan.status).toMatchObject({ startTime: "2026-11-24T12:00:00Z", active: 1 });
  });

  test("gets no second pod while one is active", () => {
    expect(planJob(job(), [pod("a")], nowMs).create).toEqual([]);
  });

  test("makes as many pods as parallelism allows and completions need", () => {
    expect(planJob(job({ parallelism: 3, completions: 5 }), [], nowMs).create).toHaveLength(3);
    expect(planJob(job({ parallelism: 3, completions: 2 }), [], nowMs).create).toHaveLength(2);
    expect(planJob(job({ parallelism: 3, completions: 5 }, { succeeded: 4 }), [], nowMs).create).toHaveLength(1);
  });

  test("Indexed takes the lowest free indexes", () => {
    const indexed = job({ completionMode: "Indexed", parallelism: 2, completions: 5 }, { completedIndexes: "0-1" });
    expect(planJob(indexed, [pod("a", { index: 2 })], nowMs).create).toEqual([3]);
  });

  test("suspended makes none, removes the active ones and says so", () => {
    const plan = planJob(job({ suspend: true }), [pod("a")], nowMs);
    expect(plan.remove.map((one) => one.metadata.uid)).toEqual(["a"]);
    expect(conditions(plan)).toEqual(["Suspended/JobSuspended"]);
    expect(plan.status.startTime).toBeUndefined();
  });

  test("resumed starts its deadline anew", () => {
    const suspended = [{ type: "Suspended", status: "True" }];
    const plan = planJob(job({}, { conditions: suspended, startTime: "2026-11-24T10:00:00Z" }), [], nowMs);
    expect(plan.status.startTime).toBe("2026-11-24T12:00:00Z");
    expect(plan.create).toHaveLength(1);
  });
});

describe("success comes in the real order", () => {
  const succeeded = { phase: "Succeeded" };

  test("first the criteria, with the pod still uncounted", () => {
    const plan = planJob(job(), [pod("a", succeeded)], nowMs);
    expect(conditions(plan)).toEqual(["SuccessCriteriaMet/CompletionsReached"]);
    expect(plan.status.uncountedTerminatedPods.succeeded).toEqual(["a"]);
    expect(plan.release.map((one) => one.metadata.uid)).toEqual(["a"]);
    expect(plan.status.completionTime).toBeUndefined();
  });

  test("then, once nothing holds the pod, the count and the end", () => {
    const between = planJob(job(), [pod("a", succeeded)], nowMs).status;
    const plan = planJob(job({}, between), [pod("a", { ...succeeded, tracked: false })], nowMs);
    expect(plan.status).toMatchObject({ succeeded: 1, completionTime: "2026-11-24T12:00:00Z" });
    expect(conditions(plan)).toEqual(["SuccessCriteriaMet/CompletionsReached", "Complete/CompletionsReached"]);
  });

  test("a pod that vanished after it was noted is counted all the same", () => {
    const between = planJob(job(), [pod("a", succeeded)], nowMs).status;
    expect(conditions(planJob(job({}, between), [], nowMs))).toContain("Complete/CompletionsReached");
  });

  test("a queue is done when one pod succeeded and none is active", () => {
    const queue = { completions: undefined, parallelism: 2 };
    expect(conditions(planJob(job(queue), [pod("a", succeeded), pod("b")], nowMs))).toEqual([]);
    expect(conditions(planJob(job(queue), [pod("a", succeeded), pod("b", succeeded)], nowMs))).toHaveLength(1);
  });

  test("Indexed counts indexes, not pods", () => {
    const indexed = job({ completionMode: "Indexed", completions: 2, parallelism: 2 });
    const pods = [pod("a", { ...succeeded, index: 0 }), pod("b", { ...succeeded, index: 0 }), pod("c", { index: 1 })];
    const plan = planJob(indexed, pods, nowMs);
    expect(plan.status).toMatchObject({ succeeded: 1, completedIndexes: "0" });
    expect(conditions(plan)).toEqual([]);
  });
});

describe("failure", () => {
  const failed = { phase: "Failed", endedAt: "2026-11-24T11:59:59Z" };

  test("within the limit waits 10 s from the end of the pod, then twice that", () => {
    const one = planJob(job({ backoffLimit: 5 }), [pod("a", failed)], nowMs);
    expect(one).toMatchObject({ create: [], againInMs: 9_000 });
    const two = planJob(job({ backoffLimit: 5 }), [pod("a", failed), pod("b", failed)], nowMs);
    expect(two.againInMs).toBe(19_000);
    expect(planJob(job({ backoffLimit: 5 }), [pod("a", failed)], nowMs + 9_000).create).toHaveLength(1);
  });

  test("beyond the limit marks the target, removes what is active, and ends when nothing is left", () => {
    const doomed = job({ backoffLimit: 0, parallelism: 2, completions: 2 });
    const first = planJob(doomed, [pod("a", failed), pod("b")], nowMs);
    expect(conditions(first)).toEqual(["FailureTarget/BackoffLimitExceeded"]);
    expect(first.remove.map((one) => one.metadata.uid)).toEqual(["b"]);
    const last = planJob({ ...doomed, status: first.status }, [pod("a", { ...failed, tracked: false })], nowMs);
    expect(conditions(last)).toEqual(["FailureTarget/BackoffLimitExceeded", "Failed/BackoffLimitExceeded"]);
    expect(last.status.completionTime).toBeUndefined();
  });

  test("by the deadline waits for the pod that is still terminating", () => {
    const late = job({ activeDeadlineSeconds: 60 }, { startTime: "2026-11-24T11:58:59Z" });
    const first = planJob(late, [pod("a")], nowMs);
    expect(conditions(first)).toEqual(["FailureTarget/DeadlineExceeded"]);
    const between = planJob({ ...late, status: first.status }, [pod("a", { deleting: true })], nowMs);
    expect(between.status.terminating).toBe(1);
    expect(conditions(between)).toEqual(["FailureTarget/DeadlineExceeded"]);
    expect(conditions(planJob({ ...late, status: between.status }, [], nowMs))).toContain("Failed/DeadlineExceeded");
  });

  test("a deadline to come wakes it in time", () => {
    const early = job({ activeDeadlineSeconds: 90 }, { startTime: "2026-11-24T11:59:00Z" });
    expect(planJob(early, [pod("a")], nowMs).againInMs).toBe(31_000);
  });

  test("restarts in place count with OnFailure", () => {
    const restarting = job({ backoffLimit: 2, template: { spec: { restartPolicy: "OnFailure" } } });
    expect(conditions(planJob(restarting, [pod("a", { restarts: 1 })], nowMs))).toEqual([]);
    expect(conditions(planJob(restarting, [pod("a", { restarts: 2 })], nowMs))).toEqual([
      "FailureTarget/BackoffLimitExceeded",
    ]);
  });
});

describe("a pod on its way out", () => {
  test("is replaced at once by default, and only after its end with podReplacementPolicy Failed", () => {
    const pods = [pod("a", { deleting: true })];
    expect(planJob(job({ podReplacementPolicy: "TerminatingOrFailed" }), pods, nowMs).create).toHaveLength(1);
    expect(planJob(job({ podReplacementPolicy: "Failed" }), pods, nowMs).create).toEqual([]);
  });

  test("that no node ever held counts as over", () => {
    const plan = planJob(job(), [pod("a", { phase: "Pending", deleting: true, node: "" })], nowMs);
    expect(plan.release).toHaveLength(1);
  });
});

test("a finished Job is left alone, but holds no pod", () => {
  const finished = job({}, { conditions: [{ type: "Complete", status: "True" }], succeeded: 1 });
  const plan = planJob(finished, [pod("a", { phase: "Succeeded" })], nowMs);
  expect(plan).toMatchObject({ create: [], remove: [], status: finished.status });
  expect(plan.release).toHaveLength(1);
});

test("a Job that is being deleted makes no pods and gets no end", () => {
  const plan = planJob(job({}, {}, { deletionTimestamp: createdAt }), [], nowMs);
  expect(plan.create).toEqual([]);
  expect(conditions(plan)).toEqual([]);
});
