import { randomUUID } from "node:crypto";
import packageJson from "../package.json" with { type: "json" };
import type { Role, Welcome } from "../protocol/down.ts";
import type { Hello } from "../protocol/up.ts";
import { PROTOCOL_VERSION } from "../protocol/words.ts";
import type { Clock } from "./clock.ts";
import type { RelaySettings } from "./env.ts";
import { type Readiness, startHealth } from "./health.ts";
import { KubernetesApi } from "./kubernetes/api.ts";
import { type ClusterSide, startClusterSide } from "./kubernetes/cluster-side.ts";
import { CREATE_WINDOW } from "./kubernetes/commands.ts";
import { loadClusterAccess } from "./kubernetes/config.ts";
import { type ClusterFacts, meetCluster } from "./kubernetes/connect.ts";
import { describeFailure } from "./kubernetes/failures.ts";
import { Link } from "./link/link.ts";
import type { Log } from "./log.ts";
import { type Metrics, makeMetrics } from "./metrics.ts";

/** Creates under way get this long when the process stops; with the good-bye it ends within nine seconds. */
const STOP_WAIT_MS = 7_500;
const READY_PROBE_MS = 2_000;

/** How the process ends: exit code, and the sentence where it is not 0. */
export type RelayEnd = { code: 0 } | { code: 1; sentence: string };

/** What the process around it gives. `onReady` once the link is up and the inventory is sent. */
export type RelayProcess = { clock: Clock; log: Log; stop: AbortSignal; onReady: (healthPort: number) => void };

/**
 * The whole flow:
 *
 *     control plane ──create, remove, check──▶ Link ──▶ Commands ──▶ Kubernetes API
 *                   ──follow, unfollow──────▶ Link ──▶ LiveLogs ◀── pod logs
 *                   ◀──lines─────────────── Link ◀──┘
 *                   ◀──ok, gone, refused──▶  Outbox                     │ list, watch
 *                   ◀──facts, inventory───── Link ◀── Reconciler ◀── RunStore
 *                                                 ◀── LogCollector ◀── pod logs
 *
 * Nothing is kept on disk: after any crash the list of Jobs tells what is still to be said.
 */
export async function runRelay(settings: RelaySettings, process: RelayProcess): Promise<RelayEnd> {
  const { stop, onReady } = process;
  const metrics: Metrics = makeMetrics({
    linkUp: () => sides?.link.isUp ?? false,
    active: () => sides?.link.isUp === true && sides.link.role === "active",
    unackedFacts: () => sides?.link.outbox.size ?? 0,
  });
  let sides: Sides | null = null;
  const opened = await openCluster(settings, process, metrics);
  if ("code" in opened) return opened;
  const { api, cluster } = opened;
  const health = await startHealth(
    { host: settings.healthHost, port: settings.healthPort },
    {
      readiness: () => readiness(sides, api),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    },
  );
  if (!health.ok) {
    await api.close();
    return { code: 1, sentence: health.sentence };
  }
  sides = joinSides(settings, process, { api, metrics, cluster, onSynced: () => onReady(health.server.port) });
  const refusal = await Promise.race([sides.link.run(), aborted(stop)]);
  await leave(sides);
  await Promise.all([api.close(), health.server.close()]);
  return refusal === null ? { code: 0 } : { code: 1, sentence: refusal };
}

/** The link and, from the first welcome on, the cluster side that it carries facts and commands for. */
type Sides = { readonly link: Link; readonly cluster: ClusterSide | null };

/** Finds the cluster and asks it who it is, before the first word to the control plane. */
async function openCluster(
  settings: RelaySettings,
  { clock, log, stop }: RelayProcess,
  metrics: Metrics,
): Promise<{ api: KubernetesApi; cluster: ClusterFacts } | RelayEnd> {
  const access = loadClusterAccess(settings.kubeconfig);
  if (!access.ok) return { code: 1, sentence: access.sentence };
  const { server, namespace } = access.value;
  const api = new KubernetesApi(access.value, clock, (verb, status) => metrics.apiAnswered(verb, status));
  const from = settings.kubeconfig === null ? "the service account" : `KUBECONFIG=${settings.kubeconfig}`;
  const met = await meetCluster(api, clock, namespace, from, stop);
  if (met.ok && !stop.aborted) {
    log("info", "cluster answers", { server, version: met.value.version });
    return { api, cluster: met.value };
  }
  await api.close();
  return met.ok || stop.aborted ? { code: 0 } : { code: 1, sentence: met.sentence };
}

/** Connects link and cluster side: commands go down, facts go up. */
function joinSides(
  settings: RelaySettings,
  { clock, log }: RelayProcess,
  parts: { api: KubernetesApi; metrics: Metrics; cluster: ClusterFacts; onSynced: () => void },
): Sides {
  const { api, metrics } = parts;
  let side: ClusterSide | null = null;
  const link: Link = new Link({
    ...{ url: settings.linkUrl, joinToken: settings.joinToken, clock, log },
    hello: helloOf(settings, parts.cluster),
    events: {
      onWelcome: (welcome) => welcomed(welcome),
      onRole: (role) => roleChanged(role),
      onCommand: (command) => side?.take(command),
      onFactsSent: (facts) => metrics.factsSent(facts.map(({ type }) => type)),
    },
  });

  function welcomed({ role, clusterLabel }: Welcome): void {
    log("info", `linked as ${role}`, { cluster: settings.cluster });
    side ??= startClusterSide({
      ...{ api, clock, log, clusterLabel, namespaces: settings.namespaces },
      report: (fact, happenedAtMs) => link.report(fact, happenedAtMs),
      sayLines: (lines) => link.sayLines(lines),
      right: {
        mayCreate: () => link.mayCreate(),
        mayReturn: () => link.isUp && link.role === "active",
        term: () => link.term(),
      },
      mayReport: () => link.role === "active",
      onRelist: () => link.outbox.requeueRefused(),
      onWatchRestart: () => metrics.watchRestarted(),
      onLogBytes: (bytes) => metrics.logBytesSent(bytes),
      onCreateEnd: (result, tookMs) => metrics.createEnded(result, tookMs),
    });
    const known = side.clusterLabel;
    if (known !== clusterLabel) log("error", "the cluster's label changed; restart the relay", { known, clusterLabel });
    void side.synced.then(() => synced());
  }

  function synced(): void {
    if (!side || !link.isUp) return;
    link.sendInventory(side.inventory());
    roleChanged(link.role);
    parts.onSynced();
  }

  function roleChanged(role: Role): void {
    if (role === "active") side?.becomeActive();
    else side?.standBy();
  }

  return {
    link,
    get cluster() {
      return side;
    },
  };
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

/** Lets creates under way end while the link still carries their facts, then says good-bye. */
async function leave({ cluster, link }: Sides): Promise<void> {
  await cluster?.stop(STOP_WAIT_MS);
  await link.stop();
}

function helloOf(settings: RelaySettings, cluster: ClusterFacts): Hello {
  return {
    type: "hello",
    protocol: PROTOCOL_VERSION,
    cluster: settings.cluster,
    process: randomUUID(),
    relayVersion: packageJson.version,
    kubernetesVersion: cluster.version.slice(0, 64),
    identity: cluster.identity,
    window: CREATE_WINDOW,
    namespaces: settings.namespaces,
  };
}

/** Ready is: linked, in whichever role, and the API server answers right now. */
async function readiness(sides: Sides | null, api: KubernetesApi): Promise<Readiness> {
  const { link, cluster: side } = sides ?? { link: null, cluster: null };
  if (!link?.isUp) return { ready: false, words: "not ready: the link to the control plane is down" };
  const answer = await api.request({ method: "GET", path: "/version", timeoutMs: READY_PROBE_MS });
  if (!answer.ok) return { ready: false, words: `not ready: ${describeFailure(answer.failure)}` };
  const problem = side?.problem() ?? null;
  if (problem !== null) return { ready: false, words: `not ready: ${problem}` };
  return { ready: true, words: `ready: ${link.role}${side?.remark() ?? ""}` };
}
