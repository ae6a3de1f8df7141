import type { Fact } from "../protocol/up.ts";
import type { RunKey } from "../protocol/words.ts";

type Unnumbered<Item> = Item extends unknown ? Omit<Item, "id" | "ageMs"> : never;

/** A fact before the link gives it its number and its age. */
export type FactBody = Unnumbered<Fact>;

/**
 * What became of a fact: `ok` durable; `gone` about a job that no object knows; `refused` (logs only: their text is not
 * kept, it is read again later). Other refused facts stay with the link, which tries them again.
 */
export type FactAnswer = "ok" | "gone" | "refused";

/** Hands a fact to the link; `happenedAtMs` by the monotonic clock. Resolves once the control plane has answered. */
export type Report = (fact: FactBody, happenedAtMs: number) => Promise<FactAnswer>;

/** A run as a key for maps and log lines. */
export function runKeyText(run: RunKey): string {
  return `${run.jobId}/${run.run}`;
}
