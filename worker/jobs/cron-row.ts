import { z } from "zod";
import type { JobRow } from "../db/rows.ts";
import { DecodeError } from "../errors.ts";
import type { CronRules, Definition } from "./definition.ts";

const At = z.int().nullable();

const CronRow = z.object({
  schedule: z.string(),
  timeZone: z.string(),
  dstGap: z.enum(["skip", "first_valid", "shift"]),
  dstOverlap: z.enum(["first", "second", "both"]),
  concurrencyPolicy: z.enum(["Allow", "Forbid", "Replace", "Queue"]),
  misfirePolicy: z.enum(["skip", "latest", "all"]),
  misfireLimit: z.int(),
  suspend: z.boolean(),
  earliestAt: At,
  endAt: At,
  startingDeadlineSeconds: z.int().nullable(),
  lastExecAt: At,
  lastSuccessAt: At,
});

/** What an index row keeps of a cron job, as JSON; times epoch ms, null: none yet. */
export type CronRow = CronRules &
  Pick<Definition, "startingDeadlineSeconds"> & { lastExecAt: number | null; lastSuccessAt: number | null };

/** Reads it back; throws DecodeError where it is damaged or missing. */
export function readCronRow({ jobId, cron }: Pick<JobRow, "jobId" | "cron">): CronRow {
  const parsed = CronRow.safeParse(jsonOf(cron ?? "null"));
  if (parsed.success) return parsed.data;
  throw new DecodeError(`The rules of cron job ${jobId} in the index can't be read.`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
