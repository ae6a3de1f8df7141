import { describe, expect, it } from "vitest";
import { LogCutter } from "../../../relay/kubernetes/log-cut.ts";
import { cutMarker, LogPieces, logPieces, restOfPieces } from "../../../relay/kubernetes/log-pieces.ts";

/** What is kept of an output that comes in pieces of `step` bytes. */
function keep(output: Buffer | string, limitBytes: number, step: number): { text: string; cutBytes: number } {
  const bytes = Buffer.from(output);
  const cutter = new LogCutter(limitBytes);
  for (let from = 0; from < bytes.length; from += step) cutter.push(bytes.subarray(from, from + step));
  const log = cutter.finish();
  return { text: [...logPieces(log)].join(""), cutBytes: log.cutBytes };
}

const lines = (count: number, width = 20): string =>
  Array.from({ length: count }, (_, index) => `${String(index).padStart(width - 1, "0")}\n`).join("");

describe.each([1, 7, 64, 100_000])("an output in pieces of %i bytes", (step) => {
  it.each(["", "a", "no newline", "one\n", "two\nlines", "\n\n\n", lines(50), "ü€😀\n".repeat(40)])(
    "within the limit is kept exactly (%#)",
    (output) => {
      expect(keep(output, 1_000, step)).toEqual({ text: output, cutBytes: 0 });
    },
  );

  it("of exactly the limit is kept whole", () => {
    expect(keep(lines(50), 1_000, step).cutBytes).toBe(0);
    expect(keep("x".repeat(1_000), 1_000, step).cutBytes).toBe(0);
  });

  it.each([{ count: 51 }, { count: 200 }, { count: 3_000 }])(
    "of $count lines keeps head and tail, cut at line ends",
    ({ count }) => {
      const output = lines(count);

      const { text, cutBytes } = keep(output, 1_000, step);

      const [head = "", tail = ""] = text.split(cutMarker(cutBytes));
      expect(output.startsWith(head)).toBe(true);
      expect(output.endsWith(tail)).toBe(true);
      expect(head.endsWith("\n")).toBe(true);
      expect(tail.length % 20).toBe(0);
      expect(head.length + cutBytes + tail.length).toBe(output.length);
      expect(head.length + tail.length).toBeGreaterThanOrEqual(500);
      expect(head.length + tail.length).toBeLessThanOrEqual(1_000);
    },
  );

  it.each(["x", "ü", "€", "😀"])("of one endless line of %s splits no character", (character) => {
    const output = character.repeat(5_000);

    const { text, cutBytes } = keep(output, 1_000, step);

    const [head = "", tail = ""] = text.split(`\n${cutMarker(cutBytes)}`);
    expect(text).not.toContain("\ufffd");
    expect(output.startsWith(head) && output.endsWith(tail)).toBe(true);
    const kept = Buffer.byteLength(head) + Buffer.byteLength(tail);
    expect(kept + cutBytes).toBe(Buffer.byteLength(output));
    expect(kept).toBeGreaterThanOrEqual(500);
  });
});

describe("a log that is more as text", () => {
  it.each([
    { what: "no UTF-8 at all", output: Buffer.alloc(900_000, 0xff) },
    { what: "text first", output: Buffer.concat([Buffer.alloc(400_000, 0x61), Buffer.alloc(500_000, 0xff)]) },
    { what: "text last", output: Buffer.concat([Buffer.alloc(500_000, 0xff), Buffer.alloc(400_000, 0x61)]) },
  ])("than may be stored is cut to that, with the marker: $what", ({ output }) => {
    const cutter = new LogCutter(1_000_000, 1_500_000);
    for (let from = 0; from < output.length; from += 70_000) cutter.push(output.subarray(from, from + 70_000));

    const log = cutter.finish();
    const text = [...logPieces(log)].join("");

    expect(log.cutBytes).toBeGreaterThan(0);
    expect(text).toContain(cutMarker(log.cutBytes));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_500_100);
    expect(Buffer.byteLength(text)).toBeGreaterThan(1_000_000);
  });

  it.each([1_000, 70_000, 200_000])(
    "is whole where limit and text are exactly as large as both may be (%i)",
    (step) => {
      const output = Buffer.from(lines(10_000));
      const cutter = new LogCutter(output.length, output.length);
      for (let from = 0; from < output.length; from += step) cutter.push(output.subarray(from, from + step));

      const log = cutter.finish();

      expect(log.cutBytes).toBe(0);
      expect([...logPieces(log)].join("")).toBe(output.toString());
    },
  );

  it("than its limit, but fits, is whole", () => {
    expect(keep(Buffer.alloc(400_000, 0xff), 1_000_000, 9_999)).toEqual({
      text: "\ufffd".repeat(400_000),
      cutBytes: 0,
    });
  });
});

describe("what is settled before the end", () => {
  const settled = (cutter: LogCutter, from = 0): Buffer => Buffer.concat(cutter.settledFrom(from));

  it.each([
    { what: "short", output: lines(3_000) },
    { what: "long", output: lines(90_000) },
    { what: "no UTF-8", output: Buffer.alloc(600_000, 0xff) },
  ])("is the beginning of what is kept, however the output ends: $what", ({ output }) => {
    const bytes = Buffer.from(output);
    const cutter = new LogCutter(400_000, 900_000);
    const early: Buffer[] = [];
    for (let from = 0; from < bytes.length; from += 10_007) {
      cutter.push(bytes.subarray(from, from + 10_007));
      early.push(settled(cutter));
    }

    const kept = Buffer.concat(cutter.finish().head);

    for (const part of early) expect(kept.subarray(0, part.length).equals(part)).toBe(true);
    expect(Math.max(...early.map((part) => part.length))).toBeGreaterThan(50_000);
  });

  it("gives the same pieces as the whole", () => {
    const cutter = new LogCutter(100_000);
    const pieces = new LogPieces(4_096);
    const given: string[] = [];
    let givenBytes = 0;
    const bytes = Buffer.from("ü€😀\n".repeat(30_000));
    for (let from = 0; from < bytes.length; from += 5_003) {
      cutter.push(bytes.subarray(from, from + 5_003));
      const blocks = cutter.settledFrom(givenBytes);
      for (const block of blocks) givenBytes += block.length;
      given.push(...pieces.add(blocks));
    }
    given.push(...restOfPieces(cutter.finish(), pieces, givenBytes));

    expect(given).toEqual([...logPieces(cutter.finish(), 4_096)]);
    expect(givenBytes).toBeGreaterThan(30_000);
  });
});

describe("pieces", () => {
  it("turn bytes that are no UTF-8 into U+FFFD, also across blocks", () => {
    const bytes = Buffer.from([0x61, 0xff, 0x62, 0xc3, 0x28, 0x0a]);

    expect(keep(bytes, 1_000, 1).text).toBe("a\ufffdb\ufffd(\n");
  });

  it("hold at most the chunk's bytes of UTF-8 and are the same however the output came", () => {
    const output = Buffer.from("ü€😀\n".repeat(9_000));
    const pieces = (step: number): string[] => {
      const cutter = new LogCutter(1_000_000);
      for (let from = 0; from < output.length; from += step) cutter.push(output.subarray(from, from + step));
      return [...logPieces(cutter.finish(), 32_768)];
    };

    const whole = pieces(1_000_000);

    expect(whole.length).toBeGreaterThan(2);
    expect(whole.every((piece) => Buffer.byteLength(piece) <= 32_768)).toBe(true);
    expect(whole.join("")).toBe(output.toString());
    expect(pieces(16_384)).toEqual(whole);
  });

  it("are one empty piece for an empty log", () => {
    expect([...logPieces(new LogCutter(100).finish())]).toEqual([""]);
  });

  it("never outgrow the chunk when every byte becomes three", () => {
    const cutter = new LogCutter(1_000_000);
    cutter.push(Buffer.alloc(100_000, 0xff));

    const pieces = [...logPieces(cutter.finish(), 65_536)];

    expect(pieces.every((piece) => Buffer.byteLength(piece) <= 65_536)).toBe(true);
    expect(pieces.join("")).toHaveLength(100_000);
  });
});
