import { appendFileSync } from "node:fs";
import { expect } from "vitest";
import type { Target } from "./target.ts";

const MARKER = /\[watchbell: [^\]]*\]/g;

/**
 * Notes what a case wrote and what the API showed: one line of a table in the file that WATCHBELL_LOG_TABLE names, if it does.
 */
export function noteLog(kind: Target["name"], what: string, writtenBytes: number, shown: string): void {
  const file = process.env.WATCHBELL_LOG_TABLE;
  if (!file) return;
  const markers = shown.match(MARKER)?.join(" ") ?? "none";
  const cells = [what, kind, writtenBytes, Buffer.byteLength(shown), markers];
  appendFileSync(file, `| ${cells.join(" | ")} |\n`);
}

/** A diff of a megabyte says nothing: the length first, then the text. */
export function expectSame(shown: string | undefined, written: string): void {
  expect(shown?.length).toBe(written.length);
  expect(shown === written).toBe(true);
}

/**
 * What is left of a written text after a cut: its beginning and its end, each more than three eighths of the limit (half of it,
 * less an eighth where the cut looks for a line's end), together within it, and the right number between.
 */
export function expectCut(shown: string, written: string, limitBytes: number): void {
  const [, head = "", bytes = "0", tail = ""] =
    /^([\s\S]*?)\[watchbell: (\d+) bytes cut\]\n([\s\S]*)$/.exec(shown) ?? [];
  // Where the cut is inside a line, the marker begins one of its own.
  const kept = written.startsWith(head) ? head : head.slice(0, -1);
  expect(written.startsWith(kept)).toBe(true);
  expect(written.endsWith(tail)).toBe(true);
  const headBytes = Buffer.byteLength(kept);
  const tailBytes = Buffer.byteLength(tail);
  expect(headBytes + Number(bytes) + tailBytes).toBe(Buffer.byteLength(written));
  expect(headBytes).toBeGreaterThan((limitBytes * 3) / 8);
  expect(tailBytes).toBeGreaterThan((limitBytes * 3) / 8);
  expect(headBytes + tailBytes).toBeLessThanOrEqual(limitBytes);
}
