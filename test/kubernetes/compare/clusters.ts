import { until } from "../../support/wait.ts";
import { IMAGE, JOBS, type Target } from "../suite/target.ts";
import { startEmbedded, startReal } from "../suite/targets.ts";
import { startWatchbell } from "../suite/watchbell.ts";
import { difference } from "./lines.ts";
import { type Observed, Recorder } from "./recorder.ts";

/** One job, and the `job_status` that it comes to; a status of 3: it is deleted once it runs. */
type Scenario = { name: string; script: string; jobStatus: number; metadata?: Record<string, unknown> };

const LASTING = "trap 'exit 1' TERM; sleep 600 & wait";
const SCENARIOS: Scenario[] = [
  { name: "succeeds", script: "echo k8s jobs !!!", jobStatus: 2, metadata: { log_collect: true } },
  { name: "fails", script: "echo no; exit 3", jobStatus: 1, metadata: { backoff_limit: 0 } },
  { name: "tried-twice", script: "exit 3", jobStatus: 1, metadata: { backoff_limit: 1 } },
  { name: "on-failure", script: "exit 3", jobStatus: 1, metadata: { restart_policy: "OnFailure", backoff_limit: 1 } },
  { name: "deadline", script: LASTING, jobStatus: 1, metadata: { active_deadline_seconds: 3, backoff_limit: 0 } },
  { name: "deleted", script: LASTING, jobStatus: 3 },
  { name: "two-pods", script: "true", jobStatus: 2, metadata: { completions: 2, parallelism: 2 } },
  {
    name: "indexed",
    script: "true",
    jobStatus: 2,
    metadata: { completions: 2, parallelism: 1, completion_mode: "Indexed" },
  },
];

async function observe(start: () => Promise<Target>): Promise<Map<string, Observed>> {
  const target = await start();
  const stops: (() => Promise<void>)[] = [() => target.stop()];
  try {
    const watchbell = await startWatchbell(target, [JOBS]);
    stops.push(() => watchbell.stop());
    const recorder = new Recorder(target.client, JOBS);
    const { api } = watchbell;
    const play = async ({ name, script, jobStatus, metadata = {} }: Scenario) => {
      const command = JSON.stringify(["sh", "-c", script]);
      const id = await api.create({ job_name: name, namespace: JOBS, image: IMAGE, command, metadata });
      if (jobStatus !== 3) return await api.untilStatus(id, jobStatus, 60_000);
      await until("it runs", async () => (await api.describe(id)).status === "running");
      await api.call("POST", `/api/once_job/delete/${id}`, {});
      return await api.untilStatus(id, 3, 60_000);
    };
    await Promise.all(SCENARIOS.map(play));
    await until("each finished Job has its TTL", async () => {
      const words = "jsonpath={range .items[*]}{.spec.ttlSecondsAfterFinished}{'\\n'}{end}";
      return (
        (await target.kubectl("get", "jobs", "-n", JOBS, "-o", words)).split("\n").filter(Boolean).length >=
        SCENARIOS.length - 1
      );
    });
    await recorder.stop();
    return new Map(SCENARIOS.map(({ name }) => [name, recorder.of(name)]));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function compare(left: [string, Map<string, Observed>], right: [string, Map<string, Observed>]): void {
  console.log(`\n# - ${left[0]}   + ${right[0]}`);
  for (const part of ["order", "job", "pod", "events"] as const) {
    const where = new Map<string, string[]>();
    for (const { name } of SCENARIOS) {
      const found = difference(left[1].get(name)?.[part] ?? [], right[1].get(name)?.[part] ?? []);
      for (const line of [...found.left.map((one) => `- ${one}`), ...found.right.map((one) => `+ ${one}`)]) {
        const word = line.replaceAll(name, "<job>");
        where.set(word, [...(where.get(word) ?? []), name]);
      }
    }
    for (const [line, names] of where) {
      console.log(`${part} ${line}   [${names.length === SCENARIOS.length ? "all" : names.join(", ")}]`);
    }
  }
}

/** The same jobs on all three clusters: prints what can be seen of them in one and not in the next. */
export async function compareClusters(): Promise<void> {
  const embedded = await observe(startEmbedded);
  const standIn = await observe(() => startReal("stand-in"));
  const real = await observe(() => startReal("real"));
  compare(["embedded", embedded], ["stand-in", standIn]);
  compare(["stand-in", standIn], ["real", real]);
}
