import { describe, expect, it } from "vitest";
import { LogLines } from "../../../relay/kubernetes/log-lines.ts";

const STAMP = "2026-11-24T16:00:00.123456789Z ";

function strip(body: Buffer | string, step: number): { output: string; problem: string | null } {
  const bytes = Buffer.from(body);
  const { lines, output } = makeLines();
  feed(lines, bytes, step);
  return { output: output(), problem: lines.problem };
}

function makeLines() {
  const parts: Buffer[] = [];
  const lines = new LogLines({
    onOutput: (part) => parts.push(Buffer.from(part)),
    onFirst: () => "",
    onGap: () => "[gap]\n",
  });
  return { lines, output: () => Buffer.concat(parts).toString("latin1") };
}

function feed(lines: LogLines, body: Buffer | string, step: number): void {
  const bytes = Buffer.from(body);
  lines.begin();
  for (let from = 0; from < bytes.length; from += step) lines.push(bytes.subarray(from, from + step));
  lines.end();
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

describe.each([1, 7, 10_000])("a further stream in pieces of %i bytes", (step) => {
  const at = (nanoseconds: number, second = "00") =>
    `2026-11-24T16:00:${second}.${String(nanoseconds).padStart(9, "0")}Z `;

  it("goes on in the middle of a line, and gives nothing twice", () => {
    const { lines, output } = makeLines();

    feed(lines, `${at(1)}one\n${at(2)}tw`, step);
    feed(lines, `${at(1)}one\n${at(2)}two\n${at(3)}three\n`, step);

    expect(output()).toBe("one\ntwo\nthree\n");
    expect(lines.lastStamp).toBe(at(3).trim());
  });

  it("counts lines of one timestamp", () => {
    const { lines, output } = makeLines();

    feed(lines, `${at(5)}a\n${at(5)}a\n`, step);
    feed(lines, `${at(4)}\n${at(5)}a\n${at(5)}a\n${at(5)}a\n`, step);

    expect(output()).toBe("a\na\na\n");
  });

  it("compares timestamps as moments, whatever their zone and their zeros", () => {
    const { lines, output } = makeLines();

    feed(lines, "2026-11-24T16:00:00.5Z one\n", step);
    feed(lines, "2026-11-24T17:00:00.400000000+01:00 zero\n2026-11-24T17:00:00.500000000+01:00 one\n", step);

    expect(output()).toBe("one\n");
  });

  it("says where lines may be missing: the last one does not come again", () => {
    const { lines, output } = makeLines();

    feed(lines, `${at(1)}one\n${at(2)}tw`, step);
    feed(lines, `${at(0, "09")}nine\n`, step);

    expect(output()).toBe("one\ntw\n[gap]\nnine\n");
  });

  it("that brings nothing, or kubelet's words alone, leaves what is there", () => {
    const { lines, output } = makeLines();

    feed(lines, `${at(1)}one\n`, step);
    feed(lines, "", step);
    feed(lines, "failed to try resolving symlinks", step);
    expect(lines.problem).toBe("failed to try resolving symlinks");
    feed(lines, `${at(1)}one\n${at(2)}two\n`, step);

    expect(output()).toBe("one\ntwo\n");
    expect(lines.problem).toBeNull();
  });
});

describe("what stands before the first line", () => {
  it("is asked for with its timestamp, once", () => {
    const parts: string[] = [];
    const asked: string[] = [];
    const lines = new LogLines({
      onOutput: (part) => parts.push(part.toString()),
      onFirst: (stamp) => {
        asked.push(stamp);
        return "[lost]\n";
      },
      onGap: () => "",
    });

    feed(lines, `${STAMP}one\n${STAMP}two\n`, 10_000);

    expect(parts.join("")).toBe("[lost]\none\ntwo\n");
    expect(asked).toEqual([STAMP.trim()]);
  });
});
