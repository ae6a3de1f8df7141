import type { BodyChange } from "./lifecycle-events.ts";
import { EXPIRED_BYTES, JOB_LOG_BYTES, RETENTION_MS } from "./lifecycle-limits.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver } from "./lifecycle-runs.ts";
import type { Job, LogEntry } from "./lifecycle-state.ts";

/** The job with some log bodies dropped, and what is to be done to them. */
type Cleared = { job: Job; bodies: BodyChange[] };

/** Purges what `mayGo` of, in order of the runs and their logs; it hears how many bytes of bodies went before. */
function purge(job: Job, mayGo: (run: Run, entry: LogEntry, goneBytes: number) => boolean): Cleared {
  let goneBytes = 0;
  const bodies: BodyChange[] = [];
  const runs = job.runs.map((run) => {
    const before = bodies.length;
    const logs = run.logs.map((entry): LogEntry => {
      if (entry.chunks === 0 || !mayGo(run, entry, goneBytes)) return entry;
      goneBytes += entry.bytes;
      bodies.push({ op: "drop", logId: entry.id, chunks: entry.chunks });
      return { ...entry, state: "purged", awaited: false, chunks: 0, tailBytes: 0 };
    });
    return bodies.length === before ? run : { ...run, logs };
  });
  return bodies.length === 0 ? { job, bodies } : { job: { ...job, runs, logBytes: job.logBytes - goneBytes }, bodies };
}

/** Drops the oldest bodies until the job keeps within its limit; the log being written is not among them. */
export function makeRoom(job: Job, keep: number): Cleared {
  return purge(job, (_, { id }, goneBytes) => id !== keep && job.logBytes - goneBytes > JOB_LOG_BYTES);
}

/**
 * Until when the run's logs are kept, epoch ms; null: it has none, it goes on, or it is the run that speaks for the job, whose
 * logs go with the job.
 */
export function logsKeptUntil(job: Job, run: Run): number | null {
  const hasBodies = run.logs.some(({ chunks }) => chunks > 0);
  return isOver(run) && hasBodies && run.run !== job.current ? run.end.finishedAt + RETENTION_MS : null;
}

/**
 * Drops the logs of older runs whose retention is over, a bounded part of them in one turn, and notes when the next is over.
 * Once that moment has come, whoever calls has all runs at hand that it is over for, or so many that they fill the turn, and the
 * next one behind them.
 */
export function expireLogs(before: Job, now: number): Cleared {
  const isDue = (run: Run) => (logsKeptUntil(before, run) ?? Number.POSITIVE_INFINITY) <= now;
  const { job, bodies } = purge(before, (run, _, goneBytes) => goneBytes < EXPIRED_BYTES && isDue(run));
  const times = job.runs.flatMap((run) => logsKeptUntil(job, run) ?? []);
  const noted = job.logsExpireAt ?? null;
  if (noted !== null && noted > now) times.push(noted);
  const logsExpireAt = times.length === 0 ? null : Math.min(...times);
  return { job: logsExpireAt === noted ? job : { ...job, logsExpireAt }, bodies };
}
