import type { JobListPart, ListPosition } from "../db/job-lists.ts";

/** A list's `total` is exact up to here (contract, part 5). */
const MAX_TOTAL = 10_000;
/** Rows that one call reads at most, as D1 counts them (contract, part 5). */
const MAX_READ = 20_000;
/** Of those, for each row of the page: it is looked up twice, and put in order. */
const READ_PER_ROW = 8;

/**
 * Where a list goes on: behind that row, with what was found before it (for `total`) and what is still to be skipped (where
 * a page number reaches further than one call reads).
 */
export type Cursor = { after: ListPosition; found: number; skip: number };

/** The form of a cursor. */
export const CURSOR = /^(\d{1,16})\.([a-z0-9]{1,40})\.(\d{1,15})\.(\d{1,15})$/;

/** Reads a cursor; null: the empty one, which is the start. */
export function parseCursor(text: string): Cursor | null | "wrong" {
  if (text === "") return null;
  const [, id, jobId, found, skip] = CURSOR.exec(text) ?? [];
  if (jobId === undefined) return "wrong";
  return { after: { id: Number(id), jobId }, found: Number(found), skip: Number(skip) };
}

function cursorText({ after, found, skip }: Cursor): string {
  return `${after.id}.${after.jobId}.${found}.${skip}`;
}

/** A part of a list, asked for: where it begins and how far it reads. */
export type PartAsked = { pageSize: number; skip: number; found: number; readAtMost: number };

/** How far one call reads. Without a filter no further than the page and the count need: each row fits. */
export function partToRead(request: {
  isFiltered: boolean;
  cursor: Cursor | null;
  pageNum: number;
  pageSize: number;
}): PartAsked {
  const { isFiltered, cursor, pageNum, pageSize } = request;
  const skip = cursor?.skip ?? (pageNum - 1) * pageSize;
  const found = cursor?.found ?? 0;
  const allowed = MAX_READ - READ_PER_ROW * pageSize;
  const needed = isFiltered ? allowed : Math.max(MAX_TOTAL + 1 - found, skip + pageSize + 1);
  return { pageSize, skip, found, readAtMost: Math.min(allowed, needed) };
}

/** What is told about a part beside its rows; `nextCursor` null: this was the end. */
export type PartTold = { total: number; isTotalMin: boolean; nextCursor: string | null };

/** Counts on and says where the list goes on. */
export function tellPart(asked: PartAsked, part: JobListPart): PartTold {
  const isEnd = part.scanned < asked.readAtMost;
  const total = asked.found + part.matched;
  return {
    total: Math.min(total, MAX_TOTAL),
    isTotalMin: !isEnd || total > MAX_TOTAL,
    nextCursor: nextCursor(asked, part, isEnd),
  };
}

function nextCursor(asked: PartAsked, part: JobListPart, isEnd: boolean): string | null {
  const passed = asked.skip + part.rows.length;
  const lastRow = part.rows.at(-1);
  if (lastRow && part.matched > passed) {
    return cursorText({ after: { id: lastRow.id, jobId: lastRow.jobId }, found: asked.found + passed, skip: 0 });
  }
  if (isEnd || part.last === null) return null;
  const skip = Math.max(0, asked.skip - part.matched);
  return cursorText({ after: part.last, found: asked.found + part.matched, skip });
}
