import type { CronRules } from "./definition.ts";

/** What an index row keeps of a cron job, as JSON; times epoch ms, null: none yet. */
export type CronRow = CronRules & { lastExecAt: number | null; lastSuccessAt: number | null };
