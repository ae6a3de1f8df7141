import type { CronRules } from "../../../worker/jobs/definition.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { CLUSTER, createEvent, FACTS, factEvent, jobAfter, T0 } from "./lifecycle-samples.ts";
import { cronDefinition } from "./slot-world.ts";

/** The sample cron job's first two slots: a minute apart, the first a minute after it is created. */
export const FIRST = T0 + 60_000;
export const SECOND = FIRST + 60_000;
/** When each sample is asked: after the first slot's run had time to end, before the second slot is booked. */
export const ASKED = FIRST + 6_000;

const MINUTELY = { schedule: "* * * * *" };

type Turn = [now: number, ...events: Event[]];

/** The sample cron job's create, with other rules. */
export function createCron(rules: Partial<CronRules> = {}): Turn {
  return [T0, createEvent({ claimedAt: T0, createdAt: T0 }, cronDefinition({ ...MINUTELY, ...rules })), INDEXED];
}

const INDEXED: Event = { type: "index_written", version: 1 };
const TICK: Event = { type: "tick" };

function booked(run: number): Event {
  return { type: "booked", run, n: 1, answer: "booked" };
}

/** A fact about a run. */
export function cronFact(run: number, fact: keyof typeof FACTS, at: number): Event {
  const told = { ...FACTS[fact], run };
  return factEvent("uid" in told ? { ...told, uid: `u${run}` } : told, at);
}

const BOOKED: Turn[] = [[FIRST - 1_000, TICK, booked(1)]];
const RUNNING: Turn[] = [
  ...BOOKED,
  [FIRST + 20, cronFact(1, "created", FIRST + 10), cronFact(1, "started", FIRST + 15)],
];
const ENDED: Turn[] = [...RUNNING, [FIRST + 2_000, cronFact(1, "ended", FIRST + 2_000)]];
const AWAY: Turn[] = [...BOOKED, [FIRST + 5_000, { type: "late", cluster: CLUSTER, run: 1, linked: false }]];
const LATER: Turn[] = [[SECOND + 100, TICK]];

function job(rules: Partial<CronRules>, ...turns: Turn[]): Job {
  return jobAfter(createCron(rules), ...turns);
}

/** A cron job in each of the ways in which its slots can stand. */
export const SLOT_SAMPLES = {
  fresh: job({}),
  booked: job({}, ...BOOKED),
  running: job({}, ...RUNNING),
  ended: job({}, ...ENDED),
  skipping: job({}, ...RUNNING, ...LATER),
  allowing: job({ concurrencyPolicy: "Allow" }, ...RUNNING, ...LATER),
  queueing: job({ concurrencyPolicy: "Queue" }, ...RUNNING, ...LATER),
  replacing: job({ concurrencyPolicy: "Replace" }, ...RUNNING, ...LATER),
  away: job({}, ...AWAY),
  awaySkipping: job({ misfirePolicy: "skip" }, ...AWAY),
  awayLonger: job({}, ...AWAY, [SECOND + 6_000, TICK]),
  suspended: job({ suspend: true }),
  suspendedPast: job({ suspend: true }, [FIRST, TICK]),
  takingBack: job({}, ...BOOKED, [FIRST - 500, { type: "suspend", suspend: true }]),
  triggered: job({}, ...ENDED, [FIRST + 3_000, { type: "trigger" }]),
  over: job({ endAt: FIRST }, ...ENDED),
  deleted: job({}, ...ENDED, [FIRST + 3_000, { type: "delete", force: false }]),
} satisfies Record<string, Job>;
export type SlotSampleName = keyof typeof SLOT_SAMPLES;

function standing(run: Run): string {
  if (run.state !== "due") return run.state;
  const hold = run.slot?.hold ?? "none";
  return hold === "none" ? "due" : `${hold}${run.slot?.row ? "+row" : ""}`;
}

/** A cron job's runs in a few words: number, standing, what a record counts, what is being done to it. */
export function slotsIn(job: Job): string {
  const words = job.runs.map((run) => {
    const record = run.count === undefined ? "" : `(${run.state === "skipped" ? run.end.reason : ""} ${run.count})`;
    return `${run.run}:${standing(run)}${record}${run.removal ? `-${run.removal.why}` : ""}`;
  });
  const next = job.cron?.next ? `next+${(job.cron.next.at - T0) / 60_000}` : "no next";
  return [...words, next].join(" ");
}
