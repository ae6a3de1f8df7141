import type { Check, Create, Follow, Remove, Unfollow } from "../../protocol/down.ts";
import type { Inventory, Lines } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { Report } from "../facts.ts";
import type { Log } from "../log.ts";
import { Semaphore } from "../semaphore.ts";
import type { KubernetesApi } from "./api.ts";
import { KubernetesCalls } from "./calls.ts";
import { ClusterWatch } from "./cluster-watch.ts";
import { type CommandEvents, Commands, MAX_ATTEMPTS } from "./commands.ts";
import type { Attempted, Right } from "./create-run.ts";
import { Follows } from "./follows.ts";
import { inventoryPages } from "./inventory.ts";
import { LiveLogs } from "./live-logs.ts";
import { LogCollector } from "./log-collector.ts";
import { LogPeeks } from "./log-peeks.ts";
import { LogWatch } from "./log-watch.ts";
import { QuotaLine } from "./quota-line.ts";
import { Reconciler } from "./reconciler.ts";
import { RunFinisher } from "./run-finisher.ts";
import { RunStore } from "./run-store.ts";

/** The cluster side as the wiring sees it. */
export type ClusterSide = {
  readonly clusterLabel: string;
  /** Why the view of the cluster is not up to date; null: it is. */
  problem(): string | null;
  /** What can't be read for want of a right, while the rest works; empty: nothing. */
  remark(): string;
  /** Resolves once every Job and pod of ours was listed. */
  readonly synced: Promise<void>;
  inventory(): Inventory[];
  take(command: Create | Remove | Check | Follow | Unfollow): void;
  standBy(): void;
  becomeActive(): void;
  /** Ends what is under way, at most for `waitMs`, then every watch and follow. */
  stop(waitMs: number): Promise<void>;
};

/** What the cluster side needs of the process around it. */
export type ClusterSideOptions = {
  api: KubernetesApi;
  clock: Clock;
  log: Log;
  report: Report;
  /** Says what somebody who looks at a run wants to know; it is said once, and may get lost. */
  sayLines: (lines: Lines) => void;
  right: Right;
  clusterLabel: string;
  namespaces: readonly string[];
  /** A standby watches and says nothing. */
  mayReport: () => boolean;
  onRelist: () => void;
  onWatchRestart: () => void;
  onLogBytes: (bytes: number) => void;
  onCreateEnd: CommandEvents["onCreateEnd"];
};

/** Puts the cluster side together and starts watching. */
export function startClusterSide(options: ClusterSideOptions): ClusterSide {
  const { api, clock, log, report, clusterLabel, namespaces } = options;
  const ended = new AbortController();
  const { signal } = ended;
  const calls = new KubernetesCalls(api);
  const store = new RunStore();
  const underWay = { creating: new Set<string>(), removing: new Set<string>() };
  const follows = new Follows(calls, clock);
  const peeks = new LogPeeks(calls, clock, signal);
  const collector = new LogCollector({ calls, clock, follows, peeks, report, signal, onBytes: options.onLogBytes });
  const finisher = new RunFinisher({ calls, clock, log, store, report, collector, signal });
  const live = new LiveLogs({ clock, store, follows, collector, say: options.sayLines, signal });
  const logs = new LogWatch({ clock, follows, peeks, collector, live });
  const reconciler = new Reconciler({
    ...{ calls, clock, log, store, report, logs, finisher, underWay, clusterLabel },
  });
  const attempts = new Semaphore(MAX_ATTEMPTS);
  const parts = { calls, clock, log, report, store, reconciler, underWay, attempts };
  const quotaLine = new QuotaLine<Attempted>();
  const isCrowded = (): boolean => commands.isCrowded;
  const context = { ...parts, right: options.right, quotaLine, isCrowded, clusterLabel, namespaces };
  const commands: Commands = new Commands(context, { onCreateEnd: options.onCreateEnd });
  const watch = new ClusterWatch({
    ...{ api, clock, log, store, reconciler, clusterLabel, namespaces, signal },
    mayReport: options.mayReport,
    onRestart: options.onWatchRestart,
    onRelist: () => {
      finisher.relisted();
      options.onRelist();
    },
  });
  watch.start();
  return {
    clusterLabel,
    problem: () => watch.problem,
    remark: () => `${watch.remark}${finisher.remark}`,
    synced: watch.synced,
    inventory: () => inventoryPages(store.runs()),
    take: (command) => {
      if (command.type === "follow" || command.type === "unfollow") live.take(command);
      else commands.take(command);
    },
    standBy: () => commands.standBy(),
    becomeActive: () => watch.reconcileAll(),
    stop: async (waitMs) => {
      await commands.stop(waitMs);
      ended.abort();
    },
  };
}
