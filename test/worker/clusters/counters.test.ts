import { describe, expect, it } from "vitest";
import { type Counters, counted, LATENESS_SECONDS, NOTHING_COUNTED, sumOf } from "../../../worker/clusters/counters.ts";
import { prometheusText } from "../../../worker/clusters/prometheus-text.ts";

const NOTHING = { ended: {}, latenessMs: [], callbacks: {}, repairs: {} };

describe("the counters of a cluster", () => {
  it("count lateness in the first bucket that holds it, and what is above all of them in the last", () => {
    const { counts, sumMs } = counted(NOTHING_COUNTED, { ...NOTHING, latenessMs: [0, 50, 51, 86_400_001] }).lateness;

    expect(counts).toEqual([2, 1, ...LATENESS_SECONDS.slice(2).map(() => 0), 1]);
    expect(sumMs).toBe(86_400_102);
  });

  it("add up over clusters, also with what an older object never counted", () => {
    const one = counted(NOTHING_COUNTED, { ...NOTHING, ended: { failed: 1 }, latenessMs: [10] });
    const two = counted(one, { ...NOTHING, ended: { failed: 2, lost: 1 }, callbacks: { delivered: 1 } });
    const older: Counters = { ...NOTHING_COUNTED, lateness: { counts: [4], sumMs: 8 } };

    const sum = sumOf([one, two, older]);

    expect(sum).toMatchObject({ runs: { failed: 4, lost: 1 }, callbacks: { delivered: 1 } });
    expect(sum.lateness).toEqual({ counts: [6, ...LATENESS_SECONDS.map(() => 0)], sumMs: 28 });
  });
});

describe("Prometheus' text", () => {
  it("escapes what a label or a help says, and writes a value without labels bare", () => {
    const labels = { cluster: 'a"b\\c\nd' };

    expect(prometheusText([{ name: "x", type: "gauge", help: "a\\b\nc", samples: [{ labels, value: 1.5 }] }])).toBe(
      '# HELP x a\\\\b\\nc\n# TYPE x gauge\nx{cluster="a\\"b\\\\c\\nd"} 1.5\n',
    );
    expect(prometheusText([{ name: "y", type: "counter", help: "", samples: [{ labels: {}, value: 2 }] }])).toContain(
      "\ny 2\n",
    );
  });
});
