import { type FollowPosition, positionAtStart, positionOf } from "../../protocol/follow-position.ts";
import type { Lines } from "../../protocol/up.ts";
import { logError } from "../errors.ts";
import type { FollowAnswer, FollowQuery } from "../jobs/calls.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import { findRun, isShown, joined } from "../jobs/lifecycle-runs.ts";
import type { Job } from "../jobs/lifecycle-state.ts";
import { RUNS_DESCRIBED } from "../jobs/lifecycle-views.ts";
import type { Commits } from "./job-object-commits.ts";
import { eventStream } from "./job-object-event-stream.ts";
import { LiveLines } from "./job-object-live-lines.ts";
import { type FollowedJob, RunFollow } from "./job-object-run-follow.ts";
import type { JobStore } from "./job-object-store.ts";

/** Readers of one job at once. */
export const MAX_READERS = 100;

/** The readers of a job's logs as they are written. What each has had is in its own ids: nothing about readers is stored. */
export class Follows {
  readonly #store: JobStore;
  readonly #job: FollowedJob;
  readonly #lines: LiveLines;
  /** Runs that are followed, one for each reader. */
  readonly #followed: RunFollow[] = [];

  constructor(env: Env, store: JobStore, commits: Commits) {
    this.#store = store;
    this.#lines = new LiveLines(env);
    this.#job = {
      ...{ lines: this.#lines, commits },
      state: () => store.job,
      run: (number) => this.#run(number),
      newestRun: () => this.#newestRun(),
      readChunk: (logId, chunk) => store.readChunk(logId, chunk),
    };
  }

  /** Begins a follow. */
  begin(query: FollowQuery): FollowAnswer {
    if (this.#store.job === null) return { answer: "unknown" };
    if (query.run !== undefined && this.#run(query.run) === undefined) return { answer: "unknown_run" };
    if (this.#followed.length >= MAX_READERS) return { answer: "too_many" };
    const position = this.#begin(query);
    const left = new AbortController();
    const follow = new RunFollow(this.#job, position, left.signal);
    this.#followed.push(follow);
    const events = eventStream(follow.events(), {
      onEnd: () => {
        left.abort();
        this.#end(follow);
      },
      onError: (error) => logError("a follow of a job's logs broke off", error),
    });
    return { answer: "events", events };
  }

  /** Takes what a relay says to a question. */
  take(cluster: string, lines: Lines): void {
    this.#lines.take(cluster, lines);
  }

  /** Where a follow begins: an id of another run than the one that is asked for is as good as none. */
  #begin({ run, lastEventId }: FollowQuery): FollowPosition | null {
    const position = positionOf(lastEventId);
    if (position !== null && (run ?? position.run) === position.run && this.#run(position.run)) return position;
    return run === undefined ? null : positionAtStart(run);
  }

  #end(follow: RunFollow): void {
    const at = this.#followed.indexOf(follow);
    if (at < 0) return;
    this.#followed.splice(at, 1);
    const { job } = this.#store;
    const { run, cluster } = follow;
    const isLast = !this.#followed.some((other) => other.run === run);
    if (job !== null && cluster !== null && run !== null && isLast) void this.#lines.leave(job.jobId, cluster, run);
  }

  #run(number: number): Run | undefined {
    const { job, finished } = this.#store;
    return job === null ? undefined : (findRun(job, number) ?? finished.get(number));
  }

  /** The newest run that is no record of slots that were skipped, if there is one; a once job's is there before its time. */
  #newestRun(): number | null {
    const { job, finished } = this.#store;
    if (job === null) return null;
    if (job.cron === undefined) return job.current;
    const runs = shown(job.finishedRuns === 0 ? job : joined(job, finished.newest(RUNS_DESCRIBED)));
    return (runs.findLast(({ state }) => state !== "skipped") ?? runs.at(-1))?.run ?? null;
  }
}

function shown(job: Job): Run[] {
  return job.runs.filter((run) => isShown(run, Date.now()));
}
