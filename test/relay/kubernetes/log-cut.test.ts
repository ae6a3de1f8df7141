import { describe, expect, it } from "vitest";
import { LogCutter } from "../../../relay/kubernetes/log-cut.ts";
import { cutMarker, logPieces } from "../../../relay/kubernetes/log-pieces.ts";

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
