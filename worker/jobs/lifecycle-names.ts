import type { Definition } from "./definition.ts";
import { retryNow } from "./lifecycle-clock.ts";
import { isOver } from "./lifecycle-runs.ts";
import type { HeldName, Job, Retry } from "./lifecycle-state.ts";

type Name = Pick<Definition, "namespace" | "jobName">;

function isSame(a: Name, b: Name): boolean {
  return a.namespace === b.namespace && a.jobName === b.jobName;
}

/** What the job has to do with that name; undefined: nothing. */
export function heldName(job: Job, name: Name): HeldName | undefined {
  return job.names.find((held) => isSame(held, name));
}

/** The job with a name that was claimed for it. */
export function withName(job: Job, { namespace, jobName }: Name, claimedAt: number): Job {
  const others = job.names.filter((held) => !isSame(held, { namespace, jobName }));
  return { ...job, names: [...others, { namespace, jobName, claimedAt, releasing: null }] };
}

function isNeeded(job: Job, name: Name): boolean {
  if (job.deletion?.state !== "done" && isSame(job.definition, name)) return true;
  return job.runs.some((run) => !isOver(run) && run.definition !== null && isSame(run.definition, name));
}

/** Gives up the names that neither the definition nor an open run has: they are free again once D1 was told. */
export function giveUpNames(job: Job, now: number): Job {
  const isLeft = (held: HeldName) => held.releasing === null && !isNeeded(job, held);
  if (!job.names.some(isLeft)) return job;
  const givenUp = (held: HeldName): HeldName => {
    return { ...held, releasing: { ...retryNow(now), upTo: Math.max(now, held.claimedAt) } };
  };
  return { ...job, names: job.names.map((held) => (isLeft(held) ? givenUp(held) : held)) };
}

/** The job with another time for the release of that name; null: it is released. */
export function withRelease(job: Job, name: Name, retry: Retry | null): Job {
  const names = job.names.flatMap((held): HeldName[] => {
    if (!isSame(held, name) || held.releasing === null) return [held];
    return retry === null ? [] : [{ ...held, releasing: { ...held.releasing, ...retry } }];
  });
  return { ...job, names };
}
