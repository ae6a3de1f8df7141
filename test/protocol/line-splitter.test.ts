import { expect, test } from "vitest";
import { LineSplitter, MAX_LINE_BYTES, type NumberedLine } from "../../protocol/line-splitter.ts";

const encoder = new TextEncoder();

function split(bytes: Uint8Array, pieceBytes: number): NumberedLine[] {
  const splitter = new LineSplitter();
  const lines: NumberedLine[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // Memory that is used again right after, as a socket's is.
    const piece = bytes.slice(at, at + pieceBytes);
    lines.push(...splitter.push(piece));
    piece.fill(0);
  }
  lines.push(...splitter.end());
  return lines;
}

test("lines and their numbers do not depend on the pieces they come in, nor do characters", () => {
  const text = "ä€😀\n\n\ufeffsecond\r\nlast without an end";
  for (const pieceBytes of [1, 2, 3, 7, 1_000]) {
    const lines = split(encoder.encode(text), pieceBytes);
    expect(lines.map((line) => line.text)).toEqual(["ä€😀", "", "\ufeffsecond\r", "last without an end"]);
    expect(lines.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
    expect(lines.map(({ end }) => end)).toEqual([10, 11, 22, 41]);
  }
});

test("bytes that are no UTF-8 become U+FFFD, one that a newline cuts short too", () => {
  const lines = split(new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x0a, 0xac, 0x62]), 1);
  expect(lines.map(({ text }) => text)).toEqual(["a\ufffd\ufffd", "\ufffdb"]);
});

test("a line above the bound keeps its beginning, between two characters, and says how much is cut", () => {
  const fits = "x".repeat(MAX_LINE_BYTES);
  const euros = "€".repeat(MAX_LINE_BYTES);
  for (const pieceBytes of [4_096, 10_000_000]) {
    const lines = split(encoder.encode(`${fits}\n${fits}y\n${euros}\nnext\n`), pieceBytes).map(({ text }) => text);
    expect(lines[0]).toBe(fits);
    expect(lines[1]).toBe(`${fits}[watchbell: 1 bytes cut]`);
    const kept = Math.floor(MAX_LINE_BYTES / 3);
    expect(lines[2]).toBe(`${"€".repeat(kept)}[watchbell: ${3 * MAX_LINE_BYTES - 3 * kept} bytes cut]`);
    expect(lines[3]).toBe("next");
  }
});

test("a cut of lines has the number of the last that is missing; a cut within a line stands in it", () => {
  const splitter = new LineSplitter();
  const lines = [
    ...splitter.push(encoder.encode("one\nbegun")),
    ...splitter.cut(100, 5),
    ...splitter.push(encoder.encode("seven\neig")),
    ...splitter.cut(30, 0),
    ...splitter.push(encoder.encode("ht\n")),
  ];
  expect(lines.map(({ line, text, isCut }) => [line, text, isCut])).toEqual([
    [1, "one", false],
    [6, "begun[watchbell: 100 bytes cut]", true],
    [7, "seven", true],
    [8, "eig[watchbell: 30 bytes cut]ht", true],
  ]);
  expect(splitter.bytes).toBe(9 + 100 + 9 + 30 + 3);
});
