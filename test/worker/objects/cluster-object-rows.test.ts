import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { FORGET_AFTER_MS, finalRow, type OpenRun } from "../../../worker/clusters/open-run.ts";
import { OpenRuns } from "../../../worker/objects/cluster-object-rows.ts";
import { aRow, NOW } from "../clusters/sample-rows.ts";
import { clusterStub } from "./cluster-object-fake-relay.ts";

type Opened = { rows: OpenRuns; again: () => OpenRuns; written: () => number };

/** Runs a test on rows in a real object's SQLite; `again` opens them as a new start would, `written` counts billed rows. */
async function withRows(name: string, test: (opened: Opened) => void): Promise<void> {
  await runInDurableObject(clusterStub(name), (_object, { storage }) => {
    let written = 0;
    const sql = new Proxy(storage.sql, {
      get: (target, key) => {
        if (key !== "exec") return Reflect.get(target, key);
        return (statement: string, ...values: SqlStorageValue[]) => {
          const cursor = target.exec(statement, ...values);
          written += cursor.rowsWritten;
          return cursor;
        };
      },
    });
    const counted = { sql, transactionSync: <Result>(work: () => Result) => storage.transactionSync(work) };
    test({ rows: new OpenRuns(counted), again: () => new OpenRuns(counted), written: () => written });
  });
}

const FULL: OpenRun = aRow("sent", {
  startDeadlineAt: NOW + 60_000,
  sentBefore: ["p7", "p8"],
  cancelled: true,
  existed: true,
  waiting: { reason: "quota", message: "exceeded quota: pods" },
  againAt: NOW + 5,
  lateAskedAt: NOW - 5,
});

describe("the rows of the open runs", () => {
  it("are the same after a restart, whatever they hold", async () => {
    await withRows("reload", ({ rows, again }) => {
      rows.insert(aRow("booked"), '{"kind":"Job"}');
      rows.put([FULL, aRow("removing", { run: 2 })]);
      const loaded = again();
      expect(loaded.get({ jobId: "job1", run: 1 })).toEqual(FULL);
      expect(loaded.get({ jobId: "job1", run: 2 })).toEqual(aRow("removing", { run: 2 }));
      expect(loaded.get({ jobId: "job1", run: 3 })).toBeNull();
      expect([...loaded.again()]).toEqual([FULL]);
    });
  });

  it("cost one written row for each step of a run's life", async () => {
    await withRows("cost", ({ rows, written }) => {
      const steps = [
        () => rows.insert(aRow("booked"), '{"kind":"Job"}'),
        () => rows.put([aRow("sent")]),
        () => rows.put([aRow("created")]),
        () => rows.put([finalRow(aRow("created"), NOW)]),
        () => rows.forget(NOW + FORGET_AFTER_MS, 10),
      ];
      const costs = steps.map((step) => {
        const before = written();
        step();
        return written() - before;
      });
      expect(costs).toEqual([1, 1, 1, 1, 1]);
    });
  });

  it("keep the manifest only while a create may still be needed", async () => {
    await withRows("manifest", ({ rows, again }) => {
      rows.insert(aRow("booked"), '{"kind":"Job"}');
      rows.put([aRow("sent")]);
      expect(again().manifest(aRow("sent"))).toBe('{"kind":"Job"}');
      rows.put([aRow("created")]);
      expect(rows.manifest(aRow("created"))).toBe("");
    });
  });

  it("are counted as open until they are final, and forgotten a few at a time", async () => {
    await withRows("forget", ({ rows, again }) => {
      for (let run = 1; run <= 5; run += 1) {
        rows.insert(aRow("booked", { run }), "{}");
        rows.put([finalRow(aRow("created", { run }), NOW + run)]);
      }
      rows.insert(aRow("booked", { run: 6 }), "{}");
      expect(rows.openCount()).toBe(1);
      expect(rows.latestForgetAt()).toBe(NOW + 5 + FORGET_AFTER_MS);

      const loaded = again();
      expect(loaded.forget(NOW + 3 + FORGET_AFTER_MS, 2)).toBe(true);
      expect(loaded.forget(NOW + 3 + FORGET_AFTER_MS, 2)).toBe(false);
      expect([...loaded.inState("final")].map((row) => row.run)).toEqual([4, 5]);
      expect([...again().inState("final")].map((row) => row.run)).toEqual([4, 5]);
    });
  });

  it("are booked in due order, whatever the order in which they came", async () => {
    await withRows("order", ({ rows, again }) => {
      for (const [run, dueAt] of [
        [1, NOW + 30],
        [2, NOW + 10],
        [3, NOW + 20],
      ] as const) {
        rows.insert(aRow("booked", { run, dueAt }), "{}");
      }
      rows.put([aRow("sent", { run: 2 })]);
      for (const each of [rows, again()]) {
        expect([...each.bookedAfter(0)].map((row) => row.run)).toEqual([3, 1]);
        expect(each.nextDueAt(NOW + 20)).toBe(NOW + 30);
      }
    });
  });
});
