import { deleteJobRow, listOverdueJobs, type OverdueJob } from "../db/job-rows.ts";
import {
  type NameClaim,
  readClaimCursor,
  releaseName,
  removeClaim,
  staleClaims,
  writeClaimCursor,
} from "../db/name-claims.ts";
import { logError } from "../errors.ts";
import { type JobBindings, jobStub } from "./job-stub.ts";
import { isSweepTurn } from "./sweep-turns.ts";

/** A job this long past the time its row names is poked. */
const OVERDUE_GRACE_MS = 30_000;
/** A claim of this age that no index row names is judged: the call that made it expired 30 s after it. */
const CLAIM_GRACE_MS = 60_000;
const ROWS_PER_TURN = 1_000;
/** Claims that one sweep looks at; the next goes on from there. */
const CLAIMS_PER_SWEEP = 5_000;
/** Calls to objects at a time. */
const CALLS_AT_ONCE = 20;
/** The next sweep begins a minute after this one. */
const SWEEP_BUDGET_MS = 45_000;

/** What one sweep did, for its log line and its tests. */
export type SweepReport = { poked: number; rowsRemoved: number; claimsRemoved: number; failed: number };

/**
 * The net under the alarms, rung once a minute: pokes the objects of overdue jobs and removes claims that nobody holds.
 * One job that fails stops no other. `now` epoch ms.
 */
export async function sweep(env: JobBindings, now: number): Promise<SweepReport> {
  const report: SweepReport = { poked: 0, rowsRemoved: 0, claimsRemoved: 0, failed: 0 };
  await attempt(report, "sweep of overdue jobs", () => sweepOverdue(env, now, report));
  await attempt(report, "sweep of claims", () => sweepClaims(env, now, report));
  return report;
}

async function sweepOverdue(env: JobBindings, now: number, report: SweepReport): Promise<void> {
  let after: OverdueJob | null = null;
  do {
    const rows = await listOverdueJobs(env.DB, { before: now - OVERDUE_GRACE_MS, after, limit: ROWS_PER_TURN });
    const turn = rows.filter((row) => isSweepTurn({ overdueAt: row.overdueAt, id: row.id }, now));
    await inBatches(turn, (row) => attempt(report, `poke of job ${row.jobId}`, () => pokeJob(env, row, report)));
    after = rows.length === ROWS_PER_TURN ? (rows.at(-1) ?? null) : null;
  } while (after !== null && Date.now() - now < SWEEP_BUDGET_MS);
}

/** A row whose object knows of no job is left over, from a restore of D1 say, and goes with its claim. */
async function pokeJob(env: JobBindings, row: OverdueJob, report: SweepReport): Promise<void> {
  if (await jobStub(env, row.jobId).poke()) {
    report.poked += 1;
    return;
  }
  await releaseName(env.DB, row);
  await deleteJobRow(env.DB, row);
  report.rowsRemoved += 1;
}

async function sweepClaims(env: JobBindings, now: number, report: SweepReport): Promise<void> {
  const after = await readClaimCursor(env.DB);
  const { claims, next } = await staleClaims(env.DB, {
    after,
    before: now - CLAIM_GRACE_MS,
    limit: CLAIMS_PER_SWEEP,
  });
  await inBatches(claims, (claim) =>
    attempt(report, `claim of job ${claim.jobId}`, () => judgeClaim(env, claim, report)),
  );
  // Where all fit into one sweep, no cursor is ever written.
  if (after !== null || next !== null) await writeClaimCursor(env.DB, next);
}

async function judgeClaim(env: JobBindings, claim: NameClaim, report: SweepReport): Promise<void> {
  const job = jobStub(env, claim.jobId);
  if (await job.holdsName(claim.namespace, claim.jobName)) {
    // The job is there and its index row is not: it writes the row anew.
    await job.poke();
    report.poked += 1;
    return;
  }
  // Only what was read: a claim renewed meanwhile belongs to a create under way.
  if (await removeClaim(env.DB, claim)) report.claimsRemoved += 1;
}

async function inBatches<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += CALLS_AT_ONCE) {
    await Promise.all(items.slice(start, start + CALLS_AT_ONCE).map(work));
  }
}

async function attempt(report: SweepReport, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    report.failed += 1;
    logError(`${what} failed; the next sweep tries again`, error);
  }
}
