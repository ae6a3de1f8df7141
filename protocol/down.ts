import { z } from "zod";
import { RunKey } from "./words.ts";

/** Only the active relay of a cluster creates Jobs; a standby is promoted when the active one is lost. */
export const Role = z.enum(["active", "standby"]);
export type Role = z.infer<typeof Role>;

/** Answers `hello`. From here on the relay pings every `pingMs`; each answered ping entitles it to create for `leaseMs` from its sending. */
export const Welcome = z.object({
  type: z.literal("welcome"),
  protocol: z.int().min(1),
  role: Role,
  pingMs: z.int().min(1),
  leaseMs: z.int().min(1),
  /** Value of the label `watchbell_cluster`: `<installation>.<cluster>`; every list, patch and delete selects by it. */
  clusterLabel: z.string(),
  nextDueInMs: z.number().min(0).nullable(),
});
export type Welcome = z.infer<typeof Welcome>;

/** The process's role changed. */
export const RoleChange = z.object({ type: z.literal("role"), role: Role });

/** When the next run is due, from now; null: none is booked. A relay that has nothing 250 ms after it nudges. */
export const NextDue = z.object({ type: z.literal("next_due"), nextDueInMs: z.number().min(0).nullable() });

/**
 * Create this Job now. Confirmed by `created`, `create_refused`, `expired` or `dropped`; sending it again is harmless, since
 * name and manifest of a run never change.
 */
export const Create = RunKey.extend({
  type: z.literal("create"),
  /** The decision's number: rises with every decision of the job about this run. */
  n: z.int().min(0),
  namespace: z.string(),
  name: z.string(),
  /** The `batch/v1` Job, complete but for what the API server sets. */
  manifest: z.record(z.string(), z.unknown()),
  /** How long from now the Job may still be created; null: for ever. */
  startDeadlineInMs: z.number().nullable(),
});
export type Create = z.infer<typeof Create>;

/** Delete this run's Job in the foreground, with its uid; confirmed by `removed` or `remove_failed`. */
export const Remove = RunKey.extend({
  type: z.literal("remove"),
  n: z.int().min(0),
  namespace: z.string(),
  name: z.string(),
});
export type Remove = z.infer<typeof Remove>;

/** Ask the API server for a Job that was seen and is missing in the inventory; answered by `lost`, or by what is found. */
export const Check = RunKey.extend({
  type: z.literal("check"),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
});
export type Check = z.infer<typeof Check>;

/**
 * Somebody looks at a run: say `lines` of it, those after the position `after` (an event's id, or empty: from the beginning),
 * as soon as there are any, and after `waitMs` in any case. `ended`: the run is over, so what this process does not know will
 * not come. A relay that knows neither this nor `unfollow` ignores them.
 */
export const Follow = RunKey.extend({
  type: z.literal("follow"),
  /** Which question this is; its answer carries it. */
  ask: z.int().min(1),
  after: z.string(),
  ended: z.boolean(),
  waitMs: z.int().min(0),
});
export type Follow = z.infer<typeof Follow>;

/** Nobody looks at the run any more. Where it gets lost, the relay stops a while after the last `follow`. */
export const Unfollow = RunKey.extend({ type: z.literal("unfollow") });
export type Unfollow = z.infer<typeof Unfollow>;

/** These facts are durable. */
export const Ok = z.object({ type: z.literal("ok"), ids: z.array(z.int().min(1)) });
/** These facts are about a job or run that no object knows (any more): the relay sets the TTL and forgets the run. */
export const Gone = z.object({ type: z.literal("gone"), ids: z.array(z.int().min(1)) });
/** This fact could not be taken; the relay shows the reason and sends it again at its next relist. */
export const Refused = z.object({ type: z.literal("refused"), id: z.int().min(1), reason: z.string() });

/** Everything the control plane may send. */
export const DownItem = z.discriminatedUnion("type", [
  Welcome,
  RoleChange,
  NextDue,
  Create,
  Remove,
  Check,
  Follow,
  Unfollow,
  Ok,
  Gone,
  Refused,
]);
export type DownItem = z.infer<typeof DownItem>;
