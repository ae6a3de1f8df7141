import type { Inventory } from "../../protocol/up.ts";
import type { KubeJob } from "./objects.ts";
import type { TrackedRun } from "./run-store.ts";

const PAGE_JOBS = 500;

/** Every Job of this cluster's label in pages; at least one page, the last marked. */
export function inventoryPages(runs: Iterable<TrackedRun>): Inventory[] {
  const jobs = [...runs]
    .filter((run) => !run.vanished)
    .map(({ key, uid, namespace, name, job }) => ({ ...key, uid, namespace, name, phase: phaseOf(job) }));
  const pages: Inventory[] = [];
  for (let from = 0; from === 0 || from < jobs.length; from += PAGE_JOBS) {
    const last = from + PAGE_JOBS >= jobs.length;
    pages.push({ type: "inventory", jobs: jobs.slice(from, from + PAGE_JOBS), last });
  }
  return pages;
}

function phaseOf(job: KubeJob): "active" | "finished" | "deleting" {
  if (job.metadata.deletionTimestamp) return "deleting";
  const final = job.status?.conditions?.some(
    (c) => (c.type === "Complete" || c.type === "Failed") && c.status === "True",
  );
  return final ? "finished" : "active";
}
