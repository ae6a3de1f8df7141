import { listClusterIds } from "../db/clusters.ts";
import { countSubmittedJobs } from "../db/job-rows.ts";
import { logError, logWarning } from "../errors.ts";
import type { ClusterCalls, ClusterFigures } from "./calls.ts";
import { type Counters, type Counts, LATENESS_SECONDS, sumOf } from "./counters.ts";
import { type Family, prometheusText, type Sample } from "./prometheus-text.ts";

/** Rows of the index of waiting jobs that one call looks at, as a list does. */
const READ_AT_MOST = 20_000;
/** Objects that are asked at once, and how long each may take, and all of them: Prometheus itself waits 10 s. */
const ASKED_AT_ONCE = 50;
const ANSWER_WITHIN_MS = 2_000;
const ALL_WITHIN_MS = 8_000;
/** The platform lets a request make 1,000 calls. */
const MAX_CLUSTERS = 900;

const FINAL_STATUSES = ["succeeded", "failed", "cancelled", "lost", "skipped"];
const CALL_RESULTS = ["delivered", "retried", "failed"];
const REPAIR_KINDS = ["created_after_cancel", "listed_after_cancel", "job_after_end"];

type AskedCluster = { cluster: string; figures: ClusterFigures | null };
type MetricsBindings = Pick<Env, "DB" | "CLUSTERS">;

/**
 * The control plane's figures as Prometheus' text (contract, part 5, "Metrics"). Sums over clusters are left out where one of them
 * did not answer: a sum without it would look like a counter that began anew.
 */
export async function readMetrics(env: MetricsBindings): Promise<string> {
  const [submitted, ids] = await Promise.all([countSubmittedJobs(env.DB, READ_AT_MOST), listClusterIds(env.DB)]);
  if (ids.length > MAX_CLUSTERS) logWarning(`metrics: only ${MAX_CLUSTERS} of ${ids.length} clusters are asked`);
  const asked = await askAll(env, ids.slice(0, MAX_CLUSTERS));
  const answered = asked.flatMap(({ cluster, figures }) => (figures === null ? [] : [{ cluster, ...figures }]));
  const isWhole = answered.length === ids.length;
  return prometheusText([
    jobsFamily(submitted, isWhole ? answered : null),
    ...(isWhole ? countedFamilies(sumOf(answered.map(({ counters }) => counters))) : []),
    {
      name: "watchbell_outbox_commands",
      type: "gauge",
      help: "Commands that are due and that the cluster has not confirmed.",
      samples: answered.map(({ cluster, outboxCommands }) => ({ labels: { cluster }, value: outboxCommands })),
    },
    {
      name: "watchbell_link_up",
      type: "gauge",
      help: "1 while a relay of the cluster is linked.",
      samples: answered.map(({ cluster, linkUp }) => ({ labels: { cluster }, value: linkUp ? 1 : 0 })),
    },
  ]);
}

async function askAll(env: MetricsBindings, ids: readonly string[]): Promise<AskedCluster[]> {
  const asked: AskedCluster[] = [];
  const by = Date.now() + ALL_WITHIN_MS;
  for (let start = 0; start < ids.length; start += ASKED_AT_ONCE) {
    const some = ids.slice(start, start + ASKED_AT_ONCE);
    const waitMs = Math.min(ANSWER_WITHIN_MS, by - Date.now());
    const answers = some.map(async (cluster) => ({ cluster, figures: await ask(env, cluster, waitMs) }));
    asked.push(...(await Promise.all(answers)));
  }
  return asked;
}

/** null: it did not answer in time. */
async function ask(env: MetricsBindings, cluster: string, waitMs: number): Promise<ClusterFigures | null> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${waitMs} ms`)), waitMs);
  try {
    const calls: ClusterCalls = env.CLUSTERS.get(env.CLUSTERS.idFromName(cluster));
    return await Promise.race([calls.figures(), late]);
  } catch (error) {
    logError(`metrics: cluster ${cluster} did not answer`, error);
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function jobsFamily(submitted: number, answered: readonly ClusterFigures[] | null): Family {
  const created = answered?.reduce((sum, { createdJobs }) => sum + createdJobs, 0);
  return {
    name: "watchbell_jobs",
    type: "gauge",
    help: `Open jobs: submitted and not yet created (at most ${READ_AT_MOST} are counted), or with a Kubernetes Job that has not ended.`,
    samples: [
      { labels: { status: "submitted" }, value: submitted },
      ...(created === undefined ? [] : [{ labels: { status: "created" }, value: created }]),
    ],
  };
}

function countedFamilies({ runs, callbacks, repairs, lateness }: Counters): Family[] {
  return [
    {
      name: "watchbell_runs_total",
      type: "counter",
      help: "Runs that ended, and slots that did not run.",
      samples: samplesOf("status", FINAL_STATUSES, runs),
    },
    {
      name: "watchbell_start_lateness_seconds",
      type: "histogram",
      help: "From a run's due time to its Kubernetes Job.",
      samples: histogramOf(lateness),
    },
    {
      name: "watchbell_repairs_total",
      type: "counter",
      help: "Kubernetes Jobs that turned up for runs that were over, and were removed.",
      samples: samplesOf("kind", REPAIR_KINDS, repairs),
    },
    {
      name: "watchbell_callbacks_total",
      type: "counter",
      help: "Attempts at callbacks; after retried another follows.",
      samples: samplesOf("result", CALL_RESULTS, callbacks),
    },
  ];
}

/** Each kind that is known, 0 where it never occurred, and any that an object of another version counts. */
function samplesOf(label: string, kinds: readonly string[], counts: Counts): Sample[] {
  return [...new Set([...kinds, ...Object.keys(counts)])].map((kind) => ({
    labels: { [label]: kind },
    value: counts[kind] ?? 0,
  }));
}

function histogramOf({ counts, sumMs }: Counters["lateness"]): Sample[] {
  let within = 0;
  const buckets = counts.map((count, index) => {
    within += count;
    return { suffix: "_bucket", labels: { le: String(LATENESS_SECONDS[index] ?? "+Inf") }, value: within };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels: {}, value: sumMs / 1_000 },
    { suffix: "_count", labels: {}, value: within },
  ];
}
