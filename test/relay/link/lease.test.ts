import { describe, expect, it } from "vitest";
import {
  currentTerm,
  isSilent,
  type Lease,
  leaseWelcomed,
  mayCreate,
  NO_LEASE,
  pingSent,
  pongReceived,
  roleChanged,
} from "../../../relay/link/lease.ts";

const LEASE_MS = 10_000;
const welcomed = leaseWelcomed(NO_LEASE, "active", LEASE_MS);
const answered = (sentMs: number): Lease => pongReceived(pingSent(welcomed, sentMs), sentMs + 1);

describe("the right to create", () => {
  it.each([
    { when: "before any ping was answered", lease: pingSent(welcomed, 0), nowMs: 1, may: false },
    { when: "right after the first answered ping", lease: answered(100), nowMs: 101, may: true },
    { when: "just before the lease is over", lease: answered(100), nowMs: 100 + LEASE_MS - 1, may: true },
    { when: "when the lease is over", lease: answered(100), nowMs: 100 + LEASE_MS, may: false },
    { when: "for a standby", lease: { ...answered(100), role: "standby" as const }, nowMs: 101, may: false },
    { when: "without any welcome", lease: NO_LEASE, nowMs: 0, may: false },
  ])("is $may $when", ({ lease, nowMs, may }) => {
    expect(mayCreate(lease, nowMs)).toBe(may);
  });

  it("counts from the sending of the ping that was answered, not from the pong or a later ping", () => {
    const two = pingSent(pingSent(welcomed, 1_000), 6_000);

    const afterOnePong = pongReceived(two, 6_001);

    expect(afterOnePong.answeredMs).toBe(1_000);
    expect(mayCreate(afterOnePong, 11_000)).toBe(false);
    expect(mayCreate(pongReceived(afterOnePong, 6_002), 11_000)).toBe(true);
  });

  it("is not given by a pong that answers no ping", () => {
    expect(mayCreate(pongReceived(welcomed, 1), 1)).toBe(false);
  });

  it("outlives a reconnect, but pings of the old link are answered no more", () => {
    const before = pingSent(answered(1_000), 6_000);

    const after = leaseWelcomed(before, "active", LEASE_MS);

    expect(mayCreate(after, 10_999)).toBe(true);
    expect(pongReceived(after, 7_000).answeredMs).toBe(1_000);
  });

  it("ends with a welcome as standby", () => {
    expect(mayCreate(leaseWelcomed(answered(1_000), "standby", LEASE_MS), 1_001)).toBe(false);
  });
});

describe("the term of the right", () => {
  it("begins with the first answered ping and lasts while pongs keep coming", () => {
    const later = pongReceived(pingSent(answered(100), 5_100), 5_101);

    expect([welcomed, answered(100), later].map((lease) => currentTerm(lease, 6_000))).toEqual([0, 0, 0]);
  });

  it("ends when the lease lapses, also where a later pong brings the right back", () => {
    const lapsed = answered(100);
    const back = pongReceived(pingSent(lapsed, 10_200), 10_201);

    expect(currentTerm(lapsed, 100 + LEASE_MS)).toBe(1);
    expect(mayCreate(back, 10_300)).toBe(true);
    expect(currentTerm(back, 10_300)).toBe(1);
  });

  it("ends when the answer came too late, though its ping was sent in time", () => {
    const late = pongReceived(pingSent(answered(100), 5_100), 100 + LEASE_MS);

    expect(mayCreate(late, 100 + LEASE_MS)).toBe(true);
    expect(currentTerm(late, 100 + LEASE_MS)).toBe(1);
  });

  it("ends with standing by, by role or by welcome, and not with being active again", () => {
    const standby = roleChanged(answered(100), "standby");

    expect(currentTerm(standby, 200)).toBe(1);
    expect(currentTerm(roleChanged(standby, "active"), 200)).toBe(1);
    expect(currentTerm(leaseWelcomed(answered(100), "standby", LEASE_MS), 200)).toBe(1);
    expect(currentTerm(leaseWelcomed(answered(100), "active", LEASE_MS), 200)).toBe(0);
  });
});

describe("silence", () => {
  it.each([
    { lease: welcomed, nowMs: 1e9, silent: false },
    { lease: pingSent(welcomed, 0), nowMs: 19_999, silent: false },
    { lease: pingSent(welcomed, 0), nowMs: 20_000, silent: true },
    { lease: pingSent(answered(0), 15_000), nowMs: 20_000, silent: false },
  ])("is counted from the oldest unanswered ping ($nowMs ms: $silent)", ({ lease, nowMs, silent }) => {
    expect(isSilent(lease, nowMs, 20_000)).toBe(silent);
  });
});
