import { expect, test } from "vitest";
import { until } from "../../support/wait.ts";
import { deleteJob, LASTING, objectsOf, processesOf, STUBBORN, untilRunning } from "./at-work.ts";
import type { Bench } from "./cases.ts";
import { explained } from "./explained.ts";
import { IMAGE, JOBS } from "./target.ts";
import { testOn } from "./test-on.ts";

/** A delete that ends within its 15 s: of a pod in any state. */
export function deleteCases(bench: Bench): void {
  const { kind, target, watchbell, create } = bench;

  /** Deletes it, and checks what code 0 promises: nothing of it runs, nothing is left of it, and its name is free. */
  const deleteWhole = async (id: string, name: string) => {
    const { api } = watchbell();
    const { answer, seconds } = await deleteJob(api, id);
    const left = processesOf(id);
    console.log(`${kind}: delete of ${name}: ${answer.http}/${answer.code} after ${seconds.toFixed(1)} s`);
    expect(answer).toMatchObject({ http: 200, code: 0, data: { outcome: "removed_from_cluster" } });
    expect(left).toEqual([]);
    const next = create(name, "true");
    expect(await objectsOf(target(), "pods", id)).toEqual([]);
    expect(await objectsOf(target(), "jobs", id)).toEqual([]);
    expect(await api.describe(id)).toMatchObject({ job_status: 3, status: "deleted" });
    expect(await api.untilStatus(await next, 2, 40_000)).toMatchObject({ job_times: 1 });
    return seconds;
  };

  test("delete of a running job answers once nothing of it runs, and its name is free at once", async () => {
    const id = await create("deleted", LASTING);
    await untilRunning(watchbell().api, id);
    expect(processesOf(id)).not.toEqual([]);
    await deleteWhole(id, "deleted");
  });

  test("delete of a job with three pods at once ends all of them", async () => {
    const metadata = { parallelism: "3", completions: "3" };
    const id = await create("deleted-three", LASTING, { metadata });
    await until("three run", () => processesOf(id).length >= 6, 40_000);
    await deleteWhole(id, "deleted-three");
  });

  test("delete of a job whose pod ignores SIGTERM answers code 0 after its grace of 10 s", async () => {
    const id = await create("deleted-stubborn", STUBBORN);
    await untilRunning(watchbell().api, id);
    await until("its process is there", () => processesOf(id).length > 0);
    const seconds = await deleteWhole(id, "deleted-stubborn");
    expect(seconds).toBeGreaterThan(8);
  });

  test("delete of a job whose container crashes again and again ends it", async () => {
    const metadata = { restart_policy: "OnFailure", backoff_limit: "6" };
    const id = await create("deleted-crashing", "exit 1", { metadata });
    await until(
      "it was started again",
      async () => {
        const [pod] = await objectsOf(target(), "pods", id);
        return (pod?.status.containerStatuses?.[0]?.restartCount ?? 0) > 0;
      },
      60_000,
      200,
    );
    await deleteWhole(id, "deleted-crashing");
  });

  testOn(
    kind,
    ["real"],
    "there is no scheduler here",
  )("delete of a job that no node takes ends it", async () => {
    const job_patch = JSON.stringify({ spec: { template: { spec: { nodeSelector: { nowhere: "yes" } } } } });
    const id = await create("deleted-pending", "true", { metadata: { job_patch } });
    const words = /waiting: Unschedulable: pod deleted-pending-\w+: 0\/1 nodes/;
    await explained(watchbell().api, id, words);
    await deleteWhole(id, "deleted-pending");
  });

  testOn(
    kind,
    ["real"],
    "there are no images here",
  )("delete of a job in the middle of its image pull ends it", async () => {
    const { api } = watchbell();
    // A registry in the node's network that takes every connection and never says a word.
    const port = 5_999;
    const container = { name: "main", image: IMAGE, command: ["nc", "-ll", "-p", String(port), "-e", "sleep", "600"] };
    const made = await target().client.create(`/api/v1/namespaces/${JOBS}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "silent-registry" },
      spec: { hostNetwork: true, terminationGracePeriodSeconds: 0, containers: [container] },
    });
    expect(made.code).toBe(201);
    try {
      const ready = ["wait", "pod/silent-registry", "-n", JOBS, "--for=condition=Ready", "--timeout=40s"];
      await target().kubectl(...ready);
      const id = await create("deleted-pulling", "true", { image: `10.99.0.1:${port}/x:1` });
      await explained(api, id, /waiting: ContainerCreating: pod deleted-pulling-\w+ on node \S+: container main/);
      await deleteWhole(id, "deleted-pulling");
    } finally {
      await target().kubectl("delete", "pod", "silent-registry", "-n", JOBS, "--wait=false");
    }
  });
}

/** A delete that takes longer than its 15 s. */
export function slowDeleteCases({ kind, target, watchbell, create }: Bench): void {
  test("delete of a job with a longer grace answers 253, goes on, and is not forgotten", async () => {
    const { api } = watchbell();
    const job_patch = JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: 60 } } } });
    const id = await create("deleted-slowly", STUBBORN, { metadata: { job_patch } });
    await untilRunning(api, id);
    await until("its process is there", () => processesOf(id).length > 0);
    const startedMs = performance.now();
    const first = deleteJob(api, id);

    const { answer, seconds } = await first;
    expect(answer).toMatchObject({ http: 504, code: 253 });
    expect(seconds).toBeGreaterThan(14.5);
    expect(seconds).toBeLessThan(20);
    const meanwhile = await api.describe(id);
    expect(meanwhile).toMatchObject({ job_status: 0 });
    expect(meanwhile.explain).toMatch(/being deleted since .*waiting: PodTerminating: pod deleted-slowly-\S+/);
    const taken = await api.call("POST", "/api/once_job/create", {
      ...{ job_name: "deleted-slowly", namespace: JOBS, image: IMAGE, command: "true", job_exec_time: "0" },
    });
    expect(taken).toMatchObject({ http: 409, code: 105 });
    // It joins the deletion that is under way.
    const second = await deleteJob(api, id);
    expect([0, 253]).toContain(second.answer.code);

    const gone = await api.untilStatus(id, 3, 90_000);
    const tookSeconds = (performance.now() - startedMs) / 1_000;
    console.log(
      `${kind}: delete with a grace of 60 s: 253 after ${seconds.toFixed(1)} s, gone after ${tookSeconds.toFixed(1)} s`,
    );
    expect(tookSeconds).toBeGreaterThan(58);
    expect(gone.explain).toContain("removed_from_cluster");
    expect(processesOf(id)).toEqual([]);
    expect(await objectsOf(target(), "jobs", id)).toEqual([]);
    await api.untilStatus(await create("deleted-slowly", "true"), 2, 40_000);
  });
}
