import { describe, expect, it } from "vitest";
import { type LinePlace, lineMark } from "../../../protocol/follow-position.ts";
import { LiveLog } from "../../../relay/kubernetes/live-log.ts";
import { LogPieces, restOfPieces } from "../../../relay/kubernetes/log-pieces.ts";
import { LogReading } from "../../../relay/kubernetes/log-reading.ts";
import type { LogEntry } from "../../../worker/jobs/lifecycle-state.ts";
import { storedLines } from "../../../worker/objects/job-object-stored-lines.ts";

const KEY = { podName: "pod1", podUid: "uid1", container: "main", restart: 0 };
const CUT = /\[watchbell: \d+ bytes cut\]$/;

/** Pseudo-random numbers in [0, 1) of a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function makeLog(limitBytes: number) {
  const reading = new LogReading({ limitBytes, startedAt: null, witness: () => null });
  return { reading, live: new LiveLog(KEY, reading, 0) };
}

/** A reader of one log: its place, and all that it was given. */
class Reader {
  place: LinePlace | null = null;
  readonly given: { line: number; text: string }[] = [];

  take(lines: Iterable<{ line: number; text: string } | null>): void {
    for (const line of lines) {
      if (line === null) continue;
      this.place = { line: line.line, mark: lineMark(line.text) };
      this.given.push({ line: line.line, text: line.text });
    }
  }
}

/** What the control plane keeps of a log that has ended: its entry, and its chunks, cut anywhere. */
function storedLog(reading: LogReading, chunkBytes: number) {
  const pieces = new LogPieces();
  const kept = reading.cutter.finish();
  const body = Buffer.from([...restOfPieces(kept, pieces, 0)].join(""));
  const entry: LogEntry = {
    ...{ ...KEY, id: 1, severalContainers: false, createdAt: 0, state: "done", awaited: false, nextSeq: 1 },
    ...{ firstBytes: 0, firstSum: 0, bytes: body.length, chunks: Math.ceil(body.length / chunkBytes), tailBytes: 0 },
    problem: "",
    ...(kept.cutBytes > 0 && { cut: { ...pieces.interruption, bytes: kept.cutBytes, lines: kept.cutLines } }),
  };
  const read = (_: number, chunk: number) => body.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes);
  return { entry, read };
}

/** Lines of any length and of any bytes, numbered so that one that is lost or comes twice is seen. */
function randomOutput(random: () => number): Buffer[] {
  const count = Math.floor(random() * 200);
  const lines = Array.from({ length: count }, (_, at) => {
    const noise = Buffer.from(
      Array.from({ length: Math.floor(random() ** 4 * 400) }, () => Math.floor(random() * 256)),
    );
    return Buffer.concat([Buffer.from(`${at + 1} ä€😀`), Buffer.from(noise.filter((byte) => byte !== 10))]);
  });
  const newline = Buffer.from("\n");
  return lines.flatMap((line, at) => (at === count - 1 && random() < 0.5 ? [line] : [line, newline]));
}

describe("a log that is read live and then from what is stored", () => {
  it.each(Array.from({ length: 300 }, (_, seed) => seed))("loses no line and gives none twice, seed %i", (seed) => {
    const random = randomOf(seed);
    const output = Buffer.concat(randomOutput(random));
    const all = output.toString("utf8").split("\n");
    if (all.at(-1) === "") all.pop();
    const limitBytes = random() < 0.5 ? 1_000_000 : 500 + Math.floor(random() * 4_000);
    const { reading, live } = makeLog(limitBytes);
    const reader = new Reader();
    const looksLive = random();

    for (let at = 0; at < output.length; ) {
      const size = 1 + Math.floor(random() * 600);
      reading.cutter.push(output.subarray(at, at + size));
      at += size;
      if (random() < looksLive) reader.take(live.take(reader.place, 1 + Math.floor(random() * 500), 0));
      // Another relay process begins to read, or an answer got lost: the place is looked for anew.
      if (random() < 0.1) new LiveLog(KEY, reading, 0).take(reader.place, 1_000, 0);
    }
    if (random() < 0.5) {
      reading.outcome = { problem: null };
      reader.take(live.take(reader.place, 1_000_000, 0));
    }
    const stored = storedLog(reading, 1 + Math.floor(random() * 500));
    reader.take(storedLines(stored.entry, stored.read, reader.place));

    const { given } = reader;
    expect(given.every(({ line }, at) => at === 0 || line > (given[at - 1]?.line ?? 0))).toBe(true);
    const whole = given.filter(({ text }) => !text.includes("[watchbell: "));
    for (const { line, text } of whole) if (text !== all[line - 1]) expect(all[line - 1]?.endsWith(text)).toBe(true);
    if (limitBytes === 1_000_000) expect(given.map(({ text }) => text)).toEqual(all);
    // What is missing has a marker in its place.
    for (const [at, { line, text }] of given.entries()) {
      if (line !== (given[at - 1]?.line ?? 0) + 1) expect(text).toMatch(CUT);
    }
    expect(given.at(-1)?.line ?? 0).toBe(all.length);
  });
});

describe("a place that a reading does not have", () => {
  const places: [string, LinePlace][] = [
    ["another line of that number", { line: 2, mark: lineMark("other") }],
    ["more lines than there are", { line: 9, mark: lineMark("9") }],
  ];

  it.each(places)("%s: the log is given from its beginning, once it can't be that it lags", (_what, place) => {
    const { reading, live } = makeLog(1_000);
    reading.cutter.push(Buffer.from("1\n2\n3\n"));
    const texts = (nowMs: number) => live.take(place, 1_000, nowMs).map(({ text }) => text);

    const early = texts(0);
    const late = texts(2_000);

    expect(early).toEqual(place.line === 2 ? ["1", "2", "3"] : []);
    expect(late).toEqual(["1", "2", "3"]);
  });
});
