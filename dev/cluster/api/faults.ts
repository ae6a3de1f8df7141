import { z } from "zod";
import type { Store } from "./store.ts";
import type { StreamFault, WatchStreams } from "./watch-streams.ts";

/** What happens to a request that a rule matches. */
const FaultAction = z.discriminatedUnion("kind", [
  /** Answers with an error, before or (`isAfterWrite`) after the request was carried out. */
  z.object({
    kind: z.literal("answer"),
    code: z.union([z.literal(401), z.literal(403), z.literal(429), z.literal(500), z.literal(503), z.literal(504)]),
    retryAfterSeconds: z.number().int().min(0).optional(),
    isAfterWrite: z.boolean().optional(),
  }),
  /** Closes the connection without an answer. */
  z.object({ kind: z.literal("drop"), isAfterWrite: z.boolean().optional() }),
  /** Waits before the request is carried out; adds to any other rule that matches. */
  z.object({ kind: z.literal("delay"), ms: z.number().min(0) }),
  /** Half-open: takes the request and never sends a byte, or (watch) stops sending from the start. */
  z.object({ kind: z.literal("freeze") }),
  /** Answers 410: an ERROR event on a watch, the HTTP code elsewhere. */
  z.object({ kind: z.literal("expire") }),
]);

/** A rule: which requests, how often, and what happens to them. */
export const FaultRule = z.object({
  /** Kubernetes verb (create, get, list, watch, patch, …); absent: every verb. */
  verb: z.string().optional(),
  /** Regular expression on the path without its query; absent: every path. */
  path: z.string().optional(),
  /** How many requests it hits; absent: all until it is removed. */
  times: z.number().int().min(1).optional(),
  /** The cluster's own kubelet and controllers are spared unless this is true. */
  isForAll: z.boolean().optional(),
  action: FaultAction,
});
export type FaultRule = z.infer<typeof FaultRule>;
export type FaultAction = z.infer<typeof FaultAction>;

/** A rule at work: how many requests it has hit, and how to take it away. */
export type ActiveFault = { hits: () => number; remove: () => void };

/** What a request meets: a wait, then possibly one action. */
export type FaultVerdict = { delayMs: number; action: Exclude<FaultAction, { kind: "delay" }> | undefined };

type Active = { rule: FaultRule; path: RegExp; left: number; hits: number };

/** Fault injection: rules for coming requests, and faults for watches that are open now. */
export class Faults {
  readonly #watches: WatchStreams;
  readonly #store: Store;
  #active: Active[] = [];

  constructor(watches: WatchStreams, store: Store) {
    this.#watches = watches;
    this.#store = store;
  }

  /** Adds a rule; rules are tried in the order they came. Throws where `path` is no regular expression. */
  add(rule: FaultRule): ActiveFault {
    const active: Active = {
      rule,
      path: new RegExp(rule.path ?? ""),
      left: rule.times ?? Number.POSITIVE_INFINITY,
      hits: 0,
    };
    this.#active.push(active);
    return {
      hits: () => active.hits,
      remove: () => {
        this.#active = this.#active.filter((one) => one !== active);
      },
    };
  }

  /** Takes every rule away. */
  clear(): void {
    this.#active = [];
  }

  /** The rules at work, with what is left of them. */
  list(): { rule: FaultRule; hits: number }[] {
    return this.#active.map(({ rule, hits }) => ({ rule, hits }));
  }

  /** Does something to the watches that outside clients have open now; answers how many it hit. */
  onOpenWatches(fault: StreamFault, path = ""): number {
    return this.#watches.apply(fault, new RegExp(path));
  }

  /** Forgets all watch history: every version given out so far answers 410 from now on. */
  expireVersions(): void {
    this.#store.forgetHistory();
  }

  /** Finds what a request meets and counts the rules down. */
  meet(verb: string, path: string, isInternal: boolean): FaultVerdict {
    const verdict: FaultVerdict = { delayMs: 0, action: undefined };
    for (const active of this.#active) {
      const { rule } = active;
      if (active.left === 0 || (isInternal && rule.isForAll !== true)) continue;
      if ((rule.verb !== undefined && rule.verb !== verb) || !active.path.test(path)) continue;
      if (rule.action.kind === "delay") verdict.delayMs += rule.action.ms;
      else if (verdict.action === undefined) verdict.action = rule.action;
      else continue;
      active.left -= 1;
      active.hits += 1;
    }
    return verdict;
  }
}
