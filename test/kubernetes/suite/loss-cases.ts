import { expect, test } from "vitest";
import { isAlive } from "../../support/leaks.ts";
import { until } from "../../support/wait.ts";
import { LASTING, objectsOf, processesOf, untilRunning } from "./at-work.ts";
import type { Bench } from "./cases.ts";
import { explained } from "./explained.ts";
import { JOBS } from "./target.ts";

/** What others do to a run's Job and pods behind our back. */
export function lossCases(bench: Bench): void {
  const { kind, target, watchbell, create } = bench;

  const removeJob = async (name: string, ...how: string[]) => {
    await target().kubectl("delete", "job", name, "-n", JOBS, ...how);
  };

  test.for([["foreground"] as const, ["background"] as const])(
    "a Job that somebody deletes in the %s is lost, said so, and never created again",
    async ([how]) => {
      const { api } = watchbell();
      const name = `behind-${how}`;
      const id = await create(name, LASTING);
      await untilRunning(api, id);
      await removeJob(name, `--cascade=${how}`);
      const startedMs = performance.now();
      await expectLost(bench, id);
      console.log(`${kind}: lost ${how}: after ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
      expect(processesOf(id)).toEqual([]);
    },
  );

  test("a Job that somebody deletes without its pods is lost once those have ended", async () => {
    const { api } = watchbell();
    const id = await create("behind-orphan", LASTING);
    await untilRunning(api, id);
    await removeJob("behind-orphan", "--cascade=orphan");
    const waiting = await explained(api, id, /waiting: JobGone: its Job was deleted by somebody else/);
    expect(waiting).toMatchObject({ job_status: 0, status: "running" });
    expect(waiting.explain).toMatch(/pod behind-orphan-\w+ on node \S+ is still there/);
    expect(processesOf(id)).not.toEqual([]);
    await target().kubectl("delete", "pods", "-n", JOBS, "-l", `job_id=${id}`);
    await expectLost(bench, id);
  });

  test("a pod that somebody deletes is replaced by Kubernetes, and the run goes on, with both logs", async () => {
    const { api } = watchbell();
    const script =
      "trap 'echo ended; exit 1' TERM; echo $HOSTNAME; i=0; while [ $i -lt 80 ]; do sleep 0.1; i=$((i+1)); done";
    const id = await create("pod-deleted", script, { metadata: { log_collect: "true", backoff_limit: "3" } });
    await untilRunning(api, id);
    const [first] = await objectsOf(target(), "pods", id);
    await target().kubectl("delete", "pod", first?.metadata.name ?? "", "-n", JOBS);
    const job = await api.untilStatus(id, 2, 60_000);
    expect(job).toMatchObject({ job_times: 1, job_success_times: 1 });
    expect(job.runs).toHaveLength(1);
    expect(job.runs[0]).toMatchObject({ pods: [{ pod_name: first?.metadata.name }, { exit_code: 0 }], pod_count: 2 });
    const logs = await api.logs(id);
    expect(logs.map((row) => row.run_logs)).toEqual([`${logs[0]?.pod_name}\nended\n`, `${logs[1]?.pod_name}\n`]);
  });
}

async function expectLost({ target, watchbell }: Bench, id: string): Promise<void> {
  const { api } = watchbell();
  const job = await api.untilStatus(id, 1, 60_000);
  expect(job).toMatchObject({ status: "lost", job_times: 1, job_success_times: 0 });
  expect(job.explain).toMatch(/^lost: .*vanished/);
  expect(await objectsOf(target(), "jobs", id)).toEqual([]);
}

/** The same, and the end of a run, while a part of ours is away. */
export function awayCases(bench: Bench): void {
  const { kind, target, watchbell, create } = bench;

  /** Holds a part still while something happens, then lets it go on, or kills it so that it starts anew. */
  const without = async (part: "worker" | "relay", end: "SIGCONT" | "SIGKILL", meanwhile: () => Promise<void>) => {
    // A part that has just been started again answers a moment before the file names it.
    const pids = await until(`the ${part} is named`, () => {
      const named = watchbell().system.pids()[part];
      return named.length > 0 && named.every(isAlive) ? named : null;
    });
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    try {
      await meanwhile();
    } finally {
      for (const pid of pids) process.kill(pid, end);
    }
  };

  test.for([
    ["relay", "SIGCONT"] as const,
    ["relay", "SIGKILL"] as const,
    ["worker", "SIGCONT"] as const,
    ["worker", "SIGKILL"] as const,
  ])("a Job that somebody deletes while the %s is away (%s) is lost once it is back", async ([part, end]) => {
    const { api } = watchbell();
    const name = `behind-${part}-${end.toLowerCase()}`;
    const id = await create(name, LASTING);
    await untilRunning(api, id);
    await without(part, end, async () => {
      await target().kubectl("delete", "job", name, "-n", JOBS, "--cascade=foreground");
    });
    await until("the API answers", async () => (await api.describe(id)).status !== "", 30_000);
    await expectLost(bench, id);
  });

  test("the Job of a finished run stays until its end is acknowledged, then for its TTL", async () => {
    const { api } = watchbell();
    const metadata = { log_collect: "true", ttl_seconds_after_finished: "4" };
    const id = await create("unacknowledged", "echo one; sleep 2; echo two", { metadata });
    await untilRunning(api, id);
    const theJob = async () => (await objectsOf(target(), "jobs", id))[0];
    await without("worker", "SIGCONT", async () => {
      await until(
        "it is complete",
        async () => (await theJob())?.status.conditions?.some((one) => one.type === "Complete"),
        30_000,
      );
      // Longer than its TTL: whatever were to delete it would have.
      const untilMs = performance.now() + 8_000;
      while (performance.now() < untilMs) {
        const job = await theJob();
        expect(job).toBeDefined();
        expect(job?.spec.ttlSecondsAfterFinished).toBeUndefined();
        expect(job?.metadata.annotations["watchbell.dev/reported-at"]).toBeUndefined();
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    });
    const backMs = performance.now();
    await api.untilStatus(id, 2, 60_000);
    expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["one\ntwo\n"]);
    const marked = await until("it has its TTL", async () => {
      const job = await theJob();
      return job === undefined || job.spec.ttlSecondsAfterFinished !== undefined ? { job } : null;
    });
    const markedSeconds = (performance.now() - backMs) / 1_000;
    await until("it is gone", async () => (await theJob()) === undefined, 30_000);
    const goneSeconds = (performance.now() - backMs) / 1_000;
    const ttl = marked.job?.spec.ttlSecondsAfterFinished;
    console.log(
      `${kind}: link back: TTL ${ttl} s after ${markedSeconds.toFixed(1)} s, gone after ${goneSeconds.toFixed(1)} s`,
    );
    expect(goneSeconds - markedSeconds).toBeGreaterThan(2);
  });
}
