import { z } from "zod";
import { RefusalReason, RunKey } from "./words.ts";

/** First item of a relay process on a new link. */
export const Hello = z.object({
  type: z.literal("hello"),
  /** Highest protocol version the relay speaks. */
  protocol: z.int().min(1),
  cluster: z.string(),
  /** Id of the relay process, new at each start of the process, kept over reconnects. */
  process: z.string().min(1).max(64),
  relayVersion: z.string().max(64),
  kubernetesVersion: z.string().max(64),
  /** What the relay may read of the Kubernetes cluster's identity; at least one. */
  identity: z.object({
    kubeSystemUid: z.string().optional(),
    namespaceUid: z.string().optional(),
  }),
  /** How many creates the relay will have under way at once. */
  window: z.int().min(1).max(10_000),
  /** Namespaces the relay may touch; empty means all. */
  namespaces: z.array(z.string()).max(1_000),
});
export type Hello = z.infer<typeof Hello>;

/** Every Job of this cluster's label, in pages; the page with `last` ends the list. Follows `welcome` at each connect. */
export const Inventory = z.object({
  type: z.literal("inventory"),
  jobs: z
    .array(
      RunKey.extend({
        uid: z.string(),
        namespace: z.string(),
        name: z.string(),
        phase: z.enum(["active", "finished", "deleting"]),
      }),
    )
    .max(500),
  last: z.boolean(),
});
export type Inventory = z.infer<typeof Inventory>;

/** Asks for what is due: the relay was told of a due time and 250 ms after it nothing had come. */
export const Nudge = z.object({ type: z.literal("nudge") });

/** A standby or stopping relay's word that it closes on purpose and creates nothing more. */
export const Leaving = z.object({ type: z.literal("leaving") });

/**
 * What all facts carry. `id` rises within a relay process and is what `ok`, `gone` and `refused` name; `ageMs` says how
 * long before sending it happened, so that the two clocks need not agree.
 */
const FactBase = RunKey.extend({ id: z.int().min(1), ageMs: z.number().min(0) });

/** One pod of a run, as far as it is known. */
export const PodEnd = z.object({
  podName: z.string(),
  exitCode: z.int().nullable(),
  reason: z.string(),
});
export type PodEnd = z.infer<typeof PodEnd>;

/** Names one log: a container of a pod, and which start of that container. */
export const LogKey = z.object({
  podName: z.string(),
  podUid: z.string(),
  container: z.string(),
  restart: z.int().min(0),
});
export type LogKey = z.infer<typeof LogKey>;

/** The Job exists in the cluster; confirms `create`. `adopted`: it was already there, from an earlier attempt of this run. */
export const CreatedFact = FactBase.extend({
  type: z.literal("created"),
  uid: z.string(),
  name: z.string(),
  namespace: z.string(),
  adopted: z.boolean(),
});

/** The cluster will never take this create; confirms `create`. */
export const CreateRefusedFact = FactBase.extend({
  type: z.literal("create_refused"),
  reason: RefusalReason,
  message: z.string(),
});

/** The start deadline passed before the Job could be created, and none was; confirms `create`. */
export const ExpiredFact = FactBase.extend({ type: z.literal("expired") });

/** This process gave the create up (standby, lease lapsed, stopping) and none of its attempts can still succeed. */
export const DroppedFact = FactBase.extend({ type: z.literal("dropped") });

/**
 * Why a run does not get on: the create is being retried, no container starts, a pod can't terminate. Replaces the last such
 * sentence; with an empty reason it takes it back.
 */
export const WaitingFact = FactBase.extend({
  type: z.literal("waiting"),
  reason: z.string(),
  message: z.string(),
});

/** The first container of the run started. */
export const StartedFact = FactBase.extend({ type: z.literal("started"), podName: z.string() });

/** The Job reached Complete or Failed. `logs`: the logs that will follow; empty when none is collected. */
export const EndedFact = FactBase.extend({
  type: z.literal("ended"),
  uid: z.string(),
  result: z.enum(["succeeded", "failed"]),
  /** A code; empty on success (`BackoffLimitExceeded`, `DeadlineExceeded`, …). */
  reason: z.string(),
  /** One sentence a person can act on; empty on success. */
  message: z.string(),
  /** At most 100. */
  pods: z.array(PodEnd).max(100),
  podCount: z.int().min(0),
  logs: z.array(LogKey).max(200),
});

/**
 * Where a log was cut: behind `at` bytes of the text stands a marker of `markerBytes`, in place of `bytes` of output with
 * `lines` ends of lines in it.
 */
export const LogCut = z.object({
  at: z.int().min(0),
  markerBytes: z.int().min(1),
  bytes: z.int().min(1),
  lines: z.int().min(0),
});
export type LogCut = z.infer<typeof LogCut>;

/**
 * A piece of one log, in order of `seq` from 0. The text is the output with bytes that are no UTF-8 as U+FFFD.
 * `problem` on the last piece: the log could not be read (further), and why.
 */
export const LogFact = FactBase.extend({
  type: z.literal("log"),
  log: LogKey,
  seq: z.int().min(0),
  text: z.string(),
  last: z.boolean(),
  problem: z.string().optional(),
  /** True where the pod has several containers, so that the row names its container. */
  severalContainers: z.boolean(),
  /** On the last piece of a log that was cut. */
  cut: LogCut.optional(),
});

/** The API server answers 404 for a Job that had been seen, in a namespace that the relay may read. */
export const LostFact = FactBase.extend({ type: z.literal("lost"), uid: z.string() });

/** No Job of this run is left, nor a pod of it; confirms `remove`. `existed`: there was one to delete. */
export const RemovedFact = FactBase.extend({
  type: z.literal("removed"),
  n: z.int().min(0),
  existed: z.boolean(),
});

/** The cluster refused the deletion, for good; confirms `remove`. */
export const RemoveFailedFact = FactBase.extend({
  type: z.literal("remove_failed"),
  n: z.int().min(0),
  message: z.string(),
});

/**
 * Answers `follow`: lines of the run's logs from the position on that was asked from, each with its number in its log. No fact:
 * it is not confirmed and not sent again, whoever misses it asks again. `done`: nothing more will come from this process.
 */
export const Lines = RunKey.extend({
  type: z.literal("lines"),
  ask: z.int().min(1),
  logs: z.array(z.object({ log: LogKey, lines: z.array(z.tuple([z.int().min(1), z.string()])) })),
  done: z.boolean(),
});
export type Lines = z.infer<typeof Lines>;

export const Fact = z.discriminatedUnion("type", [
  CreatedFact,
  CreateRefusedFact,
  ExpiredFact,
  DroppedFact,
  WaitingFact,
  StartedFact,
  EndedFact,
  LogFact,
  LostFact,
  RemovedFact,
  RemoveFailedFact,
]);
export type Fact = z.infer<typeof Fact>;

/** Everything a relay may send. */
export const UpItem = z.discriminatedUnion("type", [Hello, Inventory, Nudge, Leaving, Lines, ...Fact.options]);
export type UpItem = z.infer<typeof UpItem>;
