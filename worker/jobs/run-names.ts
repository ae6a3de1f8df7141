import type { CronRules, Definition } from "./definition.ts";
import { MAX_RERUN_NUMBER } from "./lifecycle-limits.ts";
import { hasSeconds } from "./schedule.ts";

/** The end of a slot's Kubernetes name: its unix minutes, or seconds where the schedule has seconds (contract, part 3). */
export function slotSuffix({ schedule }: Pick<CronRules, "schedule">, slotAt: number): string {
  return `-${Math.floor(slotAt / (hasSeconds(schedule) ? 1_000 : 60_000))}`;
}

/** The end of the name of any other run than a once job's first one. */
export function runSuffix(run: number): string {
  return `-r${run}`;
}

/** The longest end of a name that a job's runs can need; a slot's has 8 or 10 digits until the year 2159. */
export function longestSuffix(cron: Pick<CronRules, "schedule"> | undefined): string {
  const ofRun = runSuffix(MAX_RERUN_NUMBER);
  const ofSlot = cron ? slotSuffix(cron, Date.UTC(2100, 0)) : "";
  return ofSlot.length > ofRun.length ? ofSlot : ofRun;
}

/** Whether a run of that number has a name that the create of its job has seen room for. */
export function hasRoomForRun(definition: Definition, run: number): boolean {
  return runSuffix(run).length <= longestSuffix(definition.cron).length;
}
