import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { CLUSTER } from "./lifecycle-samples.ts";
import { ASKED, cronFact, FIRST, SECOND } from "./slot-samples.ts";
import { cronDefinition } from "./slot-world.ts";

const THIRD = SECOND + 60_000;

function update(rules: Parameters<typeof cronDefinition>[0]): Event {
  const definition = cronDefinition({ schedule: "* * * * *", ...rules });
  return { type: "update", input: { definition, cluster: CLUSTER, force: false, claimedAt: null } };
}

/** What can happen to a cron job's slots, and when it happens, epoch ms. */
export const EVENTS: Record<string, [at: number, event: Event]> = {
  "tick:nothing": [ASKED + 1, { type: "tick" }],
  "tick:lead": [THIRD - 10_000, { type: "tick" }],
  "tick:slot": [THIRD, { type: "tick" }],
  "tick:missed": [THIRD + 6_000, { type: "tick" }],
  "late:away": [SECOND + 5_000, { type: "late", cluster: CLUSTER, run: 1, linked: false }],
  "late:linked": [SECOND + 5_000, { type: "late", cluster: CLUSTER, run: 1, linked: true }],
  "fact:created": [ASKED + 1, cronFact(1, "created", ASKED)],
  "fact:ended": [SECOND + 200, cronFact(1, "ended", SECOND + 200)],
  "fact:expired": [ASKED + 1, cronFact(1, "expired", ASKED)],
  "fact:lost": [SECOND + 200, cronFact(1, "lost", SECOND + 200)],
  "cancel:1": [ASKED + 1, { type: "cancel", run: 1 }],
  "cancel:2": [SECOND + 200, { type: "cancel", run: 2 }],
  unbooked: [FIRST + 100, { type: "cancel_answered", run: 1, n: 2, answer: "unbooked" }],
  taken: [FIRST + 100, { type: "cancel_answered", run: 1, n: 2, answer: "taken" }],
  trigger: [SECOND + 200, { type: "trigger" }],
  suspend: [SECOND + 200, { type: "suspend", suspend: true }],
  resume: [SECOND + 200, { type: "suspend", suspend: false }],
  "update:same": [SECOND + 300, update({})],
  "update:allow": [SECOND + 300, update({ concurrencyPolicy: "Allow" })],
  "update:rarer": [SECOND + 300, update({ schedule: "0 0 * * *" })],
  delete: [SECOND + 300, { type: "delete", force: false }],
  poke: [ASKED + 1, { type: "poke" }],
};
