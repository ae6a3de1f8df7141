const MINUTE_MS = 60_000;

/** How often a job that stays overdue is poked, by how long it has been so: a cluster away for a week costs little. */
const PACES: readonly { untilMinutes: number; everyMinutes: number }[] = [
  { untilMinutes: 15, everyMinutes: 1 },
  { untilMinutes: 24 * 60, everyMinutes: 10 },
  { untilMinutes: Number.POSITIVE_INFINITY, everyMinutes: 60 },
];

/** Whether this minute's sweep pokes the job; its id spreads jobs over the minutes. Times epoch ms. */
export function isSweepTurn(job: { overdueAt: number; id: number }, now: number): boolean {
  const overdueMinutes = (now - job.overdueAt) / MINUTE_MS;
  const every = PACES.find((pace) => overdueMinutes < pace.untilMinutes)?.everyMinutes ?? 1;
  return Math.floor(now / MINUTE_MS) % every === job.id % every;
}
