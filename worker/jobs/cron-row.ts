import { z } from "zod";
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

/** Reads it back; throws where it is damaged or missing. */
export function readCronRow(text: string | null): CronRow {
  return CronRow.parse(JSON.parse(text ?? "null"));
}
