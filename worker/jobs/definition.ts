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
  /** When the run is due, epoch ms. */
  execAt: number;
  /** How late the run may still start, seconds; null: no limit. */
  startingDeadlineSeconds: number | null;
};
