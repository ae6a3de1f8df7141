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
};

/** No right yet: nothing was answered. */
export const NO_LEASE: Lease = { role: "standby", leaseMs: 0, unansweredMs: [], answeredMs: null };

/** A new link was welcomed. What an earlier link earned still counts: the right belongs to the process. */
export function leaseWelcomed(lease: Lease, role: Role, leaseMs: number): Lease {
  return { ...lease, role, leaseMs, unansweredMs: [] };
}

/** A ping went out at `nowMs`. */
export function pingSent(lease: Lease, nowMs: number): Lease {
  return { ...lease, unansweredMs: [...lease.unansweredMs, nowMs] };
}

/** A pong came; one that answers no ping changes nothing. */
export function pongReceived(lease: Lease): Lease {
  const [oldest, ...rest] = lease.unansweredMs;
  if (oldest === undefined) return lease;
  return { ...lease, unansweredMs: rest, answeredMs: oldest };
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
