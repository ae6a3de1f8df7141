import type { Fact } from "../../../protocol/up.ts";
import type { CreateInput, UpdateInput } from "../../../worker/jobs/calls.ts";
import type { Definition } from "../../../worker/jobs/definition.ts";
import { advanceAll } from "../../../worker/jobs/lifecycle.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { isOver, newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";

/** When the sample job is created, and when its run is due: an hour later. */
export const T0 = Date.UTC(2026, 10, 24, 12, 0, 0);
export const DUE_AT = T0 + 3_600_000;
export const JOB_ID = "a1b2c3";
export const CLUSTER = "berlin";

export const DEFINITION: Definition = {
  jobName: "report",
  namespace: "default",
  image: "busybox",
  command: "echo,hello",
  timeout: 0,
  route: "",
  metadata: { log_collect: "true" },
  execAt: DUE_AT,
  startingDeadlineSeconds: null,
};

/** A create of the sample job. */
export function createEvent(input: Partial<CreateInput> = {}, definition: Partial<Definition> = {}): Event {
  return {
    type: "create",
    input: {
      jobId: JOB_ID,
      id: 7,
      installation: "inst0001",
      cluster: CLUSTER,
      claimedAt: T0,
      createdAt: T0,
      bodyHash: null,
      definition: { ...DEFINITION, ...definition },
      ...input,
    },
  };
}

/** An update of the sample job, to an hour after the moment at which the samples are asked. */
export function updateEvent(input: Partial<UpdateInput> = {}, definition: Partial<Definition> = {}): Event {
  const changed = { ...DEFINITION, command: "echo,anew", execAt: DUE_AT + 7_200_000, ...definition };
  return { type: "update", input: { definition: changed, cluster: "paris", force: false, claimedAt: null, ...input } };
}

/** What a fact says beside its type; filled in with what a relay would say. */
export type FactWords = Partial<Record<string, unknown>>;

const BASE = { jobId: JOB_ID, run: 1, id: 1, ageMs: 0 };
const LOG = { podName: "report-x", podUid: "p1", container: "main", restart: 0 };

/** One fact of each type. */
export const FACTS: { [Type in Fact["type"]]: Extract<Fact, { type: Type }> } = {
  created: { ...BASE, type: "created", uid: "u1", name: "report", namespace: "default", adopted: false },
  create_refused: { ...BASE, type: "create_refused", reason: "invalid", message: "spec.x is wrong" },
  expired: { ...BASE, type: "expired" },
  dropped: { ...BASE, type: "dropped" },
  waiting: { ...BASE, type: "waiting", reason: "ErrImagePull", message: "no such image" },
  started: { ...BASE, type: "started", podName: "report-x" },
  ended: {
    ...BASE,
    type: "ended",
    uid: "u1",
    result: "succeeded",
    reason: "",
    message: "",
    pods: [{ podName: "report-x", exitCode: 0, reason: "Completed" }],
    podCount: 1,
    logs: [],
  },
  log: { ...BASE, type: "log", log: LOG, seq: 0, text: "hello\n", last: true, severalContainers: false },
  lost: { ...BASE, type: "lost", uid: "u1" },
  removed: { ...BASE, type: "removed", n: 2, existed: true },
  remove_failed: { ...BASE, type: "remove_failed", n: 2, message: "forbidden by policy" },
};

/** The end of a run whose log is still to come. */
export const ENDED_WITH_LOG: Fact = { ...FACTS.ended, logs: [LOG] };
/** The end of a run that failed. */
export const ENDED_FAILED: Fact = {
  ...FACTS.ended,
  result: "failed",
  reason: "BackoffLimitExceeded",
  message: "pod report-x: container main exited with code 3",
};

/** That fact, happening at that moment. */
export function factEvent(fact: Fact, at: number, cluster = CLUSTER): Event {
  return { type: "fact", cluster, taken: { fact, at, firedAt: null, sentAt: null } };
}

/** A job after these events, each with its moment; every effect is left untried. */
export function jobAfter(...turns: [now: number, ...events: Event[]][]): Job {
  let job: Job | null = null;
  for (const [now, ...events] of turns) job = advanceAll(job, events, now).job;
  if (job === null) throw new Error("the sample was never created");
  return job;
}

const BOOKED: Event = { type: "booked", run: 1, n: 1, answer: "booked" };
const INDEXED: Event = { type: "index_written", version: 1 };
const CREATE: [number, ...Event[]][] = [[T0, createEvent(), INDEXED]];
const BOOK: [number, ...Event[]][] = [...CREATE, [DUE_AT - 30_000, { type: "tick" }, BOOKED]];
const CREATED: [number, ...Event[]][] = [...BOOK, [DUE_AT + 20, factEvent(FACTS.created, DUE_AT + 10)]];
const RUNNING: [number, ...Event[]][] = [...CREATED, [DUE_AT + 520, factEvent(FACTS.started, DUE_AT + 500)]];
const ENDED: [number, ...Event[]][] = [...RUNNING, [DUE_AT + 1_520, factEvent(FACTS.ended, DUE_AT + 1_500)]];
const DELETE: Event = { type: "delete", force: true };
const REMOVING: Event = { type: "cancel_answered", run: 1, n: 2, answer: "removing" };
const DEADLINE = createEvent({}, { startingDeadlineSeconds: 10 });
const LOOK: Event = { type: "looked", run: 1, row: null, linkedSince: DUE_AT - 60_000 };
const UNSTARTED: [number, ...Event[]][] = [
  [T0, DEADLINE, INDEXED],
  [DUE_AT - 30_000, { type: "tick" }, BOOKED],
  [DUE_AT + 20, factEvent(FACTS.created, DUE_AT + 10)],
  [DUE_AT + 11_500, { type: "tick" }],
];

/** A moment after everything that the samples have seen. */
export const LATER = DUE_AT + 60_000;

/** A job in every state that a run can be in, with what may be going on beside it. */
export const SAMPLES = {
  none: null,
  due: jobAfter(...CREATE),
  booked: jobAfter(...BOOK),
  unplaced: jobAfter([T0, createEvent({ cluster: null })]),
  overdue: jobAfter([T0, DEADLINE], [DUE_AT - 30_000, { type: "tick" }, BOOKED], [DUE_AT + 11_500, { type: "tick" }]),
  sent: jobAfter(...BOOK, [DUE_AT + 5, { type: "poke" }, { ...BOOKED, answer: "taken" }]),
  created: jobAfter(...CREATED),
  unstarted: jobAfter(...UNSTARTED),
  tooLate: jobAfter(...UNSTARTED, [DUE_AT + 11_510, LOOK, REMOVING]),
  running: jobAfter(...RUNNING),
  ending: jobAfter(...RUNNING, [DUE_AT + 1_520, factEvent(ENDED_WITH_LOG, DUE_AT + 1_500)]),
  takenBack: jobAfter([T0, DEADLINE], [DUE_AT - 30_000, { type: "tick" }, BOOKED], [DUE_AT + 11_500, LOOK]),
  asked: jobAfter(...BOOK, [DUE_AT - 100, DELETE]),
  removing: jobAfter(...BOOK, [DUE_AT - 100, DELETE, REMOVING]),
  stopping: jobAfter(...RUNNING, [DUE_AT + 600, DELETE, REMOVING]),
  notDeleted: jobAfter(
    ...RUNNING,
    [DUE_AT + 600, DELETE, REMOVING],
    [DUE_AT + 700, factEvent(FACTS.remove_failed, DUE_AT)],
  ),
  succeeded: jobAfter(...ENDED),
  failed: jobAfter(...RUNNING, [DUE_AT + 1_520, factEvent(ENDED_FAILED, DUE_AT + 1_500)]),
  refused: jobAfter(...BOOK, [DUE_AT + 20, factEvent(FACTS.create_refused, DUE_AT + 10)]),
  cancelled: jobAfter(
    [T0, DEADLINE],
    [DUE_AT + 11_500, LOOK, REMOVING],
    [DUE_AT + 11_600, factEvent(FACTS.removed, DUE_AT + 11_550)],
  ),
  lost: jobAfter(...RUNNING, [DUE_AT + 900, factEvent(FACTS.lost, DUE_AT + 900)]),
  skipped: jobAfter(...BOOK, [DUE_AT + 20, factEvent(FACTS.expired, DUE_AT + 10)]),
  deleted: jobAfter(...BOOK, [DUE_AT - 100, DELETE, { ...REMOVING, answer: "unbooked" }]),
  leaving: jobAfter(...ENDED, [DUE_AT + 3_000, DELETE], [DUE_AT + 3_001, REMOVING]),
  updating: jobAfter(...RUNNING, [DUE_AT + 600, updateEvent(), REMOVING]),
  updated: jobAfter(...ENDED, [DUE_AT + 3_000, updateEvent()], [DUE_AT + 3_001, REMOVING]),
  notUpdated: jobAfter(
    ...RUNNING,
    [DUE_AT + 600, updateEvent(), REMOVING],
    [DUE_AT + 700, factEvent(FACTS.remove_failed, DUE_AT)],
  ),
  cancelling: jobAfter(...RUNNING, [DUE_AT + 600, { type: "cancel", run: 1 }, REMOVING]),
  again: jobAfter(...ENDED, [DUE_AT + 3_000, { type: "rerun" }]),
  repaired: jobAfter(
    ...BOOK,
    [DUE_AT - 100, DELETE, { ...REMOVING, answer: "unbooked" }],
    [DUE_AT + 50, factEvent(FACTS.created, DUE_AT + 40)],
  ),
} satisfies Record<string, Job | null>;

export type SampleName = keyof typeof SAMPLES;

/**
 * A job's state in a few words: its current run's state and what is being taken back (`?`: still to be told), then its other
 * runs that are open or being taken back, then its deletion.
 */
export function nameOf(job: Job): string {
  const words = (run: Run) => `${run.state}${run.removal ? `-${run.removal.why}${run.removal.ask ? "?" : ""}` : ""}`;
  const others = job.runs.filter((run) => run.run !== job.current && (!isOver(run) || run.removal !== null));
  const beside = others.map((run) => `+${words(run)}`).join("");
  return `${words(newestRun(job))}${beside}${job.deletion ? `/${job.deletion.state}` : ""}`;
}
