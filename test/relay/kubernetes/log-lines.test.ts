import { describe, expect, it } from "vitest";
import { TimestampStripper } from "../../../relay/kubernetes/log-lines.ts";

const STAMP = "2026-11-24T16:00:00.123456789Z ";

function strip(body: Buffer | string, step: number): { output: string; problem: string | null } {
  const bytes = Buffer.from(body);
  const parts: Buffer[] = [];
  const stripper = new TimestampStripper((part) => parts.push(Buffer.from(part)));
  for (let from = 0; from < bytes.length; from += step) stripper.push(bytes.subarray(from, from + step));
  stripper.end();
  return { output: Buffer.concat(parts).toString("latin1"), problem: stripper.problem };
}

describe.each([1, 5, 31, 10_000])("a log in pieces of %i bytes", (step) => {
  it("loses its timestamps and nothing else", () => {
    const body = `${STAMP}one\n${STAMP}\n${STAMP}  two  \n2026-11-24T16:00:00+01:00 three\n2026-11-24T16:00:00.5Z four`;

    expect(strip(body, step)).toEqual({ output: "one\n\n  two  \nthree\nfour", problem: null });
  });

  it("keeps a last line that has no newline, and lines of any length", () => {
    const long = "x".repeat(50_000);

    expect(strip(`${STAMP}${long}\n${STAMP}${long}`, step)).toEqual({ output: `${long}\n${long}`, problem: null });
  });

  it("keeps bytes that are no UTF-8", () => {
    const body = Buffer.concat([Buffer.from(STAMP), Buffer.from([0xff, 0xc3, 0x0a])]);

    expect(strip(body, step).output).toBe("\u00ff\u00c3\n");
  });

  it("is empty when the body is", () => {
    expect(strip("", step)).toEqual({ output: "", problem: null });
  });

  it.each([
    "unable to retrieve container logs for containerd://abc",
    "failed to try resolving symlinks in path /var/log\n",
    "short",
    "20261124 no timestamp",
  ])("takes kubelet's words for no output: %s", (words) => {
    const { output, problem } = strip(`${STAMP}real\n${words}`, step);

    expect(output).toBe("real\n");
    expect(problem).toBe(words.trim());
  });

  it("holds at most 300 bytes of kubelet's words", () => {
    expect(strip("e".repeat(5_000), step).problem).toHaveLength(300);
  });
});
