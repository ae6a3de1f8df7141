import type { FactAnswer, FactBody } from "../../../relay/facts.ts";
import type { Attempted } from "../../../relay/kubernetes/create-run.ts";
import { Follows } from "../../../relay/kubernetes/follows.ts";
import { LiveLogs } from "../../../relay/kubernetes/live-logs.ts";
import { LogCollector } from "../../../relay/kubernetes/log-collector.ts";
import { LogPeeks } from "../../../relay/kubernetes/log-peeks.ts";
import { LogWatch } from "../../../relay/kubernetes/log-watch.ts";
import { QuotaLine } from "../../../relay/kubernetes/quota-line.ts";
import { Reconciler } from "../../../relay/kubernetes/reconciler.ts";
import { RunFinisher } from "../../../relay/kubernetes/run-finisher.ts";
import { RunStore, type TrackedRun } from "../../../relay/kubernetes/run-store.ts";
import { Semaphore } from "../../../relay/semaphore.ts";
import { CLUSTER_LABEL } from "./manifests.ts";
import { jobObject } from "./objects.ts";
import { type Asked, quickClock, ScriptedApi } from "./scripted-api.ts";

/** What the API server's stand-in answers. */
export type Script = (asked: Asked, api: ScriptedApi) => void;

/** A reconciler over a scripted API server; facts are kept and answered by `answer`. */
export async function startParts(script: Script, answer: (fact: FactBody) => FactAnswer = () => "ok") {
  const clock = quickClock();
  const api = await ScriptedApi.start(script, clock);
  const { calls } = api;
  const facts: FactBody[] = [];
  const report = async (fact: FactBody): Promise<FactAnswer> => {
    facts.push(fact);
    return answer(fact);
  };
  const { signal } = new AbortController();
  const log = (): void => {};
  const store = new RunStore();
  const underWay = { creating: new Set<string>(), removing: new Set<string>() };
  const follows = new Follows(calls, clock);
  const peeks = new LogPeeks(calls, clock, signal);
  const collector = new LogCollector({ calls, clock, follows, peeks, report, signal, onBytes: () => {} });
  const finisher = new RunFinisher({ calls, clock, log, store, report, collector, signal });
  const live = new LiveLogs({ clock, store, follows, collector, say: () => {}, signal });
  const logs = new LogWatch({ clock, follows, peeks, collector, live });
  const reconciler = new Reconciler({
    ...{ calls, clock, log, store, report, logs, finisher, underWay },
    clusterLabel: CLUSTER_LABEL,
  });
  const context = {
    ...{ calls, clock, log, report, store, reconciler, underWay, clusterLabel: CLUSTER_LABEL, namespaces: [] },
    right: { mayCreate: () => true, mayReturn: () => true, term: () => 0 },
    attempts: new Semaphore(32),
    quotaLine: new QuotaLine<Attempted>(),
    isCrowded: () => false,
  };
  const track = (job = jobObject()): TrackedRun => {
    const run = store.takeJob(job, clock.monotonicMs(), true);
    if (!run) throw new Error("no run");
    return run;
  };
  return { api, clock, facts, follows, collector, store, reconciler, finisher, underWay, context, track, signal };
}
