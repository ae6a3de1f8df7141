import { describe, expect, it } from "vitest";
import { formatLine, makeLog } from "../../relay/log.ts";

const at = new Date("2026-11-24T16:00:00.000Z");

describe("a log line", () => {
  it("has time, level, sentence and values", () => {
    const line = formatLine(at, "warn", "link is down", { in_ms: 250, reason: "read ECONNRESET", run: "a/1" }, []);

    expect(line).toBe('2026-11-24T16:00:00.000Z warn  link is down in_ms=250 reason="read ECONNRESET" run=a/1');
  });

  it("stays one line and shows no control character", () => {
    const line = formatLine(at, "info", "a\nb\u001b[31m", { words: "c\r\nd" }, []);

    expect([...line].every((character) => character >= " ")).toBe(true);
  });

  it("never shows a secret, whatever text it came in with", () => {
    const line = formatLine(at, "info", "token s3cret!", { error: "Bearer s3cret!" }, ["s3cret!", ""]);

    expect(line).not.toContain("s3cret!");
    expect(line).toContain("[redacted]");
  });

  it("of level debug is written only when asked for", () => {
    const lines: string[] = [];
    const options = { write: (line: string) => lines.push(line), secrets: [], now: () => at.getTime() };

    makeLog({ ...options, debug: false })("debug", "quiet");
    makeLog({ ...options, debug: true })("debug", "loud");

    expect(lines).toEqual(["2026-11-24T16:00:00.000Z debug loud"]);
  });
});
