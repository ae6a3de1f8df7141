import { DecodeError } from "../errors.ts";
import type { Run } from "./lifecycle-run.ts";
import { isOver } from "./lifecycle-runs.ts";
import type { HeldName, Job, Retry } from "./lifecycle-state.ts";

type Without<Value, Keys extends PropertyKey> = Value extends unknown ? Omit<Value, Keys> : never;

/** A run as format 1 kept it: its definition was the job's. */
type RunOfFormat1 = Without<Run, "definition" | "namespace" | "refusal" | "afterLost" | "takesOver">;

/** A job as format 1 kept it: with one run and one name. */
export type JobOfFormat1 = Omit<
  Job,
  "format" | "runs" | "current" | "nextRun" | "finishedRuns" | "clearing" | "names" | "deletion"
> & {
  format: 1;
  runs: RunOfFormat1[];
  deletion: { state: "asked"; askedAt: number } | Exclude<Job["deletion"], { state: "asked" }>;
  nameHeld: boolean;
  releasing: Retry | null;
};

function runOfFormat1(job: JobOfFormat1, old: RunOfFormat1): Run {
  const { definition } = job;
  const added = { definition, namespace: definition.namespace, refusal: "", afterLost: 0 };
  const removal = old.removal && { ...old.removal, failedWith: null };
  if (old.state === "due") return { ...old, ...added, removal, takesOver: false };
  if (old.state === "created") return { ...old, ...added, removal, deadlineLook: old.deadlineLook ?? null };
  const run: Run = { ...old, ...added, removal };
  return isOver(run) ? { ...run, end: { ...run.end, outcome: null } } : run;
}

/**
 * A stored job in the present format, whatever version of ours wrote it; each step of it stays for ever. Throws DecodeError for a
 * newer version's, which this one must not touch.
 */
export function inPresentFormat(stored: Job | JobOfFormat1): Job {
  if (stored.format === 2) return stored;
  if (stored.format !== 1) {
    throw new DecodeError("The job is stored as a newer version of Watchbell keeps it; deploy that version again.");
  }
  const { nameHeld, releasing, deletion, ...rest } = stored;
  const { namespace, jobName } = stored.definition;
  const names: HeldName[] = nameHeld
    ? [
        {
          namespace,
          jobName,
          claimedAt: stored.createdAt,
          releasing: releasing && { ...releasing, upTo: releasing.nextAttemptAt },
        },
      ]
    : [];
  const newest = stored.runs.at(-1)?.run ?? 1;
  return {
    ...rest,
    format: 2,
    runs: stored.runs.map((run) => runOfFormat1(stored, run)),
    current: newest,
    nextRun: newest + 1,
    finishedRuns: 0,
    clearing: null,
    deletion: deletion?.state === "asked" ? { ...deletion, met: "already_finished" } : deletion,
    names,
  };
}
