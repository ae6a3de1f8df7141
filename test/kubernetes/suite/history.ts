import { z } from "zod";
import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";
import { until } from "../../support/wait.ts";
import { JOBS } from "./target.ts";

/** The API server ends a watch with one that it can't open yet, or any more. */
const Broken = z.object({ type: z.literal("ERROR") });

const WatchEvent = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED"]),
  object: z.object({
    kind: z.enum(["Job", "Pod"]),
    metadata: z.object({
      name: z.string(),
      uid: z.string(),
      resourceVersion: z.string(),
      labels: z.record(z.string(), z.string()).default({}),
    }),
  }),
});

/** A Job or pod that came or went; `version` is the cluster's own clock, one for all kinds. */
export type Happened = {
  what: "ADDED" | "DELETED";
  kind: "Job" | "Pod";
  name: string;
  uid: string;
  version: number;
};

/**
 * What comes and goes of a job, which has its first Job with one pod, while `act` replaces them by others: in the order of the
 * cluster's own clock, until those are there too.
 */
export async function replacementOf(client: KubeClient, jobId: string, act: () => Promise<void>): Promise<Happened[]> {
  const seen: Happened[] = [];
  const ended = new AbortController();
  const watch = async (path: string) => {
    // Opened anew it begins with all that is there: what went meanwhile would be missing, and never be taken for gone.
    while (!ended.signal.aborted) {
      try {
        for await (const event of client.watch(`${path}?watch=true`, ended.signal)) {
          if (Broken.safeParse(event).success) break;
          note(seen, event, jobId);
        }
      } catch (error) {
        if (!ended.signal.aborted) throw error;
      }
    }
  };
  const watches = [watch(`/apis/batch/v1/namespaces/${JOBS}/jobs`), watch(`/api/v1/namespaces/${JOBS}/pods`)];
  const haveCome = (count: number) => () => seen.filter(({ what }) => what === "ADDED").length >= count;
  const acting = async () => {
    // A watch begins with all that is there.
    await until("both watches are open", haveCome(2));
    await act();
    await until("the new ones were seen", haveCome(4));
  };
  try {
    await Promise.race([acting(), Promise.all(watches)]);
  } finally {
    ended.abort();
    await Promise.allSettled(watches);
  }
  const gone = new Set(seen.filter(({ what }) => what === "DELETED").map(({ uid }) => uid));
  const changes = seen.filter(({ what, uid }) => what === "DELETED" || !gone.has(uid));
  return changes.toSorted((a, b) => a.version - b.version);
}

function note(seen: Happened[], event: unknown, jobId: string): void {
  const { type, object } = WatchEvent.parse(event);
  const { name, uid, labels, resourceVersion } = object.metadata;
  if (type === "MODIFIED" || labels.job_id !== jobId) return;
  if (seen.some((one) => one.uid === uid && one.what === type)) return;
  // By the rules a version is no number; every API server's is one, and one that was not would be NaN and fit nowhere.
  seen.push({ what: type, kind: object.kind, name, uid, version: Number(resourceVersion) });
}
