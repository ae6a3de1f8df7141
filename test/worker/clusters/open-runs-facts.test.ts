import { describe, expect, it } from "vitest";
import type { Fact } from "../../../protocol/up.ts";
import { DROPPED_PAUSE_MS, FORGET_AFTER_MS, OPEN_RUN_STATES, type OpenRun } from "../../../worker/clusters/open-run.ts";
import { judgeFact, rowAfterAnswer } from "../../../worker/clusters/open-runs-facts.ts";
import type { FactAnswer } from "../../../worker/jobs/calls.ts";
import { aRow, aTombstone, NOW } from "./sample-rows.ts";

const base = { jobId: "job1", run: 1, id: 7, ageMs: 3 };
const log = { podName: "p", podUid: "pu", container: "main", restart: 0 };
const FACTS: { [Type in Fact["type"]]: Extract<Fact, { type: Type }> } = {
  created: { ...base, type: "created", uid: "uid1", name: "hello", namespace: "default", adopted: false },
  create_refused: { ...base, type: "create_refused", reason: "forbidden", message: "no" },
  expired: { ...base, type: "expired" },
  dropped: { ...base, type: "dropped" },
  waiting: { ...base, type: "waiting", reason: "quota", message: "exceeded quota" },
  started: { ...base, type: "started", podName: "p" },
  ended: {
    ...base,
    type: "ended",
    uid: "uid1",
    result: "succeeded",
    reason: "",
    message: "",
    pods: [],
    podCount: 1,
    logs: [],
  },
  log: { ...base, type: "log", log, seq: 0, text: "x", last: true, severalContainers: false },
  lost: { ...base, type: "lost", uid: "uid1" },
  removed: { ...base, type: "removed", n: 5, existed: true },
  remove_failed: { ...base, type: "remove_failed", n: 5, message: "no" },
};
const TYPES = Object.values(FACTS).map((fact) => fact.type);
const FREE = { process: "p1", fencedUntil: 0 };
const FENCED = { process: "p1", fencedUntil: NOW + 8_000 };

/** passed: the job hears of it. here: answered at once. The state after it follows where it changes. */
const TABLE: Record<string, Record<Fact["type"], string>> = {
  absent: {
    created: "passed",
    create_refused: "passed",
    expired: "passed",
    dropped: "here",
    waiting: "here",
    started: "passed",
    ended: "passed",
    log: "passed",
    lost: "passed",
    removed: "passed",
    remove_failed: "passed",
  },
  booked: {
    created: "passed created",
    create_refused: "here",
    expired: "here",
    dropped: "here",
    waiting: "here booked",
    started: "passed created",
    ended: "passed created",
    log: "passed created",
    lost: "passed",
    removed: "passed",
    remove_failed: "passed",
  },
  sent: {
    created: "passed created",
    create_refused: "passed",
    expired: "passed",
    dropped: "here booked",
    waiting: "here sent",
    started: "passed created",
    ended: "passed created",
    log: "passed created",
    lost: "passed",
    removed: "passed",
    remove_failed: "passed",
  },
  created: {
    created: "passed",
    create_refused: "here",
    expired: "here",
    dropped: "here",
    waiting: "here created",
    started: "passed",
    ended: "passed",
    log: "passed",
    lost: "passed",
    removed: "passed",
    remove_failed: "passed",
  },
  removing: {
    created: "passed",
    create_refused: "here",
    expired: "here",
    dropped: "here",
    waiting: "here removing",
    started: "passed",
    ended: "passed",
    log: "passed",
    lost: "passed",
    removed: "passed removing",
    remove_failed: "passed",
  },
  final: {
    created: "passed",
    create_refused: "passed",
    expired: "passed",
    dropped: "here",
    waiting: "here",
    started: "passed",
    ended: "passed",
    log: "passed",
    lost: "passed",
    removed: "passed",
    remove_failed: "passed",
  },
};

const ROWS: [string, OpenRun | null][] = [
  ["absent", null],
  ...OPEN_RUN_STATES.map((s) => [s, aRow(s)] as [string, OpenRun]),
];
const PAIRS = ROWS.flatMap(([name, row]) => TYPES.map((type) => ({ name, row, type })));

describe("a fact and its row", () => {
  it.each(PAIRS)("$type of a row that is $name is taken as the table says", ({ name, row, type }) => {
    const { row: after, pass } = judgeFact(row, FACTS[type], FREE, NOW);

    const outcome = `${pass === null ? "here" : "passed"}${after === null ? "" : ` ${after.state}`}`;
    expect(outcome).toBe(TABLE[name]?.[type]);
  });

  it.each(["create_refused", "expired"] as const)("%s is no evidence while another process may create", (type) => {
    const { row, pass } = judgeFact(aRow("sent"), FACTS[type], FENCED, NOW);
    expect(pass).toBeNull();
    expect(row).toMatchObject({ state: "sent", againAt: NOW + 8_000 });
  });

  it.each(["create_refused", "expired"] as const)("%s of a process that no longer has the run is ignored", (type) => {
    expect(judgeFact(aRow("sent", { sentTo: "p2" }), FACTS[type], FREE, NOW)).toEqual({
      row: null,
      pass: null,
      repair: false,
    });
  });

  it("lost is no evidence while another process may create, and the Job is looked for after that", () => {
    const { row, pass } = judgeFact(aRow("created"), FACTS.lost, FENCED, NOW);
    expect([pass, row?.state, row?.againAt]).toEqual([null, "created", NOW + 8_000]);
  });

  it("removed is no evidence while another process may create, and the removal is repeated after that", () => {
    const removing = aRow("removing", { uid: null });
    const held = judgeFact(removing, FACTS.removed, FENCED, NOW).row;
    expect(held).toMatchObject({ state: "removing", againAt: NOW + 8_000, existed: true });
    // The repeated removal finds nothing, but there was a Job.
    const repeated = judgeFact(held, { ...FACTS.removed, existed: false }, { ...FREE, fencedUntil: NOW }, NOW);
    expect(repeated.pass).toMatchObject({ type: "removed", existed: true });
  });

  it("waiting with an empty reason takes the last sentence back", () => {
    const row = aRow("created", { waiting: { reason: "PodTerminating", message: "pod a on node b" } });
    const { row: after } = judgeFact(row, { ...FACTS.waiting, reason: "", message: "" }, FREE, NOW);
    expect(after).toMatchObject({ state: "created", waiting: null });
  });

  it("removed with an older n does not end a removal that was asked for anew", () => {
    expect(judgeFact(aRow("removing", { n: 6 }), FACTS.removed, FREE, NOW).pass).toBeNull();
  });

  it("created of a run that was taken back and is over puts the removal up again, as a repair", () => {
    const decision = judgeFact(aTombstone(), FACTS.created, FREE, NOW);
    expect(decision).toMatchObject({ repair: true, row: { state: "removing", uid: "uid1", forgetAt: null } });
  });

  it("dropped gives a run that other processes were sent back to the hand-over, not to the control plane", () => {
    const { row } = judgeFact(aRow("sent", { sentBefore: ["p0"] }), FACTS.dropped, FREE, NOW);
    expect(row).toMatchObject({ state: "sent", sentTo: null, againAt: NOW + DROPPED_PAUSE_MS.least });
  });

  it("dropped of an untouched run makes it the control plane's own again", () => {
    const { row } = judgeFact(aRow("sent"), FACTS.dropped, FREE, NOW);
    expect(row).toMatchObject({ state: "booked", sentAt: null, firedAt: null, sentTo: null });
  });

  it.each([
    [0, 1_000],
    [20_000, 5_000],
    [3_600_000, 30_000],
  ])("dropped %i ms after its time waits %i ms before it is offered again", (lateMs, pauseMs) => {
    const { row } = judgeFact(aRow("sent", { dueAt: NOW - lateMs }), FACTS.dropped, FREE, NOW);
    expect(row?.againAt).toBe(NOW + pauseMs);
  });

  it("started clears what the relay last said about waiting", () => {
    const waiting = judgeFact(aRow("created"), FACTS.waiting, FREE, NOW).row;
    expect(waiting?.waiting).toEqual({ reason: "quota", message: "exceeded quota" });
    expect(judgeFact(waiting, FACTS.started, FREE, NOW).row?.waiting).toBeNull();
  });

  it.each([
    { what: "a waiting without a reason", fact: { ...FACTS.waiting, reason: "", message: "" } },
    { what: "a relay that has found the Job anew", fact: { ...FACTS.created, adopted: true } },
  ])("$what clears it too, and writes nothing where there is nothing to clear", ({ fact }) => {
    const row = aRow("created", { uid: "uid1" });
    const waiting = judgeFact(row, FACTS.waiting, FREE, NOW).row;
    expect(judgeFact(waiting, fact, FREE, NOW).row).toEqual(row);
    expect(judgeFact(row, fact, FREE, NOW).row).toBeNull();
  });
});

describe("a job's answer and its row", () => {
  const over: FactAnswer = { answer: "ok", final: true };
  const goesOn: FactAnswer = { answer: "ok", final: false };
  const gone: FactAnswer = { answer: "gone" };
  const refused: FactAnswer = { answer: "refused", reason: "later" };

  it.each([
    ["created", "ended", over, "final"],
    ["created", "ended", goesOn, null],
    ["created", "ended", gone, "final"],
    ["created", "ended", refused, null],
    ["sent", "expired", over, "final"],
    ["removing", "ended", over, null],
    ["removing", "created", gone, null],
    ["removing", "removed", over, "final"],
    ["removing", "removed", goesOn, "final"],
    ["removing", "removed", gone, "final"],
    ["removing", "removed", refused, null],
    ["removing", "remove_failed", goesOn, "created"],
    ["removing", "remove_failed", over, "final"],
    ["final", "ended", over, null],
  ] as const)("%s, %s answered %j: %s", (state, type, answer, after) => {
    const row = rowAfterAnswer(aRow(state), FACTS[type], answer, NOW);
    expect(row?.state ?? null).toBe(after);
    if (row?.state === "final") expect(row.forgetAt).toBe(NOW + FORGET_AFTER_MS);
  });

  it("does not end a removal that was asked for anew while the fact was with the job", () => {
    expect(rowAfterAnswer(aRow("removing", { n: 6 }), FACTS.removed, over, NOW)).toBeNull();
  });

  it("changes nothing where no row is left", () => {
    expect(rowAfterAnswer(null, FACTS.ended, over, NOW)).toBeNull();
  });
});
