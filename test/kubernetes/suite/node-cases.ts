import { expect } from "vitest";
import { findFamily, killQuietly, listProcesses } from "../../../dev/support/processes.ts";
import { nobody } from "../../../dev/support/reaper-client.ts";
import { until } from "../../support/wait.ts";
import { NODE_NAME } from "../cluster/cluster.ts";
import { deleteJob, LASTING, objectsOf, ofProcess, processesOf, untilRunning } from "./at-work.ts";
import type { Bench } from "./cases.ts";
import { explained } from "./explained.ts";
import { withNeighbour } from "./neighbour.ts";
import { JOBS } from "./target.ts";
import { testOn } from "./test-on.ts";

/** Nodes that are drained, and nodes that die; one by one, since every other case would be hit. */
export function nodeCases(bench: Bench): void {
  const { kind, target, watchbell, create } = bench;

  testOn(
    kind,
    ["real"],
    "there is no scheduler here that would mind",
  )("a drained node: the run waits for a node, and goes on with another pod", async () => {
    const { api } = watchbell();
    const script =
      "trap 'echo evicted; exit 1' TERM; echo $HOSTNAME; i=0; while [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done";
    const id = await create("drained", script, { metadata: { log_collect: "true", backoff_limit: "3" } });
    await untilRunning(api, id);
    try {
      const drain = ["drain", NODE_NAME, "--force", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s"];
      await target().kubectl(...drain);
      const waiting = await explained(api, id, /waiting: Unschedulable: pod drained-\w+: 0\/1 nodes/, 60_000);
      console.log(`drained: ${waiting.explain}`);
      expect(waiting).toMatchObject({ job_status: 0, status: "running" });
    } finally {
      await target().kubectl("uncordon", NODE_NAME);
    }
    const job = await api.untilStatus(id, 2, 60_000);
    expect(job).toMatchObject({ job_times: 1, job_success_times: 1 });
    expect(job.runs).toHaveLength(1);
    const logs = await api.logs(id);
    expect(logs.map((row) => row.run_logs)).toEqual([`${logs[0]?.pod_name}\nevicted\n`, `${logs[1]?.pod_name}\n`]);
  });

  testOn(kind, ["real"], "only the real node has a kubelet and a containerd that can be killed with all they run")(
    "a node that dies holds its runs open, named with pod and node, and they go on when it is back",
    { timeout: 180_000 },
    async () => {
      await withNeighbour(target(), async () => await nodeDies(bench));
    },
  );

  testOn(
    kind,
    ["stand-in"],
    "on the real node it is the case before; the embedded cluster has no node that could be killed alone",
  )("a node that dies and comes back: its pod ends then, and the next one runs", async () => {
    const { api } = watchbell();
    const script = "echo $HOSTNAME; sleep 4";
    const id = await create("dying", script, { metadata: { log_collect: "true", backoff_limit: "3" } });
    await untilRunning(api, id);
    const [first] = await objectsOf(target(), "pods", id);
    await bench.parts().node.kill();
    await target().kubectl("delete", "pods", "-n", JOBS, "-l", `job_id=${id}`, "--wait=false");
    const job = await explained(api, id, /pod dying-\S+ on node \S+ can't terminate: it was to end by/, 60_000);
    expect(job).toMatchObject({ job_status: 0, status: "running" });
    expect(await objectsOf(target(), "pods", id)).toHaveLength(1);
    await bench.parts().node.start();
    const ended = await api.untilStatus(id, 2, 60_000);
    expect(ended).toMatchObject({
      job_times: 1,
      runs: [{ pods: [{ pod_name: first?.metadata.name }, { exit_code: 0 }] }],
    });
  });
}

async function nodeDies(bench: Bench): Promise<void> {
  const { target, watchbell, create } = bench;
  const { api } = watchbell();
  const ids = await Promise.all([
    create("dying-back", "echo $HOSTNAME; sleep 73", DYING),
    create("dying-deleted", LASTING, DYING),
    create("dying-forced", "echo $HOSTNAME; sleep 73", DYING),
  ]);
  const [back, deleted, forced] = [ids[0] ?? "", ids[1] ?? "", ids[2] ?? ""];
  for (const id of ids) await untilRunning(api, id);
  const diedMs = performance.now();
  const since = () => `${((performance.now() - diedMs) / 1_000).toFixed(1)} s after its death`;
  await killNode(bench);

  for (const id of ids) {
    const job = await explained(api, id, CANT_TERMINATE, 90_000);
    expect(job).toMatchObject({ job_status: 0, status: "running", job_times: 1 });
  }
  console.log(`a dead node is named ${since()}: ${(await api.describe(back)).explain}`);
  for (const id of ids) expect(await objectsOf(target(), "pods", id)).toHaveLength(1);
  const { answer, seconds } = await deleteJob(api, deleted);
  expect(answer).toMatchObject({ http: 504, code: 253 });
  const { explain } = await api.describe(deleted);
  console.log(`delete meanwhile: 253 after ${seconds.toFixed(1)} s: ${explain}`);
  expect(explain).toMatch(CANT_TERMINATE);
  // The pod has Kubernetes' own finalizer, and a Job that replaces failed pods only waits for its end all the same.
  const force = ["--force", "--grace-period=0", "--wait=false"];
  await target().kubectl("delete", "pods", "-n", JOBS, "-l", `job_id=${forced}`, ...force);
  for (const id of ids) expect(await objectsOf(target(), "pods", id)).toHaveLength(1);
  // Its words change with the force, and new ones are said once they have stood for a moment.
  await explained(api, forced, CANT_TERMINATE);
  expect((await api.describe(deleted)).job_status).toBe(0);

  await reviveNode(bench);
  console.log(`the node is back ${since()}`);
  expect((await api.untilStatus(deleted, 3, 60_000)).explain).toContain("removed_from_cluster");
  expect(processesOf(deleted)).toEqual([]);
  for (const id of [back, forced]) await goesOn(bench, id);
}

/** The run goes on with its next pod; that this runs is enough, so the job is deleted then. */
async function goesOn({ target, watchbell }: Bench, id: string): Promise<void> {
  const { api } = watchbell();
  const isNextRunning = async () => {
    const pods = await objectsOf(target(), "pods", id);
    return pods.length === 1 && pods[0]?.status.phase === "Running" && !pods[0].metadata.deletionTimestamp;
  };
  await until("the next pod runs", isNextRunning, 60_000, 200);
  const isSilent = async () => !(await api.describe(id)).explain.includes("waiting");
  await until("nothing is said to wait any more", isSilent, 30_000, 200);
  expect(await api.describe(id)).toMatchObject({ status: "running", job_times: 1 });
  expect((await deleteJob(api, id)).answer).toMatchObject({ code: 0 });
}

const CANT_TERMINATE =
  /waiting: PodTerminating: pod dying-\S+ on node watchbell-node can't terminate: node not ready since \d{4}-/;

const tolerations = ["not-ready", "unreachable"].map((taint) => ({
  ...{ key: `node.kubernetes.io/${taint}`, operator: "Exists", effect: "NoExecute" },
  tolerationSeconds: 2,
}));
/** Kubernetes gives a dead node's pods up after 5 minutes unless they say otherwise. */
const DYING = {
  metadata: {
    log_collect: "true",
    backoff_limit: "3",
    active_deadline_seconds: "600",
    job_patch: JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: 2, tolerations } } } }),
  },
};

/** As when its power goes: kubelet, containerd, the containers' shims and the containers, all at once. */
async function killNode({ parts, target }: Bench): Promise<void> {
  const { node, containerd } = parts();
  await Promise.all([node.kill(), containerd?.kill()]);
  const folder = target().cluster?.folder.node ?? "";
  const all = listProcesses();
  const shims = all.filter(({ pid }) => {
    const command = ofProcess(pid, "cmdline");
    return command.includes("containerd-shim") && command.includes(folder);
  });
  for (const { pid } of findFamily(all, { ...nobody, pids: shims.map(({ pid }) => pid) })) killQuietly(pid, "SIGKILL");
}

async function reviveNode({ parts }: Bench): Promise<void> {
  const { node, containerd } = parts();
  await containerd?.start();
  await node.start();
}
