import { expect, it } from "vitest";
import type { RowView } from "../../../worker/clusters/calls.ts";
import { advance } from "../../../worker/jobs/lifecycle.ts";
import { leadMs } from "../../../worker/jobs/lifecycle-clock.ts";
import { durationText, explain } from "../../../worker/jobs/lifecycle-explain.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { snapshotOf } from "../../../worker/jobs/lifecycle-views.ts";
import { DUE_AT, JOB_ID, LATER, SAMPLES, type SampleName, T0 } from "./lifecycle-samples.ts";

const UP = { up: true, since: T0 };
const AWAY = { up: false, since: T0 };
const ROW = { n: 1, firedAt: null, sentAt: null, waiting: null };
const BOOKED: RowView = { row: { ...ROW, state: "booked" }, link: UP };

function sentence(name: SampleName, look: RowView | null = null, now = LATER): string {
  const job: Job | null = SAMPLES[name];
  return job === null ? "" : explain(job, look, now);
}

it.each<[string, SampleName, RowView | null, number, string]>([
  [
    "that waits for its booking",
    "due",
    null,
    T0,
    `scheduled for 2026-11-24T13:00:00Z; it will be booked in cluster berlin at ${new Date(DUE_AT - leadMs(JOB_ID)).toISOString().slice(0, 19)}Z`,
  ],
  ["that is booked", "booked", BOOKED, T0, "scheduled for 2026-11-24T13:00:00Z; booked in cluster berlin"],
  [
    "that its relay has handed back",
    "booked",
    { row: { ...ROW, state: "booked", waiting: { reason: "quota", message: "exceeded quota: two" } }, link: UP },
    LATER,
    "due since 2026-11-24T13:00:00Z; booked in cluster berlin; waiting: quota: exceeded quota: two",
  ],
  [
    "whose cluster is away at its time",
    "booked",
    { ...BOOKED, link: AWAY },
    LATER,
    "due since 2026-11-24T13:00:00Z; booked in cluster berlin; cluster berlin can't be asked since 2026-11-24T12:00:00Z",
  ],
  [
    "whose cluster never had a relay",
    "booked",
    { ...BOOKED, link: { up: false, since: null } },
    T0,
    "scheduled for 2026-11-24T13:00:00Z; booked in cluster berlin; no relay of cluster berlin has ever been linked",
  ],
  [
    "that no cluster fits",
    "unplaced",
    null,
    T0,
    "scheduled for 2026-11-24T13:00:00Z; no cluster fits it yet, so it waits",
  ],
  [
    "that only the cluster knows as sent",
    "booked",
    { row: { ...ROW, state: "sent", sentAt: DUE_AT + 2 }, link: UP },
    LATER,
    "sent to cluster berlin at 2026-11-24T13:00:00Z; its Job is not created yet",
  ],
  [
    "that is sent and whose cluster went away",
    "sent",
    { row: { ...ROW, state: "sent" }, link: AWAY },
    LATER,
    "sent to cluster berlin; its Job is not created yet; cluster berlin can't be asked since 2026-11-24T12:00:00Z",
  ],
  [
    "whose image can't be pulled",
    "created",
    { row: { ...ROW, state: "created", waiting: { reason: "ErrImagePull", message: "no such image" } }, link: UP },
    LATER,
    "created in cluster berlin at 2026-11-24T13:00:00Z; no container has started yet; waiting: ErrImagePull: no such image",
  ],
  ["that runs", "running", null, LATER, "running in cluster berlin since 2026-11-24T13:00:00Z"],
  ["whose logs are coming", "ending", null, LATER, "succeeded at 2026-11-24T13:00:01Z; its logs are being collected"],
  ["that succeeded", "succeeded", null, LATER, "succeeded after 1.0 s, at 2026-11-24T13:00:01Z"],
  [
    "that failed",
    "failed",
    null,
    LATER,
    "failed: BackoffLimitExceeded: pod report-x: container main exited with code 3",
  ],
  [
    "that is being deleted",
    "stopping",
    { row: null, link: AWAY },
    LATER,
    "it is being deleted since 2026-11-24T13:00:00Z: it waits for cluster berlin; cluster berlin can't be asked since 2026-11-24T12:00:00Z",
  ],
  [
    "that is being deleted while its pod can't terminate",
    "stopping",
    { row: { ...ROW, state: "removing", waiting: { reason: "PodTerminating", message: "pod a on node b" } }, link: UP },
    LATER,
    "it is being deleted since 2026-11-24T13:00:00Z: it waits for cluster berlin; waiting: PodTerminating: pod a on node b",
  ],
  [
    "whose deletion was refused",
    "notDeleted",
    null,
    LATER,
    "running in cluster berlin since 2026-11-24T13:00:00Z; it could not be deleted: forbidden by policy",
  ],
  ["that is deleted", "deleted", null, LATER, "deleted at 2026-11-24T12:59:59Z (cancelled_before_dispatch)"],
  [
    "that is deleted and whose Job still stands",
    "leaving",
    null,
    LATER,
    "deleted at 2026-11-24T13:00:03Z (already_finished); its Job is removed when cluster berlin is there",
  ],
])("explains a job %s", (_, name, look, now, expected) => {
  expect(sentence(name, look, now)).toBe(expected);
});

it("explains why a booking fails, and when it is tried again", () => {
  const failing = advance(
    SAMPLES.due,
    { type: "book_failed", run: 1, n: 1, problem: "overloaded" },
    DUE_AT - 9_000,
  ).job;

  const text = failing && explain(failing, null, DUE_AT - 8_000);

  expect(text).toMatch(/^scheduled for .*; not booked in cluster berlin yet: overloaded \(tried once, next at 2026/);
});

it.each([
  [0, "0 ms"],
  [32, "32 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [61_250, "61.3 s"],
])("says that %i ms are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

it("shows what the cluster's object knows beside the job's own state", () => {
  const look: RowView = { row: { ...ROW, state: "sent", firedAt: DUE_AT + 1, sentAt: DUE_AT + 2 }, link: UP };

  const seen = SAMPLES.booked && snapshotOf(SAMPLES.booked, look, LATER);

  expect(seen).toMatchObject({ status: "sent", jobStatus: -1, runs: [{ firedAt: DUE_AT + 1, sentAt: DUE_AT + 2 }] });
});
