import { z } from "zod";
import { listJobRows } from "../db/job-rows.ts";
import { ApiError } from "../errors.ts";
import { MAX_INT32 } from "./kubernetes-rules.ts";
import { type OnceJob, onceJobOfRow } from "./once-job-view.ts";
import { sentenceOf } from "./sentences.ts";

const MAX_PAGE_SIZE = 100;
const DEFAULT_PAGE_SIZE = 20;
/** A list's `total` is exact up to here (contract, part 5). */
const MAX_TOTAL = 10_000;

function wholeNumber(max: number) {
  const problem = `must be a whole number from 1 to ${max}`;
  // A query's values are text, a body's are numbers.
  return z
    .union(
      [
        z.int(),
        z
          .string()
          .regex(/^\d{1,10}$/)
          .transform(Number),
      ],
      problem,
    )
    .pipe(z.int().min(1, problem).max(max, problem));
}

const PageFields = z.strictObject({
  page_num: wholeNumber(MAX_INT32).default(1),
  page_size: wholeNumber(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
});

/** A page of once jobs, the newest first; `total` is text, as in the seed. */
export type OnceJobPage = {
  total: string;
  /** Only where `total` is a lower bound. */
  total_is_min?: true;
  page_num: number;
  page_size: number;
  data: OnceJob[];
};

/** Lists once jobs from the index; a wrong or unknown field is 100, in a body too. */
export async function listOnceJobs(db: D1Database, fields: Record<string, unknown>): Promise<OnceJobPage> {
  const parsed = PageFields.safeParse(fields);
  if (!parsed.success) throw new ApiError("invalidParameter", `${sentenceOf(parsed.error.issues, fields)}.`);
  const { page_num: pageNum, page_size: pageSize } = parsed.data;
  const { total, rows } = await listJobRows(db, { jobType: "once", pageNum, pageSize, countAtMost: MAX_TOTAL + 1 });
  return {
    total: String(Math.min(total, MAX_TOTAL)),
    ...(total > MAX_TOTAL && { total_is_min: true }),
    page_num: pageNum,
    page_size: pageSize,
    data: rows.map(onceJobOfRow),
  };
}
