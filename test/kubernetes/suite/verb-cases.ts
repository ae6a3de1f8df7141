import { expect, test } from "vitest";
import type { Answer, Described } from "../../support/api.ts";
import { until } from "../../support/wait.ts";
import { LASTING, objectsOf, processesOf, STUBBORN, untilRunning } from "./at-work.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { type Happened, replacementOf } from "./history.ts";
import { jobField, makeJobByHand, removeJobByHand } from "./jobs-by-hand.ts";

const LOGGED = { metadata: { log_collect: "true", backoff_limit: "0" } };
/** One that takes its time to end, and says so. */
const SLOW_TO_END = "trap 'sleep 3; exit 1' TERM; echo old; sleep 600 & wait";

function verbsOf({ watchbell }: Bench) {
  return {
    update: (id: string, name: string, script: string, fields: Record<string, unknown> = {}): Promise<Answer> => {
      const job = { ...scriptFields(name, script), job_exec_time: "0", ...LOGGED, ...fields, job_id: id };
      return watchbell().api.call("POST", "/api/once_job/update", job);
    },
    rerun: (id: string): Promise<Answer> => watchbell().api.call("POST", `/api/once_job/rerun/${id}`, {}),
    cancel: (id: string, run: number): Promise<Answer> =>
      watchbell().api.call("POST", `/api/job_runs/cancel/${id}`, { run }),
    /** Waits until a run is the newest one and final. */
    untilRun: async (id: string, run: number, status: string): Promise<Described> => {
      const look = async () => {
        const job = await watchbell().api.describe(id);
        const [newest] = job.runs;
        if (newest?.run === run && newest.status === status) return job;
        throw new Error(`run ${newest?.run} is ${newest?.status}: ${job.explain}`);
      };
      return await until(`run ${run} of ${id} is ${status}`, look, 60_000, 100);
    },
  };
}

/** The pod of the old Job went, then that Job, and only then the new one of the same name came, and its pod. */
function expectOneAfterTheOther(changes: readonly Happened[], name: string): void {
  expect(changes.map((one) => `${one.kind} ${one.name} ${one.what}`)).toEqual([
    expect.stringMatching(`^Pod ${name}-[a-z0-9]{5} DELETED$`),
    `Job ${name} DELETED`,
    `Job ${name} ADDED`,
    expect.stringMatching(`^Pod ${name}-[a-z0-9]{5} ADDED$`),
  ]);
}

/** An update, which replaces the Job by another of the same name. */
export function updateCases(bench: Bench): void {
  const { kind, target, watchbell, create } = bench;
  const { update, untilRun } = verbsOf(bench);

  test("update of a running job: its pod ends, its Job goes, and then the new one of that name comes", async () => {
    const { api } = watchbell();
    const id = await create("updated", SLOW_TO_END, LOGGED);
    await untilRunning(api, id);
    const act = async () => {
      const startedMs = performance.now();
      const answer = await update(id, "updated", "echo new");
      console.log(`${kind}: update of a running job: ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
      expect(answer).toMatchObject({ http: 200, code: 0 });
      expect(answer.data).toMatch(/^removed_from_cluster: /);
      await untilRun(id, 2, "succeeded");
    };

    expectOneAfterTheOther(await replacementOf(target().client, id, act), "updated");
    expect(await api.describe(id)).toMatchObject({
      ...{ job_status: 2, job_times: 2, job_success_times: 1 },
      runs: [
        { run: 2, status: "succeeded", kube_job: "updated" },
        { run: 1, status: "cancelled", kube_job: "updated", reason: "updated" },
      ],
    });
    expect((await api.logs(id)).map((row) => row.run_logs)).toContain("new\n");
  });

  test("update of a finished job: its old Job goes with its pod before the new one comes, and both logs stay", async () => {
    const { api } = watchbell();
    const id = await create("updated-over", "echo old; exit 3", LOGGED);
    await api.untilStatus(id, 1);
    const act = async () => {
      const answer = await update(id, "updated-over", "echo new");
      expect(answer).toMatchObject({ http: 200, code: 0 });
      expect(answer.data).toMatch(/^already_finished: /);
      await untilRun(id, 2, "succeeded");
    };

    expectOneAfterTheOther(await replacementOf(target().client, id, act), "updated-over");
    const job = await api.describe(id);
    expect(job).toMatchObject({ job_status: 2, job_times: 2, job_success_times: 1 });
    expect(job.runs).toMatchObject([{ run: 2 }, { run: 1, status: "failed" }]);
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["old\n", "new\n"]);
  });

  test("update to a name that somebody else's Job has fails as name_taken, touches nothing of theirs, and can be mended", async () => {
    const { api } = watchbell();
    const theirs = await makeJobByHand(target(), "updated-into", {});
    const id = await create("updated-from", LASTING);
    await untilRunning(api, id);

    expect(await update(id, "updated-into", "echo new")).toMatchObject({ code: 0 });

    const failed = await untilRun(id, 2, "failed");
    expect(failed.runs[0]).toMatchObject({ reason: "name_taken", kube_job: "updated-into" });
    expect(failed).toMatchObject({ job_status: 1, job_times: 1 });
    expect(processesOf(id)).toEqual([]);
    expect(await objectsOf(target(), "jobs", id)).toEqual([]);
    const state = await jobField(target(), "updated-into", "{.metadata.uid} {.metadata.deletionTimestamp}");
    expect(state.trim()).toBe(theirs);
    expect(await update(id, "updated-from", "true")).toMatchObject({ code: 0 });
    expect(await untilRun(id, 3, "succeeded")).toMatchObject({ job_status: 2, job_times: 2 });
    await removeJobByHand(target(), "updated-into");
  });
}

/** An update that takes longer than its 15 s. */
export function slowUpdateCases(bench: Bench): void {
  const { kind, target, watchbell, create } = bench;
  const { update, untilRun } = verbsOf(bench);

  test("update while the old pod ignores SIGTERM answers 253, and the job is submitted once that pod is gone", async () => {
    const { api } = watchbell();
    const job_patch = JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: 25 } } } });
    const id = await create("updated-slowly", STUBBORN, { metadata: { job_patch } });
    await untilRunning(api, id);
    await until("its process is there", () => processesOf(id).length > 0);
    const act = async () => {
      const startedMs = performance.now();
      const answer = await update(id, "updated-slowly", "echo new");
      const seconds = (performance.now() - startedMs) / 1_000;
      expect(answer).toMatchObject({ http: 504, code: 253 });
      expect(seconds).toBeGreaterThan(14.5);
      expect(seconds).toBeLessThan(20);
      const meanwhile = await api.describe(id);
      expect(meanwhile.job_status).toBe(-1);
      expect(meanwhile.explain).toMatch(
        /it goes out once run 1 is gone: .*waiting: PodTerminating: pod updated-slowly-/,
      );
      expect(await update(id, "updated-slowly", "echo newer")).toMatchObject({ http: 409, code: 254 });
      await untilRun(id, 2, "succeeded");
      const tookSeconds = (performance.now() - startedMs) / 1_000;
      expect(tookSeconds).toBeGreaterThan(24);
      console.log(
        `${kind}: update with a grace of 25 s: 253 after ${seconds.toFixed(1)} s, over after ${tookSeconds.toFixed(1)} s`,
      );
    };

    expectOneAfterTheOther(await replacementOf(target().client, id, act), "updated-slowly");
    expect(await api.describe(id)).toMatchObject({ job_status: 2, job_times: 2, job_success_times: 1 });
    expect((await api.logs(id)).map((row) => row.run_logs)).toContain("new\n");
  });
}

/** Runs after the first, each under a name of its own, and the end of one of them. */
export function rerunCases(bench: Bench): void {
  const { target, watchbell, create } = bench;
  const { rerun, cancel, untilRun } = verbsOf(bench);

  test("a job that is run again twice has three Jobs, each of its own name, run once, with its own log", async () => {
    const { api } = watchbell();
    const id = await create("again", "echo run $WATCHBELL_RUN; exit 3", LOGGED);
    for (const run of [2, 3]) {
      await untilRun(id, run - 1, "failed");
      expect(await rerun(id)).toMatchObject({ http: 200, code: 0, data: { job_id: id, run } });
    }
    const job = await untilRun(id, 3, "failed");

    expect(job).toMatchObject({ job_status: 1, job_times: 3, job_success_times: 0 });
    expect(job.runs.map(({ kube_job }) => kube_job)).toEqual(["again-r3", "again-r2", "again"]);
    const namesOf = async (what: "jobs" | "pods", suffix: RegExp) =>
      (await objectsOf(target(), what, id)).map(({ metadata }) => metadata.name.replace(suffix, "")).sort();
    expect(await namesOf("jobs", /$/)).toEqual(["again", "again-r2", "again-r3"]);
    expect(await namesOf("pods", /-[a-z0-9]{5}$/)).toEqual(["again", "again-r2", "again-r3"]);
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["run 1\n", "run 2\n", "run 3\n"]);
  });

  test("cancel of one running run: its Job goes with its pod, and no other run and no other job is touched", async () => {
    const { api } = watchbell();
    // The first run fails at once, the second lasts.
    const id = await create("cancelled", `[ $WATCHBELL_RUN = 2 ] || exit 3; ${LASTING}`, LOGGED);
    const bystander = await create("cancelled-beside", LASTING);
    await untilRun(id, 1, "failed");
    const uids = () =>
      Promise.all(["cancelled", "cancelled-beside"].map((name) => jobField(target(), name, "{.metadata.uid}")));
    const before = await uids();
    expect(before).not.toContain("");
    await untilRunning(api, bystander);
    const besides = processesOf(bystander);
    expect(besides).not.toEqual([]);
    expect(await rerun(id)).toMatchObject({ code: 0, data: { run: 2 } });
    await untilRunning(api, id);
    expect(await rerun(id)).toMatchObject({ http: 409, code: 254 });

    const answer = await cancel(id, 2);
    const left = processesOf(id);

    expect(answer).toMatchObject({ http: 200, code: 0, data: { run: 2, outcome: "removed_from_cluster" } });
    expect(left).toEqual([]);
    const jobs = (await objectsOf(target(), "jobs", id)).map(({ metadata }) => metadata.name);
    expect(jobs).toEqual(["cancelled"]);
    const pods = (await objectsOf(target(), "pods", id)).map(({ metadata }) => metadata.name);
    expect(pods).toEqual([expect.stringMatching(/^cancelled-[a-z0-9]{5}$/)]);
    expect(await cancel(id, 1)).toMatchObject({ code: 0, data: { run: 1, outcome: "already_finished" } });
    expect(await api.describe(id)).toMatchObject({
      ...{ job_status: 1, status: "cancelled" },
      runs: [
        { run: 2, status: "cancelled" },
        { run: 1, status: "failed" },
      ],
    });
    expect(await uids()).toEqual(before);
    expect(processesOf(bystander)).toEqual(besides);
    expect(await cancel(bystander, 1)).toMatchObject({ code: 0 });
  });

  test("a rerun whose name somebody else's Job has fails as name_taken, and the next one has a name of its own", async () => {
    const { api } = watchbell();
    const theirs = await makeJobByHand(target(), "again-taken-r2", {});
    const id = await create("again-taken", "true");
    await api.untilStatus(id, 2);

    expect(await rerun(id)).toMatchObject({ code: 0, data: { run: 2 } });

    const failed = await untilRun(id, 2, "failed");
    expect(failed.runs[0]).toMatchObject({ reason: "name_taken", kube_job: "again-taken-r2" });
    const state = await jobField(target(), "again-taken-r2", "{.metadata.uid} {.metadata.deletionTimestamp}");
    expect(state.trim()).toBe(theirs);
    expect(await rerun(id)).toMatchObject({ code: 0, data: { run: 3 } });
    const job = await untilRun(id, 3, "succeeded");
    expect(job).toMatchObject({ job_times: 2, job_success_times: 2, runs: [{ kube_job: "again-taken-r3" }, {}, {}] });
    await removeJobByHand(target(), "again-taken-r2");
  });
}
