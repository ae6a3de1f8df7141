import type { Inventory } from "../../protocol/up.ts";
import { checkText, type ItemText } from "./frames.ts";
import { keyOf, type OpenRun } from "./open-run.ts";

/** One Job as a relay lists it. */
export type ListedJob = Inventory["jobs"][number];

/** What a page of the inventory shows: rows to write, Jobs to remove (a repair each), and rows whose Job to look for. */
export type PageComparison = { changed: OpenRun[]; repairs: OpenRun[]; checks: OpenRun[] };

/**
 * Compares one page with the open runs. A sent run that is listed has been created; a Job of a cancelled run that is over
 * is removed; a Job with another uid than the one that was seen is looked at.
 */
export function comparePage(jobs: readonly ListedJob[], rowOf: (key: string) => OpenRun | null): PageComparison {
  const comparison: PageComparison = { changed: [], repairs: [], checks: [] };
  for (const job of jobs) {
    const row = rowOf(keyOf(job));
    if (row === null) continue;
    switch (row.state) {
      case "sent":
        comparison.changed.push({ ...row, state: "created", uid: job.uid, againAt: null, waiting: null });
        break;
      case "created":
        if (row.uid === null) comparison.changed.push({ ...row, uid: job.uid });
        else if (row.uid !== job.uid) comparison.checks.push(row);
        break;
      case "final":
        if (row.cancelled && job.phase !== "deleting") {
          comparison.repairs.push({ ...row, state: "removing", uid: job.uid, existed: true, forgetAt: null });
        }
        break;
      case "booked":
      case "removing":
        break;
    }
  }
  return comparison;
}

/** Created runs that no page listed: only the API server's own answer for the name says what became of them. */
export function missingRuns(created: Iterable<OpenRun>, listed: ReadonlySet<string>): OpenRun[] {
  return [...created].filter((row) => row.uid !== null && !listed.has(keyOf(row)));
}

/** The commands that ask for the Jobs of these rows; a row whose Job's uid is not known can't be asked for. */
export function checksFor(rows: readonly OpenRun[]): ItemText[] {
  return rows.flatMap((row) => (row.uid === null ? [] : [checkText(row, row.uid)]));
}
