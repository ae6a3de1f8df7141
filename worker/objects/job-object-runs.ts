import type { BodyChange } from "../jobs/lifecycle-events.ts";
import { EXPIRED_BYTES, FINISHED_RUNS } from "../jobs/lifecycle-limits.ts";
import { logsKeptUntil } from "../jobs/lifecycle-log-room.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import { findRun, joined, parted } from "../jobs/lifecycle-runs.ts";
import type { Job } from "../jobs/lifecycle-state.ts";

const PREFIX = "run:";

/** Keys sort as their numbers do. */
function runKey(run: number): string {
  return `${PREFIX}${String(run).padStart(9, "0")}`;
}

/** What keeping finished runs came to: the job as it is packed, log bodies to drop, and whether a row was written. */
type Kept = { packed: Job; dropped: BodyChange[]; written: boolean };

/**
 * The finished runs of a job, each in a key of its own, read only where somebody asks for them. Of one that is also in the
 * packed value, since its Job is being removed, the packed one counts.
 */
export class FinishedRuns {
  readonly #kv: SyncKvStorage;
  /** As they were read for this turn: one that leaves it unchanged is not written again. */
  readonly #read = new Map<number, Run>();

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  /** The newest of them, at most `count`, newest first. */
  newest(count: number): Run[] {
    // A page far behind the last one asks for more than the storage takes as a limit.
    const limit = Math.min(count, FINISHED_RUNS);
    return [...this.#kv.list<Run>({ prefix: PREFIX, reverse: true, limit })].map(([, run]) => run);
  }

  /** One of them; undefined: there is no such run, or it is not kept any more. */
  get(run: number): Run | undefined {
    return this.#kv.get<Run>(runKey(run));
  }

  /** Whether that run has a key here. */
  has(run: number): boolean {
    return this.get(run) !== undefined;
  }

  /** All runs of the job as it is now, newest first; each is read when it is wanted, which may be in a later turn. */
  *newestFirst(job: Job): Generator<Run> {
    for (let next = this.#newestBelow(job, job.nextRun); next; next = this.#newestBelow(job, next.run)) yield next;
  }

  #newestBelow(job: Job, number: number): Run | undefined {
    const packed = job.runs.findLast(({ run }) => run < number);
    const [kept] = this.#kv.list<Run>({ prefix: PREFIX, end: runKey(number), reverse: true, limit: 1 });
    return packed !== undefined && (kept === undefined || packed.run >= kept[1].run) ? packed : kept?.[1];
  }

  /** The job with the runs of those numbers at hand for this turn. */
  recall(job: Job, numbers: readonly number[]): Job {
    const missing = [...new Set(numbers)].filter((number) => findRun(job, number) === undefined);
    return this.#join(
      job,
      missing.map((number) => this.get(number)).filter((run) => run !== undefined),
    );
  }

  /** The job with the oldest runs at hand whose log bodies come to that many bytes together. */
  recallBodies(job: Job, bytes: number): Job {
    if (bytes <= 0) return job;
    const found: Run[] = [];
    let left = bytes;
    for (const [, run] of this.#kv.list<Run>({ prefix: PREFIX, limit: FINISHED_RUNS })) {
      if (left <= 0) break;
      const held = bodyBytes(run);
      if (held === 0) continue;
      left -= held;
      found.push(run);
    }
    return this.#join(job, found);
  }

  /** The job with the oldest runs at hand whose logs had their time, as many as fill a turn, and the next one behind them. */
  recallExpired(job: Job, now: number): Job {
    const found: Run[] = [];
    let bytes = 0;
    for (const [, run] of this.#kv.list<Run>({ prefix: PREFIX, limit: FINISHED_RUNS })) {
      const until = logsKeptUntil(job, run);
      if (until === null) continue;
      found.push(run);
      bytes += bodyBytes(run);
      if (until > now || bytes > EXPIRED_BYTES) break;
    }
    return this.#join(job, found);
  }

  /**
   * The newest runs below that number that are wanted, at most `count`, and the number below which to go on; null: there are no
   * more. Looks at no more runs than are kept.
   */
  below(number: number, count: number, isWanted: (run: Run) => boolean): { runs: Run[]; below: number | null } {
    const runs: Run[] = [];
    for (const [, run] of this.#kv.list<Run>({ prefix: PREFIX, end: runKey(number), reverse: true })) {
      if (runs.length === count) return { runs, below: (runs.at(-1) ?? run).run };
      if (isWanted(run)) runs.push(run);
    }
    return { runs, below: null };
  }

  /** Writes what is finished to its own keys and drops the oldest ones beyond those that are kept, with their logs. */
  keep(job: Job): Kept {
    const { packed, finished } = parted(job);
    let { finishedRuns } = packed;
    let written = false;
    for (const run of finished) {
      if (this.#read.get(run.run) === run) continue;
      const key = runKey(run.run);
      if (this.#kv.get(key) === undefined) finishedRuns += 1;
      this.#kv.put(key, run);
      written = true;
    }
    this.#read.clear();
    if (finishedRuns <= FINISHED_RUNS) return { packed: withCount(packed, finishedRuns), dropped: [], written };
    const { dropped, bytes, count } = this.#dropOldest(finishedRuns - FINISHED_RUNS);
    const rest = { ...packed, logBytes: packed.logBytes - bytes };
    return { packed: withCount(rest, finishedRuns - count), dropped, written: true };
  }

  #dropOldest(excess: number): { dropped: BodyChange[]; bytes: number; count: number } {
    const dropped: BodyChange[] = [];
    let bytes = 0;
    let count = 0;
    for (const [key, run] of [...this.#kv.list<Run>({ prefix: PREFIX, limit: Math.min(excess, FINISHED_RUNS) })]) {
      for (const { id, chunks } of run.logs) if (chunks > 0) dropped.push({ op: "drop", logId: id, chunks });
      bytes += bodyBytes(run);
      this.#kv.delete(key);
      count += 1;
    }
    return { dropped, bytes, count };
  }

  #join(job: Job, runs: readonly Run[]): Job {
    for (const run of runs) this.#read.set(run.run, run);
    return joined(job, runs);
  }
}

function bodyBytes(run: Run): number {
  return run.logs.reduce((sum, entry) => sum + (entry.chunks > 0 ? entry.bytes : 0), 0);
}

function withCount(job: Job, finishedRuns: number): Job {
  return job.finishedRuns === finishedRuns ? job : { ...job, finishedRuns };
}
