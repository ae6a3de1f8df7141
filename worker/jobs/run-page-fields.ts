import { ListFields } from "./list-fields.ts";
import { sentenceOf } from "./sentences.ts";

/** Which page of a job's runs is asked for; as in lists, where it is checked the same. */
export const RunPageFields = ListFields.pick({ page_num: true, page_size: true }).loose();

/** A page of runs, asked for. */
export type RunPageAsked = { pageNum: number; pageSize: number };

/** Checks which page is asked for; a problem is one sentence that names field and value. Pure. */
export function parseRunPage(fields: Record<string, unknown>): RunPageAsked | { problem: string } {
  const parsed = RunPageFields.safeParse(fields);
  if (!parsed.success) return { problem: sentenceOf(parsed.error.issues, fields) };
  return { pageNum: parsed.data.page_num, pageSize: parsed.data.page_size };
}
