import { describe, expect, it } from "vitest";
import type { FactBody } from "../../../relay/facts.ts";
import { FRAME_TARGET_BYTES, MAX_UNACKED_LOG_BYTES, Outbox } from "../../../relay/link/outbox.ts";

const started = (jobId: string): FactBody => ({ type: "started", jobId, run: 1, podName: "p" });
const piece = (jobId: string, seq: number, bytes: number): FactBody => ({
  type: "log",
  jobId,
  run: 1,
  log: { podName: "p", podUid: "u", container: "main", restart: 0 },
  seq,
  text: "x".repeat(bytes),
  last: false,
  severalContainers: false,
});
const idsOf = (outbox: Outbox): number[] => outbox.takeFrame(0).map((fact) => fact.id);

describe("Outbox", () => {
  it("numbers facts from 1 in the order of their report and says how long ago they happened", () => {
    const outbox = new Outbox();
    void outbox.add(started("a"), 100);
    void outbox.add(started("b"), 130);

    const frame = outbox.takeFrame(150);

    expect(frame.map(({ id, jobId, ageMs }) => ({ id, jobId, ageMs }))).toEqual([
      { id: 1, jobId: "a", ageMs: 50 },
      { id: 2, jobId: "b", ageMs: 20 },
    ]);
    expect(outbox.hasUnsent).toBe(false);
    expect(outbox.size).toBe(2);
  });

  it("keeps a fact until it is confirmed, and tells who reported it how", async () => {
    const outbox = new Outbox();
    const ok = outbox.add(started("a"), 0);
    const gone = outbox.add(started("b"), 0);

    outbox.confirm([1], "ok");
    outbox.confirm([2, 77], "gone");

    expect(await ok).toBe("ok");
    expect(await gone).toBe("gone");
    expect(outbox.size).toBe(0);
  });

  it("sends what is unconfirmed again on a new link, with the same numbers and a new age", () => {
    const outbox = new Outbox();
    void outbox.add(started("a"), 0);
    void outbox.add(started("b"), 0);
    outbox.takeFrame(10);
    outbox.confirm([1], "ok");

    outbox.requeueAll();

    expect(outbox.takeFrame(500)).toMatchObject([{ id: 2, jobId: "b", ageMs: 500 }]);
  });

  it("tries a refused fact again at the relist and not before", () => {
    const outbox = new Outbox();
    void outbox.add(started("a"), 0);
    outbox.takeFrame(0);

    const about = outbox.refuse(1);

    expect(about).toEqual({ run: "a/1", type: "started" });
    expect(outbox.hasUnsent).toBe(false);
    outbox.requeueRefused();
    expect(idsOf(outbox)).toEqual([1]);
    outbox.requeueRefused();
    expect(outbox.hasUnsent).toBe(false);
  });

  it("knows nothing of a number that was never given", () => {
    expect(new Outbox().refuse(5)).toBeNull();
  });

  it("hands a refused piece of a log back to its reader", async () => {
    const outbox = new Outbox();
    const answer = outbox.add(piece("a", 0, 10), 0);

    outbox.refuse(1);

    expect(await answer).toBe("refused");
    expect(outbox.size).toBe(0);
  });

  it("closes a frame before it grows past its target; one larger fact travels alone", () => {
    const outbox = new Outbox();
    const half = Math.ceil(FRAME_TARGET_BYTES / 2);
    for (const bytes of [half, half, 10, FRAME_TARGET_BYTES * 2, 10]) void outbox.add(piece("a", 0, bytes), 0);

    const frames = [idsOf(outbox), idsOf(outbox), idsOf(outbox), idsOf(outbox)];

    expect(frames).toEqual([[1], [2, 3], [4], [5]]);
  });

  it("lets about 4 MiB of log be on its way, and other facts pass", () => {
    const outbox = new Outbox();
    const bytes = MAX_UNACKED_LOG_BYTES / 4;
    for (let seq = 0; seq < 6; seq++) void outbox.add(piece("a", seq, bytes), 0);
    void outbox.add(started("b"), 0);

    const first = Array.from({ length: 6 }, () => outbox.takeFrame(0)).flat();
    outbox.confirm([1], "ok");
    const second = outbox.takeFrame(0);

    expect(first.map(({ type }) => type)).toEqual(["log", "log", "log", "log", "started"]);
    expect(second).toMatchObject([{ type: "log", seq: 4, id: 6 }]);
  });

  it("says when something waits to be sent", () => {
    const outbox = new Outbox();
    let calls = 0;
    outbox.onUnsent = () => calls++;

    void outbox.add(started("a"), 0);

    expect(calls).toBe(1);
  });
});
