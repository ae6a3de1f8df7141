import type { Role } from "../../protocol/down.ts";

/**
 * The right to create Jobs (design, "The link"). Pongs carry nothing, but they answer pings in order, so the oldest
 * unanswered ping is the one a pong answers; the right counts from the *sending* of that ping.
 */
export type Lease = {
  role: Role;
  leaseMs: number;
  /** When the pings that still lack a pong were sent, oldest first; monotonic ms. */
  unansweredMs: readonly number[];
  /** Sending of the last answered ping, monotonic ms; null: none yet. */
  answeredMs: number | null;
  /** Rises whenever the right was lost: what was received in an earlier term is not to be done in a later one. */
  term: number;
};

/** No right yet: nothing was answered. */
export const NO_LEASE: Lease = { role: "standby", leaseMs: 0, unansweredMs: [], answeredMs: null, term: 0 };

/** A new link was welcomed. What an earlier link earned still counts: the right belongs to the process. */
export function leaseWelcomed(lease: Lease, role: Role, leaseMs: number): Lease {
  return { ...roleChanged(lease, role), leaseMs, unansweredMs: [] };
}

/** The process's role changed; standing by ends the term. */
export function roleChanged(lease: Lease, role: Role): Lease {
  return { ...lease, role, term: role === "standby" ? lease.term + 1 : lease.term };
}

/** A ping went out at `nowMs`. */
export function pingSent(lease: Lease, nowMs: number): Lease {
  return { ...lease, unansweredMs: [...lease.unansweredMs, nowMs] };
}

/** A pong came; one that answers no ping changes nothing. */
export function pongReceived(lease: Lease, nowMs: number): Lease {
  const [oldest, ...rest] = lease.unansweredMs;
  if (oldest === undefined) return lease;
  return { ...lease, unansweredMs: rest, answeredMs: oldest, term: currentTerm(lease, nowMs) };
}

/**
 * The term at `nowMs`. A create that slept through a lapse must not go on with a later lease: meanwhile another relay may
 * have taken the run over and ended it.
 */
export function currentTerm(lease: Lease, nowMs: number): number {
  const hasLapsed = lease.answeredMs !== null && nowMs - lease.answeredMs >= lease.leaseMs;
  return hasLapsed ? lease.term + 1 : lease.term;
}

/** Whether this process may start an attempt to create a Job now. */
export function mayCreate(lease: Lease, nowMs: number): boolean {
  return lease.role === "active" && lease.answeredMs !== null && nowMs - lease.answeredMs < lease.leaseMs;
}

/** Whether pings went unanswered for so long that the link counts as lost. */
export function isSilent(lease: Lease, nowMs: number, lossMs: number): boolean {
  const oldest = lease.unansweredMs[0];
  return oldest !== undefined && nowMs - oldest >= lossMs;
}
