import { expect, it } from "vitest";
import { advanceAll } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import { isOver, newestRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { timesOf } from "../../../worker/jobs/lifecycle-timeline.ts";
import { jobRowOf } from "../../../worker/jobs/lifecycle-views.ts";
import { CLUSTER, createEvent, T0 } from "./lifecycle-samples.ts";
import { randomOf, World } from "./lifecycle-world.ts";

const RUNS = 400;
const STEPS = 120;
const SEED = Math.floor(Math.random() * 2 ** 31);

function createdWorld(seed: number): World {
  const random = randomOf(seed);
  const world = new World(T0, random);
  const execAt = T0 + Math.floor(random() * 400_000);
  const startingDeadlineSeconds = random() < 0.4 ? Math.floor(random() * 60) : null;
  const cluster = random() < 0.1 ? null : CLUSTER;
  world.turn(createEvent({ cluster }, { execAt, startingDeadlineSeconds }));
  return world;
}

/** One small step of the world, with what may go wrong in it. */
function stumble(world: World): void {
  const { random } = world;
  const chance = (share: number) => random() < share;
  const steps: [weight: number, () => void][] = [
    [8, () => world.tryEffect(chance(0.1) ? "fails" : chance(0.1) ? "loses" : "none")],
    [8, () => world.deliverOutcome()],
    [
      4,
      () => {
        world.now += Math.floor(random() * 20_000);
      },
    ],
    [
      1,
      () => {
        world.now += Math.floor(random() * 120_000);
      },
    ],
    [6, () => world.ring()],
    [4, () => world.handOver()],
    [6, () => world.obey(chance(0.05))],
    [4, () => world.work(chance(0.5) ? "succeeded" : "failed", chance(0.3) ? "none" : chance(0.7) ? "comes" : "never")],
    [6, () => world.passFacts(1 + Math.floor(random() * 3), chance(0.15))],
    [1, () => world.crash()],
    [1, () => world.relink(chance(0.5))],
    [1, () => world.sweep()],
    [
      0.5,
      () => {
        world.turn({ type: "delete", force: chance(0.7) });
      },
    ],
    [
      0.5,
      () => {
        world.turn({ type: "late", cluster: CLUSTER, run: 1 });
      },
    ],
  ];
  let mark = random() * steps.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, step] of steps) {
    mark -= weight;
    if (mark < 0) {
      step();
      return;
    }
  }
}

/** From here on nothing goes wrong: everything under way comes to its end. */
function settle(world: World): void {
  world.relink(true);
  for (let turn = 0; turn < 400; turn += 1) {
    for (let work = 0; work < 1_000 && world.isBusy(); work += 1) {
      world.tryEffect("none");
      world.deliverOutcome();
      world.obey(false);
      world.passFacts(1, false);
    }
    world.now += 5_000;
    world.ring();
    world.handOver();
    world.work("succeeded", "comes");
    if (turn % 12 === 0) world.sweep();
  }
}

function checkTimeline(job: Job): void {
  for (const run of job.runs) {
    const { firedAt, sentAt, createdAt, startedAt } = timesOf(run);
    const finishedAt = isOver(run) ? run.end.finishedAt : null;
    const known = [run.dueAt, firedAt, sentAt, createdAt, startedAt, createdAt === null ? null : finishedAt];
    const times = known.filter((time) => time !== null);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
}

/** Whatever waits for the job's own clock has an alarm. */
function checkAlarm(world: World, job: Job): void {
  const run = newestRun(job);
  const looks = run.state === "created" && run.removal === null && run.deadlineLook;
  const waits =
    run.removal?.ask ||
    looks ||
    run.state === "ending" ||
    job.releasing ||
    job.purge ||
    (run.state === "due" && run.book);
  if (waits) expect(nextAlarmAt(job, world.now)).not.toBeNull();
  if (job.index.written < job.index.version && job.index.attempts > 0) {
    expect(nextAlarmAt(job, world.now)).not.toBeNull();
  }
}

it(`keeps its promises over ${RUNS} random interleavings (seed ${SEED})`, () => {
  const ends = new Map<string, number>();
  for (let run = 0; run < RUNS; run += 1) {
    const seed = SEED + run;
    const world = createdWorld(seed);
    let ended: string | null = null;
    const check = () => {
      const { job } = world;
      if (job === null) throw new Error("the job vanished");
      checkTimeline(job);
      checkAlarm(world, job);
      const newest = newestRun(job);
      const now = isOver(newest) ? JSON.stringify([newest.state, newest.end, newest.times]) : null;
      // A crash may take an end back that was never stored; a stored one stays for ever.
      const disk = world.disk && newestRun(world.disk);
      if (ended !== null) expect(now).toBe(ended);
      if (disk && isOver(disk)) ended = JSON.stringify([disk.state, disk.end, disk.times]);
    };
    try {
      for (let count = 0; count < STEPS; count += 1) {
        stumble(world);
        check();
      }
      settle(world);
      check();
      checkEnd(world, ends);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  // The interleavings are worth something only if they reach every end.
  expect([...ends.keys()].sort()).toEqual(["cancelled", "failed", "not started", "skipped", "succeeded"]);
});

function checkEnd(world: World, ends: Map<string, number>): void {
  const { job } = world;
  if (job === null) throw new Error("the job vanished");
  const run = newestRun(job);
  expect(isOver(run), `still ${run.state}`).toBe(true);
  // Whatever starts too late or never is judged: no run of a deadline waits for ever, and its Job is gone with it.
  const isNotStarted = run.state === "failed" && run.end.reason === "deadline";
  if (isNotStarted) expect(world.kube, "the Job of a run that did not start in time").toBeNull();
  const end = isNotStarted ? "not started" : run.state;
  ends.set(end, (ends.get(end) ?? 0) + 1);
  expect(world.kubeJobsCreated, "Kubernetes Jobs of one run").toBeLessThanOrEqual(1);
  expect(world.index, "the index row").toEqual(jobRowOf(job));
  expect(run.removal, "a removal that never came to its end").toBeNull();
  if (job.deletion?.state === "done") {
    expect(world.kube, "the deleted job's Kubernetes Job").toBeNull();
    expect(world.nameClaimed).toBe(false);
    const neverRan = job.deletion.outcome === "cancelled_before_dispatch";
    if (neverRan) expect(world.kubeJobsCreated, "Jobs of a run that was cancelled before its dispatch").toBe(0);
  }
  // Nothing is left but the purge, and it is what the alarm is set to. That the row is written may have been forgotten.
  const left = advanceAll(job, [{ type: "tick" }], world.now).effects.filter(({ type }) => type !== "write_index");
  expect(left).toEqual([]);
  expect(world.alarmAt).toBeGreaterThan(world.now + 24 * 3_600_000);
}
