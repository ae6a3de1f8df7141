import { expect, it } from "vitest";
import { advanceAll } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { isOver, waitsFor } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { timesOf } from "../../../worker/jobs/lifecycle-timeline.ts";
import { jobRowOf } from "../../../worker/jobs/lifecycle-views.ts";
import { seeded } from "../../support/random.ts";
import { CLUSTER, createEvent, DEFINITION, T0 } from "./lifecycle-samples.ts";
import { World } from "./lifecycle-world.ts";

const RUNS = 800;
const STEPS = 120;
const CALLBACK = {
  callback_url: "https://example.com/hook",
  callback_on: "success,failure,cancelled,skipped,late",
};
const SEED = Math.floor(Math.random() * 2 ** 31);

function createdWorld(seed: number): World {
  const random = seeded(seed);
  const world = new World(T0, random);
  const execAt = T0 + Math.floor(random() * 400_000);
  const startingDeadlineSeconds = random() < 0.4 ? Math.floor(random() * 60) : null;
  const cluster = random() < 0.1 ? null : CLUSTER;
  world.isStuck = random() < 0.5;
  const metadata = { ...CALLBACK, log_collect: "true", on_lost: random() < 0.5 ? "rerun" : "fail" };
  world.turn(createEvent({ cluster }, { execAt, startingDeadlineSeconds, metadata }));
  return world;
}

/** A caller's update: to any time, name and cluster. */
function update(world: World): void {
  const { random } = world;
  const pick = (...values: string[]) => values[Math.floor(random() * values.length)] ?? "";
  const jobName = pick("report", "report", "summary");
  const startingDeadlineSeconds = random() < 0.3 ? Math.floor(random() * 60) : null;
  const execAt = world.now + Math.floor(random() * 200_000);
  const on_lost = pick("rerun", "fail");
  const metadata = { ...CALLBACK, log_collect: "true", on_lost, ttl_seconds_after_finished: "300" };
  const cluster = random() < 0.1 ? null : pick(CLUSTER, "paris");
  const definition = { ...DEFINITION, jobName, execAt, startingDeadlineSeconds, metadata };
  world.update(definition, cluster, random() < 0.7);
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
    [6, () => world.obey(chance(0.05) ? "creates" : chance(0.1) ? "removes" : "nothing")],
    [1, () => world.lose()],
    [0.7, () => update(world)],
    [
      1,
      () => {
        world.turn({ type: "rerun" });
      },
    ],
    [
      0.5,
      () => {
        world.turn({ type: "cancel", run: 1 + Math.floor(random() * 4) });
      },
    ],
    [4, () => world.work(chance(0.5) ? "succeeded" : "failed", chance(0.3) ? "none" : chance(0.7) ? "comes" : "never")],
    [6, () => world.passFacts(1 + Math.floor(random() * 3), chance(0.15))],
    [1, () => world.crash()],
    [1, () => world.relink(chance(0.5))],
    [1, () => world.sweep()],
    [
      0.25,
      () => {
        world.turn({ type: "delete", force: chance(0.7) });
      },
    ],
    [
      0.5,
      () => {
        world.turn({ type: "late", cluster: CLUSTER, run: world.job?.current ?? 1, linked: false });
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
      world.obey("nothing");
      world.passFacts(1, false);
    }
    world.now += 5_000;
    // Long enough for every start deadline to pass; what has none must start in the end.
    if (turn === 50) world.isStuck = false;
    world.ring();
    world.handOver();
    world.work("succeeded", "comes");
    if (turn % 12 === 0) world.sweep();
  }
}

function endOf(run: Run): string | null {
  return isOver(run) ? JSON.stringify([run.state, run.end, run.times]) : null;
}

/** A crash may take an end back that was never stored; a stored one stays for ever. */
function checkEnds(world: World, ended: Map<number, string>): void {
  for (const run of world.runs()) {
    const before = ended.get(run.run);
    if (before !== undefined) expect(endOf(run)).toBe(before);
  }
  const stored = [...(world.disk?.runs ?? []), ...world.finished.values()];
  for (const run of stored) {
    const end = endOf(run);
    if (end !== null) ended.set(run.run, end);
  }
}

function checkTimeline(runs: readonly Run[]): void {
  for (const run of runs) {
    const { firedAt, sentAt, createdAt, startedAt } = timesOf(run);
    const finishedAt = isOver(run) ? run.end.finishedAt : null;
    const known = [run.dueAt, firedAt, sentAt, createdAt, startedAt, createdAt === null ? null : finishedAt];
    const times = known.filter((time) => time !== null);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
}

/** Whatever waits for the job's own clock has an alarm. */
function checkAlarm(world: World, job: Job): void {
  const isWaiting = (run: Run) =>
    run.removal?.ask ||
    run.state === "ending" ||
    (run.state === "created" && run.removal === null && run.deadlineLook) ||
    (run.state === "due" && run.book && waitsFor(job, run) === null);
  if (job.names.some(({ releasing }) => releasing) || job.purge || job.runs.some(isWaiting))
    expect(nextAlarmAt(job, world.now)).not.toBeNull();
  if (job.index.written < job.index.version && job.index.attempts > 0) {
    expect(nextAlarmAt(job, world.now)).not.toBeNull();
  }
}

it(`keeps its promises over ${RUNS} random interleavings (seed ${SEED})`, { timeout: 60_000 }, () => {
  const ends = new Map<string, number>();
  for (let run = 0; run < RUNS; run += 1) {
    const seed = SEED + run;
    const world = createdWorld(seed);
    const ended = new Map<number, string>();
    const check = () => {
      const { job } = world;
      if (job === null) throw new Error("the job vanished");
      checkTimeline(world.runs());
      checkAlarm(world, job);
      checkEnds(world, ended);
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
  expect([...ends.keys()].sort()).toEqual(["cancelled", "failed", "lost", "not started", "skipped", "succeeded"]);
});

/** Every end was told, but those of runs that were run again, or of a job whose deletion was asked for. */
function checkCallbacks(world: World, job: Job): void {
  expect(world.otherBytes, "other bytes under the same webhook-id").toBe(0);
  expect(job.callbacks?.filter(({ call }) => call !== null) ?? [], "callbacks that are still to be made").toEqual([]);
  if (world.wasDeleted) return;
  const runs = world.runs();
  for (const run of runs) {
    const isRunAgain = runs.some((other) => other.run > run.run && other.afterLost > run.afterLost);
    const told = world.taken.get(`msg_${job.jobId}_${job.createdAt.toString(36)}_${run.run}_finished`);
    if (run.state === "lost" && isRunAgain) expect(told, `run ${run.run} was run again`).toBeUndefined();
    else expect(JSON.parse(told ?? "{}"), `run ${run.run}`).toMatchObject({ run: run.run, status: run.state });
  }
}

function checkEnd(world: World, ends: Map<string, number>): void {
  const { job } = world;
  if (job === null) throw new Error("the job vanished");
  for (const run of world.runs()) {
    expect(isOver(run), `run ${run.run} is still ${run.state}`).toBe(true);
    expect(run.removal, `a removal of run ${run.run} that never came to its end`).toBeNull();
    expect(world.created.get(run.run) ?? 0, `Kubernetes Jobs of run ${run.run}`).toBeLessThanOrEqual(1);
    if (!isOver(run)) continue;
    const isNotStarted = run.state === "failed" && run.end.reason === "deadline";
    const isThere = [...world.kube.values()].some((there) => there.run === run.run);
    if (isNotStarted) expect(isThere, "the Job of a run that did not start in time").toBe(false);
    const end = isNotStarted ? "not started" : run.state;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    const wasNeverSent = run.end.outcome === "cancelled_before_dispatch";
    if (wasNeverSent) expect(world.created.get(run.run) ?? 0, `Jobs of run ${run.run}, cancelled unsent`).toBe(0);
  }
  checkCallbacks(world, job);
  expect(world.overlaps, "Jobs of two runs at once").toBe(0);
  expect(world.index, "the index row").toEqual(jobRowOf(job, world.now));
  const names = job.deletion?.state === "done" ? [] : [job.definition.jobName];
  expect([...world.claims.keys()], "the names that are claimed").toEqual(names);
  if (job.deletion?.state === "done") {
    if (world.leftovers === 0) {
      expect([...world.kube.values()], "the deleted job's Kubernetes Jobs").toEqual([]);
    }
    const neverRan = job.deletion.outcome === "cancelled_before_dispatch";
    if (neverRan) expect(world.created.get(job.current) ?? 0, "Jobs of a run cancelled before its dispatch").toBe(0);
  }
  // Nothing is left but the purge, and it is what the alarm is set to. That the row is written may have been forgotten.
  const left = advanceAll(job, [{ type: "tick" }], world.now).effects.filter(({ type }) => type !== "write_index");
  expect(left).toEqual([]);
  expect(world.alarmAt).toBeGreaterThan(world.now + 24 * 3_600_000);
}
