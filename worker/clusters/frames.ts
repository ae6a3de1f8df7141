import type { DownItem } from "../../protocol/down.ts";
import type { OpenRun } from "./open-run.ts";

/** Frames stay below 1 MiB: a UTF-16 unit is at most 3 bytes of UTF-8, so this many are safe without counting bytes. */
const FRAME_UNITS = 340_000;

/** An item as the JSON text that goes into a frame. */
export type ItemText = string;

/** One item as text. */
export function itemText(item: DownItem): ItemText {
  return JSON.stringify(item);
}

/** The `create` of a run; its manifest is spliced in as the text that is stored, so that a burst parses nothing. */
export function createText(row: OpenRun, manifest: string, now: number): ItemText {
  const head = JSON.stringify({
    type: "create",
    jobId: row.jobId,
    run: row.run,
    n: row.n,
    namespace: row.namespace,
    name: row.name,
    startDeadlineInMs: row.startDeadlineAt === null ? null : row.startDeadlineAt - now,
  });
  return `${head.slice(0, -1)},"manifest":${manifest}}`;
}

/** The `remove` of a run's Job. */
export function removeText(row: OpenRun): ItemText {
  return itemText({
    type: "remove",
    jobId: row.jobId,
    run: row.run,
    n: row.n,
    namespace: row.namespace,
    name: row.name,
  });
}

/** The `check` of a Job that was seen with that uid. */
export function checkText(row: OpenRun, uid: string): ItemText {
  return itemText({
    type: "check",
    jobId: row.jobId,
    run: row.run,
    namespace: row.namespace,
    name: row.name,
    uid,
  });
}

/** Packs items into as few frames as their sizes allow, in order; an item too large for company goes alone. */
export function packFrames(items: readonly ItemText[]): string[] {
  const frames: string[] = [];
  let pending: ItemText[] = [];
  let units = 0;
  for (const item of items) {
    if (pending.length > 0 && units + item.length > FRAME_UNITS) {
      frames.push(`{"items":[${pending.join(",")}]}`);
      pending = [];
      units = 0;
    }
    pending.push(item);
    units += item.length + 1;
  }
  if (pending.length > 0) frames.push(`{"items":[${pending.join(",")}]}`);
  return frames;
}
