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
import { type ClusterAccess, loadClusterAccess } from "./kubernetes/config.ts";
import { meetCluster } from "./kubernetes/connect.ts";
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
 *                   ◀──ok, gone, refused──▶  Outbox                     │ list, watch
 *                   ◀──facts, inventory───── Link ◀── Reconciler ◀── RunStore
 *                                                 ◀── LogCollector ◀── pod logs
 *
 * Nothing is kept on disk: after any crash the list of Jobs tells what is still to be said.
 */
export async function runRelay(
  settings: RelaySettings,
  { clock, log, stop, onReady }: RelayProcess,
): Promise<RelayEnd> {
  let access: ClusterAccess;
  try {
    access = loadClusterAccess(settings.kubeconfig);
  } catch (error) {
    return { code: 1, sentence: error instanceof Error ? error.message : String(error) };
  }
  const metrics: Metrics = makeMetrics({
    linkUp: () => link.isUp,
    active: () => link.isUp && link.role === "active",
    unackedFacts: () => link.outbox.size,
  });
  const api = new KubernetesApi(access, clock, (verb, status) => metrics.apiAnswered(verb, status));
  const from = settings.kubeconfig === null ? "the service account" : `KUBECONFIG=${settings.kubeconfig}`;
  const met = await meetCluster(api, clock, access.namespace, from, stop);
  if (stop.aborted || !met.ok) {
    await api.close();
    return met.ok || stop.aborted ? { code: 0 } : { code: 1, sentence: met.sentence };
  }
  log("info", "cluster answers", { server: access.server, version: met.value.version });

  let side: ClusterSide | null = null;
  const link = new Link({
    url: settings.linkUrl,
    joinToken: settings.joinToken,
    hello: helloOf(settings, met.value),
    clock,
    log,
    events: {
      onWelcome: (welcome) => welcomed(welcome),
      onRole: (role) => roleChanged(role),
      onCommand: (command) => side?.take(command),
      onDown: () => {},
      onFactsSent: (facts) => metrics.factsSent(facts.map(({ type }) => type)),
    },
  });

  const health = await startHealth(
    { host: settings.healthHost, port: settings.healthPort },
    {
      readiness: () => readiness(link, api, side),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    },
  );
  if (!health.ok) {
    await api.close();
    return { code: 1, sentence: health.sentence };
  }

  function welcomed(welcome: Welcome): void {
    log("info", `linked as ${welcome.role}`, { cluster: settings.cluster });
    const known = side?.clusterLabel ?? welcome.clusterLabel;
    if (known !== welcome.clusterLabel) log("error", "the cluster's label changed; restart the relay", { known });
    side ??= startClusterSide({
      ...{ api, clock, log, clusterLabel: welcome.clusterLabel, namespaces: settings.namespaces },
      report: (fact, happenedAtMs) => link.report(fact, happenedAtMs),
      right: { mayCreate: () => link.mayCreate(), mayReturn: () => link.isUp && link.role === "active" },
      mayReport: () => link.role === "active",
      onRelist: () => link.outbox.requeueRefused(),
      onWatchRestart: () => metrics.watchRestarted(),
      onLogBytes: (bytes) => metrics.logBytesSent(bytes),
      onCreateEnd: (result, tookMs) => metrics.createEnded(result, tookMs),
    });
    const linkedSide = side;
    void linkedSide.synced.then(() => {
      link.sendInventory(linkedSide.inventory());
      roleChanged(link.role);
      onReady(health.ok ? health.server.port : 0);
    });
  }

  function roleChanged(role: Role): void {
    if (role === "active") side?.becomeActive();
    else side?.standBy();
  }

  const stopped = new Promise<null>((resolve) => {
    if (stop.aborted) resolve(null);
    stop.addEventListener("abort", () => resolve(null), { once: true });
  });
  const refusal = await Promise.race([link.run(), stopped]);
  await leave(side, link);
  await Promise.all([api.close(), health.server.close()]);
  return refusal === null ? { code: 0 } : { code: 1, sentence: refusal };
}

/** Lets creates under way end while the link still carries their facts, then says good-bye. */
async function leave(side: ClusterSide | null, link: Link): Promise<void> {
  await side?.stop(STOP_WAIT_MS);
  await link.stop();
}

function helloOf(settings: RelaySettings, cluster: { version: string; identity: Hello["identity"] }): Hello {
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
async function readiness(link: Link, api: KubernetesApi, side: ClusterSide | null): Promise<Readiness> {
  if (!link.isUp) return { ready: false, words: "not ready: the link to the control plane is down" };
  const answer = await api.request({ method: "GET", path: "/version", timeoutMs: READY_PROBE_MS });
  if (!answer.ok)
    return { ready: false, words: `not ready: the API server does not answer (${answer.failure.reason})` };
  const problem = side?.problem() ?? null;
  if (problem !== null) return { ready: false, words: `not ready: ${problem}` };
  return { ready: true, words: `ready: ${link.role}${side?.remark() ?? ""}` };
}
