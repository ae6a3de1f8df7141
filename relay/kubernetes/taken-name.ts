import type { Create } from "../../protocol/down.ts";
import type { RunKey } from "../../protocol/words.ts";
import { runKeyText } from "../facts.ts";
import { awaitedName, judgeExisting, type Refused } from "./create-decision.ts";
import type { CreateContext } from "./create-run.ts";
import { describeFailure, isForbidden } from "./failures.ts";
import type { KubeJob } from "./objects.ts";
import { runKeyOf } from "./run-store.ts";

/** What a create finds under its name. `goes`: the name will be free; `unknown`: it could not be looked at, or is free by now. */
export type Met =
  | { met: "unknown" }
  | { met: "same"; job: KubeJob }
  | { met: "goes"; waiting: { reason: string; message: string }; older: RunKey | null }
  | { met: "refused"; refused: Refused };

/** Looks whose Job has a create's name, and has it deleted, by its uid, where it is ours and older or reported. */
export async function meetExisting(context: CreateContext, create: Create): Promise<Met> {
  const found = await context.calls.getJob(create);
  if (!found.ok) return { met: "unknown" };
  const job = found.value;
  const whose = judgeExisting(job, create, context.clusterLabel);
  switch (whose) {
    case "same":
      return { met: "same", job };
    case "replace": {
      const refused = await removeOlder(context, create, job);
      if (refused !== null) return { met: "refused", refused };
      return { met: "goes", waiting: awaitedName(job, whose), older: runKeyOf(job) };
    }
    case "going":
      return { met: "goes", waiting: awaitedName(job, whose), older: null };
    case "taken": {
      const message = `a Job named ${create.name} that is not this job's exists in namespace ${create.namespace}`;
      return { met: "refused", refused: { reason: "name_taken", message } };
    }
    default:
      return whose satisfies never;
  }
}

/** Why an older Job can't be deleted; null: it goes, or did already. */
async function removeOlder(context: CreateContext, create: Create, job: KubeJob): Promise<Refused | null> {
  const older = runKeyOf(job);
  if (older) context.underWay.removing.add(runKeyText(older));
  if (job.metadata.deletionTimestamp) return null;
  const deleted = await context.calls.deleteJob(create, job.metadata.uid);
  if (deleted.ok || !isForbidden(deleted.failure)) return null;
  if (older) context.underWay.removing.delete(runKeyText(older));
  const words = describeFailure(deleted.failure);
  const message = `an older Job named ${create.name} may not be deleted by the relay: ${words}`;
  return { reason: "forbidden", message };
}

/** The API server has given the name to the new run's Job: the older one is gone, and nobody is told of that. */
export function olderIsGone({ store, reconciler, underWay }: CreateContext, older: RunKey): void {
  for (const run of store.ofRun(older)) reconciler.removed(run);
  underWay.removing.delete(runKeyText(older));
}
