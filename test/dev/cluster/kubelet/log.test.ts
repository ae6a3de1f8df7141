import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ContainerLog, nanoClock } from "../../../../dev/cluster/kubelet/container-log.ts";
import { type LogOptions, sendLog } from "../../../../dev/cluster/kubelet/log-reader.ts";

const plain: LogOptions = {
  isFollowing: false,
  hasTimestamps: false,
  since: "",
  tailLines: undefined,
  limitBytes: undefined,
};
let folder = "";
let second = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "watchbell-log-"));
  second = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A clock that moves one second a line. */
function clock(): string {
  return `2026-11-24T00:00:${String(second++).padStart(2, "0")}.000000001Z`;
}

function written(...chunks: (string | Buffer)[]): ContainerLog {
  const log = new ContainerLog(join(folder, "0.log"), clock);
  for (const chunk of chunks) log.add(Buffer.from(chunk));
  log.close();
  return log;
}

async function read(log: ContainerLog, options: Partial<LogOptions> = {}): Promise<Buffer> {
  const to = new PassThrough();
  const all = buffer(to);
  await sendLog(log.path, log, { ...plain, ...options }, to, new AbortController().signal);
  to.end();
  return await all;
}

describe("a log", () => {
  test("is given back byte for byte, whatever the chunks and the bytes", async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc3, 0x28, 0x0a]);
    const log = written("one\ntw", "o\n", "\n", bytes, "last, no newline");
    expect(await read(log)).toEqual(
      Buffer.concat([Buffer.from("one\ntwo\n\n"), bytes, Buffer.from("last, no newline")]),
    );
  });

  test("keeps lines of 50,000 bytes whole, under one time", async () => {
    const line = "x".repeat(50_000);
    const log = written(line.slice(0, 30_000), `${line.slice(30_000)}\nnext\n`);
    expect((await read(log)).toString()).toBe(`${line}\nnext\n`);
    const stamped = (await read(log, { hasTimestamps: true })).toString().split("\n");
    expect(stamped.map((one) => one.length)).toEqual([50_031, 35, 0]);
  });

  test("lies on disk in the CRI format", () => {
    const log = written("a\nb");
    expect(readFileSync(log.path, "utf8")).toBe(
      "2026-11-24T00:00:00.000000001Z stdout F a\n2026-11-24T00:00:01.000000001Z stdout P b\n",
    );
  });
});

describe("a reader", () => {
  test("gets the last lines, an unfinished one among them", async () => {
    const log = written("1\n2\n3\n4");
    expect((await read(log, { tailLines: 2 })).toString()).toBe("3\n4");
    expect((await read(log, { tailLines: 9 })).toString()).toBe("1\n2\n3\n4");
    expect((await read(log, { tailLines: 0 })).toString()).toBe("");
  });

  test("gets what was written in or after a second", async () => {
    const log = written("0\n1\n2\n");
    expect((await read(log, { since: "2026-11-24T00:00:01Z" })).toString()).toBe("1\n2\n");
  });

  test("gets no more bytes than it asked for", async () => {
    expect((await read(written("12345\n67890\n"), { limitBytes: 8 })).toString()).toBe("12345\n67");
  });

  test("that follows gets what comes, and the end", async () => {
    const log = new ContainerLog(join(folder, "1.log"), clock);
    const to = new PassThrough();
    const pieces: string[] = [];
    to.on("data", (piece: Buffer) => pieces.push(piece.toString()));
    const sent = sendLog(log.path, log, { ...plain, isFollowing: true }, to, new AbortController().signal);
    log.add(Buffer.from("first\n"));
    await vi.waitFor(() => expect(pieces).toEqual(["first\n"]));
    log.add(Buffer.from("rest"));
    log.close();
    await sent;
    await vi.waitFor(() => expect(pieces).toEqual(["first\n", "rest"]));
  });

  test("that leaves ends the reading", async () => {
    const log = new ContainerLog(join(folder, "2.log"), clock);
    const gone = new AbortController();
    const sent = sendLog(log.path, log, { ...plain, isFollowing: true }, new PassThrough(), gone.signal);
    gone.abort();
    await sent;
    log.close();
  });
});

test("the clock of a log never gives the same time twice, and never an earlier one", () => {
  const times = nanoClock(
    () => 1_700_000_000_000,
    () => 5n,
  );
  const first = times();
  expect(first).toBe("2023-11-14T22:13:20.000000000Z");
  expect(times() > first).toBe(true);
});
