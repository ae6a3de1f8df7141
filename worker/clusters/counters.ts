import type { Tally } from "./calls.ts";

/** How many of each kind; a kind that never occurred may be absent. */
export type Counts = Readonly<Record<string, number>>;

/** What a cluster's object has counted since it was made: one packed value (design, "Cost is a feature"). */
export type Counters = {
  /** Runs that ended, by their final state; slots that did not run are counted one by one. */
  runs: Counts;
  /** Attempts at callbacks, by what came of them. */
  callbacks: Counts;
  /** What did not fit and was set right, by kind. */
  repairs: Counts;
  /** Created − due: how many within each of {@link LATENESS_SECONDS}, and in the last place those above all of them. */
  lateness: { counts: readonly number[]; sumMs: number };
};

/** Upper bounds of the lateness's buckets, s: from a hand-over on time to a cluster that was away for a day. */
export const LATENESS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400] as const;

/** Before anything was counted. */
export const NOTHING_COUNTED: Counters = {
  runs: {},
  callbacks: {},
  repairs: {},
  lateness: { counts: LATENESS_SECONDS.map(() => 0).concat(0), sumMs: 0 },
};

/** Both together, kind by kind. */
function plus(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [kind, count] of Object.entries(b)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}

function bucketOf(latenessMs: number): number {
  const index = LATENESS_SECONDS.findIndex((bound) => latenessMs <= bound * 1_000);
  return index < 0 ? LATENESS_SECONDS.length : index;
}

/** The counters with a tally counted in. */
export function counted(counters: Counters, tally: Tally): Counters {
  const counts = [...counters.lateness.counts];
  for (const latenessMs of tally.latenessMs) {
    const bucket = bucketOf(latenessMs);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const sumMs = tally.latenessMs.reduce((sum, one) => sum + one, counters.lateness.sumMs);
  return {
    runs: plus(counters.runs, tally.ended),
    callbacks: plus(counters.callbacks, tally.callbacks),
    repairs: plus(counters.repairs, tally.repairs),
    lateness: { counts, sumMs },
  };
}

/** What several clusters counted, together. */
export function sumOf(all: readonly Counters[]): Counters {
  return all.reduce(
    (sum, { runs, callbacks, repairs, lateness }) => ({
      runs: plus(sum.runs, runs),
      callbacks: plus(sum.callbacks, callbacks),
      repairs: plus(sum.repairs, repairs),
      lateness: {
        counts: sum.lateness.counts.map((count, index) => count + (lateness.counts[index] ?? 0)),
        sumMs: sum.lateness.sumMs + lateness.sumMs,
      },
    }),
    NOTHING_COUNTED,
  );
}
