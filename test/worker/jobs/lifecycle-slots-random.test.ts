import { describe, expect, it } from "vitest";
import type { CronRules } from "../../../worker/jobs/definition.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { isOver } from "../../../worker/jobs/lifecycle-runs.ts";
import { seeded } from "../../support/random.ts";
import { T0 } from "./lifecycle-samples.ts";
import { SlotWorld } from "./slot-world.ts";

const RUNS = 150;
const STEPS = 1_500;
const POLICIES = ["Allow", "Forbid", "Replace", "Queue"] as const;
const MISFIRES = ["skip", "latest", "all"] as const;

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("there is nothing to pick");
  return item;
}

function randomRules(random: () => number): Partial<CronRules> {
  return {
    schedule: pick(["*/5 * * * * *", "*/5 * * * * *", "*/3 * * * * *", "*/10 * * * * *"], random),
    concurrencyPolicy: pick(POLICIES, random),
    misfirePolicy: pick(MISFIRES, random),
  };
}

/** What a caller, an operator or a fault does, now and then. */
function meddle(world: SlotWorld, random: () => number, mayEdit: boolean): void {
  const dice = random();
  if (dice < 0.15) world.trigger();
  else if (dice < 0.3) world.relink(!world.presence.up);
  else if (dice < 0.42) world.isAsleep = !world.isAsleep;
  else if (dice < 0.55) world.crash();
  else if (dice < 0.7) {
    const open = world.runs().filter((run) => !isOver(run));
    if (open.length > 0) world.turn({ type: "cancel", run: pick(open, random).run });
  } else if (dice < 0.8) world.lose();
  else if (mayEdit && dice < 0.9) world.edit(randomRules(random));
  else if (mayEdit) world.suspend(random() < 0.5);
}

/** One small thing happens, as it does where nothing meddles: something under way gets on, or time passes. */
function getOn(world: SlotWorld, random: () => number): void {
  const dice = random();
  const fault = random() < 0.1 ? (random() < 0.5 ? "fails" : "loses") : "none";
  if (dice < 0.2) world.tryEffect(fault);
  else if (dice < 0.4) world.deliverOutcome();
  else if (dice < 0.5) world.handOver();
  else if (dice < 0.6) world.answerAsk(random() < 0.1);
  else if (dice < 0.7) world.obey(random() < 0.03 ? "creates" : "nothing");
  else if (dice < 0.8) world.passFacts(1 + Math.floor(random() * 3), random() < 0.1);
  else if (dice < 0.86) world.work(random() < 0.8 ? "succeeded" : "failed", "none");
  else {
    world.now += Math.floor(random() * 3_000);
    world.ring();
  }
}

/** All is well again, and the job is suspended: what is open ends. */
function quiesce(world: SlotWorld): void {
  world.isAsleep = false;
  if (!world.presence.up) world.relink(true);
  world.settle();
  for (let minutes = 0; minutes < 600 && !world.suspend(true); minutes += 1) {
    if (world.job?.definition.cron?.suspend) break;
    world.now += 1_000;
    world.settle();
  }
  for (let rounds = 0; rounds < 3_000; rounds += 1) {
    world.now += 1_000;
    world.settle();
    world.work("succeeded", "none");
    world.settle();
    if (world.runs().every((run) => isOver(run) && run.removal === null)) return;
  }
}

function slotRuns(runs: readonly Run[]): Run[] {
  return runs.filter((run) => run.slotAt !== null && run.afterLost === 0 && run.count === undefined);
}

function checkWorld(world: SlotWorld, mayEdit: boolean): void {
  const runs = world.runs();
  expect(
    runs.filter((run) => !isOver(run)),
    "runs that never end",
  ).toEqual([]);
  expect(world.overlapping, "runs of slots that overlap").toEqual([]);
  expect(
    [...world.created].filter(([, times]) => times > 1),
    "runs created twice",
  ).toEqual([]);
  const ran = slotRuns(runs).map(({ slotAt }) => slotAt ?? 0);
  expect(new Set(ran).size, "no slot has two runs").toBe(ran.length);
  const recorded = runs.reduce((sum, run) => sum + (run.count ?? 0), 0);
  const { all, lasting } = world.slotsUntil(world.job?.cron?.cursor ?? 0);
  const known = new Set(all);
  const early = world.slotsSentBeforeEdit();
  const strange = ran.filter((at) => !known.has(at) && !early.has(at));
  expect(strange, "runs for a time that the definition did not have").toEqual([]);
  // One that was booked may have gone out while each edit came.
  const edits = world.history.length - 1;
  expect(recorded + ran.length, "slots that are a run or in a record").toBeLessThanOrEqual(all.length + edits);
  expect(recorded + ran.length, "slots that are a run or in a record").toBeGreaterThanOrEqual(lasting.length);
  // Without an edit but the last suspension every slot is one or the other.
  if (!mayEdit) expect(recorded + ran.length).toBe(all.length);
}

function live(seed: number, mayEdit: boolean): SlotWorld {
  const random = seeded(seed);
  const rules = randomRules(random);
  const startingDeadlineSeconds = random() < 0.3 ? 10 : null;
  const metadata = { on_lost: random() < 0.5 ? "rerun" : "fail" };
  const world = new SlotWorld(T0, random, rules, { startingDeadlineSeconds, metadata });
  for (let step = 0; step < STEPS; step += 1) {
    if (random() < 0.02) meddle(world, random, mayEdit);
    else getOn(world, random);
  }
  quiesce(world);
  return world;
}

describe("a cron job in random worlds", () => {
  const first = Math.floor(Math.random() * 1e9);

  it.each([
    { mayEdit: false, words: "is not edited" },
    { mayEdit: true, words: "is edited and suspended" },
  ])(
    `that $words: each slot is a run or in a record, none twice, none overlap (seed ${first})`,
    ({ mayEdit }) => {
      for (let seed = first; seed < first + RUNS; seed += 1) {
        try {
          checkWorld(live(seed, mayEdit), mayEdit);
        } catch (error) {
          throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        }
      }
    },
    60_000,
  );
});
