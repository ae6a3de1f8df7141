/** What becomes of a slot inside a gap, and of one whose local time occurs twice (contract, part 5, "DST"). */
export type DstGap = "skip" | "first_valid" | "shift";
export type DstOverlap = "first" | "second" | "both";

/** What decides a schedule's slots. `schedule` as the caller gave it; `timeZone` an IANA name. */
export type SlotRules = { schedule: string; timeZone: string; dstGap: DstGap; dstOverlap: DstOverlap };

/** What makes a job a cron job: its slots, and what becomes of them (contract, part 5). */
export type CronRules = SlotRules & {
  concurrencyPolicy: "Allow" | "Forbid" | "Replace" | "Queue";
  misfirePolicy: "skip" | "latest" | "all";
  /** How many missed slots `all` runs, 1 to 100. */
  misfireLimit: number;
  suspend: boolean;
  /** The earliest slot, epoch ms, and no slot after; null: no bound. A time that was past when it was given is none. */
  earliestAt: number | null;
  endAt: number | null;
};

/** What a caller asked for, checked and with every default filled in. A run's manifest is a pure function of it. */
export type Definition = {
  jobName: string;
  namespace: string;
  image: string;
  /** As the caller gave it: split at commas, or a JSON array where it starts with `[`. */
  command: string;
  /** Seconds, as the caller gave it; 0: absent. */
  timeout: number;
  /** The cluster the caller named; empty: any. */
  route: string;
  /** The seed's metadata keys as text, defaults filled in. */
  metadata: Record<string, string>;
  /** When a once job's run is due, a cron job's earliest slot as it was given, epoch ms. */
  execAt: number;
  /** How late the run may still start, seconds; null: no limit. */
  startingDeadlineSeconds: number | null;
  /** Absent: a once job. */
  cron?: CronRules;
};
