import { expect, test } from "vitest";
import { until } from "../../support/wait.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { explained } from "./explained.ts";
import { type JobParts, jobField, makeJobByHand, removeJobByHand } from "./jobs-by-hand.ts";
import { JOBS } from "./target.ts";

/** Held by it an object that is deleted stays until somebody takes it away. */
const HOLD = "watchbell.test/hold";
/** The Job controller's own, which a pod keeps until its end was counted. */
const JOB_TRACKING = "batch.kubernetes.io/job-tracking";

/** A name that a Kubernetes Job has already: this run's, one of ours that may go, one that goes, or somebody else's. */
export function nameCases({ target, watchbell, create }: Bench): void {
  const makeJob = (name: string, parts: JobParts) => makeJobByHand(target(), name, parts);
  const field = (name: string, jsonpath: string) => jobField(target(), name, jsonpath);
  const podsOf = async (name: string): Promise<string[]> => {
    const pods = ["get", "pods", "-n", JOBS, "-l", `batch.kubernetes.io/job-name=${name}`, "-o", "name"];
    return (await target().kubectl(...pods)).trim().split("\n").filter(Boolean);
  };
  const hold = async (name: string, finalizers: string[] | null) => {
    const patch = ["-n", JOBS, "--type=merge", "-p", JSON.stringify({ metadata: { finalizers } })];
    for (const pod of await podsOf(name)) await target().kubectl("patch", pod, ...patch);
  };
  /** Waits for a Job's pod, and keeps it there, deleted or not, until `letPodGo`: a case has to see what is said meanwhile. */
  const holdPod = async (name: string) => {
    await until(`${name} has a pod`, async () => (await podsOf(name)).length === 1);
    await hold(name, [JOB_TRACKING, HOLD]);
  };
  const letPodGo = (name: string) => hold(name, null);
  const remove = (name: string, ...options: string[]) => removeJobByHand(target(), name, ...options);
  const letGo = (name: string) =>
    target().kubectl("patch", "job", name, "-n", JOBS, "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
  let clusterLabel: Promise<string> | undefined;
  /** The label by which a relay knows its own, as it stands on a Job that it made. */
  const ourLabel = (): Promise<string> => {
    clusterLabel ??= (async () => {
      await watchbell().api.untilStatus(await create("name-probe", "true"), 2);
      return await field("name-probe", "{.metadata.labels.watchbell_cluster}");
    })();
    return clusterLabel;
  };
  /** What the relay puts on a Job of ours. */
  const ourLabels = async (name: string, jobId: string) => {
    const base = { job_from: "watchbell", job_id: jobId, job_name: name, job_type: "once" };
    return { ...base, watchbell_cluster: await ourLabel() };
  };
  const FIRST_RUN = { "watchbell.dev/run": "1", "watchbell.dev/ttl-seconds": "300" };

  test("the Job that a relay made before it died is taken for the run's own, and there is one", async () => {
    const { api } = watchbell();
    await ourLabel();
    const id = await create("made-before", "true", { job_exec_time: "PT6S" });
    const labels = await ourLabels("made-before", id);
    const uid = await makeJob("made-before", { labels, annotations: FIRST_RUN, script: "echo once" });

    expect(await api.untilStatus(id, 2, 30_000)).toMatchObject({ job_times: 1, status: "succeeded" });
    expect(await field("made-before", "{.metadata.uid}")).toBe(uid);
  });

  test("the run's own Job that is being deleted is no reason to make another: the run is lost once it is gone", async () => {
    const { api } = watchbell();
    await ourLabel();
    const id = await create("going-own", "true", { job_exec_time: "PT6S" });
    const labels = await ourLabels("going-own", id);
    await makeJob("going-own", { labels, annotations: FIRST_RUN, finalizers: [HOLD] });
    await remove("going-own", "--wait=false");

    await until("the run has taken it for its own", async () => (await api.describe(id)).job_status === 0, 30_000);
    await letGo("going-own");
    const job = await api.untilStatus(id, 1, 30_000);

    expect(job).toMatchObject({ status: "lost", job_times: 1 });
    expect(await field("going-own", "{.metadata.uid}")).toBe("");
  });

  test("a Job of ours whose end was reported makes room, once its pods have ended, which the job says", async () => {
    const { api } = watchbell();
    const labels = await ourLabels("reported", "zzzzzzzzzz");
    const annotations = { ...FIRST_RUN, "watchbell.dev/reported-at": "2026-11-24T16:00:00Z" };
    const old = await makeJob("reported", { labels, annotations });
    await holdPod("reported");
    const id = await create("reported", "true");

    const job = await explained(
      api,
      id,
      /waiting: older_job: an older Job named reported is being deleted since .*its pods end first/,
    );
    expect(job.job_status).toBe(-1);
    await letPodGo("reported");
    await api.untilStatus(id, 2, 30_000);
    expect(await field("reported", "{.metadata.uid}")).not.toBe(old);
  });

  test("the Job of an older run that somebody brought back makes room for the next run", async () => {
    const { api } = watchbell();
    const id = await create("brought-back", "true");
    await api.untilStatus(id, 2);
    const labels = await ourLabels("brought-back", id);
    await remove("brought-back");
    const old = await makeJob("brought-back", { labels, annotations: FIRST_RUN });
    const fields = { ...scriptFields("brought-back", "true"), job_id: id, job_exec_time: "0" };
    expect(await api.call("POST", "/api/once_job/update", fields)).toMatchObject({ code: 0 });

    const job = await until(
      "the second run succeeded",
      async () => {
        const now = await api.describe(id);
        return now.runs[0]?.run === 2 && now.job_status === 2 ? now : null;
      },
      40_000,
    );

    expect(job).toMatchObject({ job_times: 2, job_success_times: 2 });
    const state = await field("brought-back", "{.metadata.uid} {.metadata.annotations.watchbell\\.dev/run}");
    expect(state).toMatch(/ 2$/);
    expect(state).not.toContain(old);
  });

  test("somebody else's Job that is being deleted is waited for, which the job says", async () => {
    const { api } = watchbell();
    const old = await makeJob("going-theirs", {});
    await holdPod("going-theirs");
    await remove("going-theirs", "--wait=false");
    const id = await create("going-theirs", "true");

    await explained(
      api,
      id,
      /waiting: name_going: a Job named going-theirs that is not this job's .* is being deleted since/,
    );
    await letPodGo("going-theirs");
    await api.untilStatus(id, 2, 30_000);
    expect(await field("going-theirs", "{.metadata.uid}")).not.toBe(old);
  });

  test("a Job that a finalizer of somebody's keeps for ever is named, and the start deadline ends the wait", async () => {
    const { api } = watchbell();
    const uid = await makeJob("held-theirs", { finalizers: [HOLD], script: "true" });
    await remove("held-theirs", "--wait=false");
    const id = await create("held-theirs", "true", { starting_deadline_seconds: 6 });

    await explained(api, id, /waiting: name_going: .*held by its finalizer watchbell\.test\/hold/);
    const job = await api.untilStatus(id, 1, 30_000);

    expect(job.runs[0]).toMatchObject({ status: "skipped", reason: "deadline" });
    expect(await field("held-theirs", "{.metadata.uid}")).toBe(uid);
    await letGo("held-theirs");
  });

  test.for([
    { whose: "another installation's", name: "taken-other", change: { watchbell_cluster: "abcd1234.local" } },
    { whose: "somebody else's", name: "taken-theirs", change: { job_from: "somebody" } },
    { whose: "a hand-made copy of ours", name: "taken-copy", change: { job_name: "taken-original" } },
  ])("a Job keeps its name, and is not touched: $whose", async ({ name, change }) => {
    const { api } = watchbell();
    const labels = { ...(await ourLabels(name, "zzzzzzzzzz")), ...change };
    const uid = await makeJob(name, { labels, annotations: FIRST_RUN });
    const id = await create(name, "true");

    const job = await api.untilStatus(id, 1);

    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "name_taken" });
    expect(job.explain).toContain(`a Job named ${name} that is not this job's exists in namespace ${JOBS}`);
    const state = await field(name, "{.metadata.uid} {.metadata.deletionTimestamp}{.spec.ttlSecondsAfterFinished}");
    expect(state.trim()).toBe(uid);
    await remove(name);
  });
}
