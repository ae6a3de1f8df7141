import type { Role } from "../../protocol/down.ts";
import { type Life, lossAt } from "./open-runs-lease.ts";

/** A link whose relay has said hello. */
export type LinkLife = Life & { process: string; role: Role; leaving: boolean };

/** Links that have gone silent for 20 s: their sockets are closed, whoever holds the other end. */
export function silentLinks<Link extends LinkLife>(links: readonly Link[], now: number): Link[] {
  return links.filter((link) => lossAt(link) <= now);
}

/** The role of a process that says hello: the first is active, a returning one keeps its role, all others stand by. */
export function roleAtHello(process: string, others: readonly LinkLife[]): Role {
  const active = others.find((link) => link.role === "active" && !link.leaving);
  return active === undefined || active.process === process ? "active" : "standby";
}

/** The standby to promote when no link is active: the one that has been linked longest; null: none is there. */
export function standbyToPromote<Link extends LinkLife>(links: readonly Link[], now: number): Link | null {
  const staying = links.filter((link) => !link.leaving && lossAt(link) > now);
  if (staying.some((link) => link.role === "active")) return null;
  return staying.reduce<Link | null>(
    (best, link) => (best === null || link.helloAt < best.helloAt ? link : best),
    null,
  );
}
