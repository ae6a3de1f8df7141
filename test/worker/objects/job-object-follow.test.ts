import { expect, it, vi } from "vitest";
import type { Follow } from "../../../protocol/down.ts";
import { idOf, lineMark, logMark, positionAfter, positionAtStart } from "../../../protocol/follow-position.ts";
import type { LogKey } from "../../../protocol/up.ts";
import type { FollowQuery } from "../../../worker/jobs/calls.ts";
import { MAX_READERS } from "../../../worker/objects/job-object-follows.ts";
import { ENDED_WITH_LOG, FACTS } from "../jobs/lifecycle-samples.ts";
import { fresh, inputOf, jobObject, stored, Teller } from "./job-object-support.ts";

const MAIN = FACTS.log.log;
const SIDE: LogKey = { ...MAIN, container: "side" };

/** Somebody who follows a job, with the events as they came. */
class Reader {
  text = "";
  isOver = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    void this.#read();
  }

  static async open(jobId: string, query: Partial<FollowQuery> = {}): Promise<Reader> {
    const answer = await jobObject(jobId).calls.follow({ lastEventId: "", ...query });
    if (answer.answer !== "events") throw new Error(answer.answer);
    return new Reader(answer.events);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read().catch(() => ({ done: true, value: undefined }));
      this.isOver = done;
      if (done) return;
      this.text += decoder.decode(value, { stream: true });
    }
  }

  get lines(): { id: string; container: string; text: string }[] {
    return [...this.text.matchAll(/id: ([^\n]*)\nevent: line\ndata: ([^\n]*)\n\n/g)].map(([, id = "", data = ""]) => {
      const { container, text } = Object(JSON.parse(data));
      return { id, container, text };
    });
  }

  get texts(): string[] {
    return this.lines.map(({ text }) => text);
  }

  get end(): string | undefined {
    return /event: end\ndata: (.*)\n\n$/.exec(this.text)?.[1];
  }

  async until(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.lines.length).toBeGreaterThanOrEqual(count), { timeout: 8_000, interval: 5 });
  }

  async untilEnd(): Promise<string[]> {
    await vi.waitFor(() => expect(this.isOver).toBe(true), { timeout: 12_000, interval: 5 });
    return this.texts;
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** The relay's end of follows: answers each question once. */
class Answerer {
  readonly teller: Teller;
  #answered = 0;

  constructor(teller: Teller) {
    this.teller = teller;
  }

  get asks(): Follow[] {
    return this.teller.relay.all("follow");
  }

  /** The next question that was not answered yet. */
  async next(): Promise<Follow> {
    const asks = await this.teller.relay.until("follow", this.#answered + 1);
    const ask = asks[this.#answered];
    if (!ask) throw new Error("no question");
    this.#answered += 1;
    return ask;
  }

  answer({ jobId, run, ask }: Follow, lines: [number, string][], done = false, log: LogKey = MAIN): void {
    const logs = lines.length > 0 ? [{ log, lines }] : [];
    this.teller.relay.send({ type: "lines", jobId, run, ask, logs, done });
  }

  async say(...lines: [number, string][]): Promise<Follow> {
    const ask = await this.next();
    this.answer(ask, lines);
    return ask;
  }
}

async function runningJob(): Promise<{ jobId: string; teller: Teller; relay: Answerer }> {
  const teller = await Teller.join(fresh("follow"));
  const jobId = fresh("followed");
  await teller.running(jobId);
  return { jobId, teller, relay: new Answerer(teller) };
}

/** The id of the event that gave line `line` of one log, as the first of so many. */
function idAfter(lines: [number, string][], run = 1, log: LogKey = MAIN): string {
  const start = positionAtStart(run);
  return idOf(
    lines.reduce((at, [line, text]) => positionAfter(at, logMark(log), { line, mark: lineMark(text) }), start),
  );
}

it("gives what the relay says while the run runs, asks on from there, and ends with the rest that is stored", async () => {
  const { jobId, teller, relay } = await runningJob();
  const reader = await Reader.open(jobId);

  const first = await relay.say([1, "one"], [2, 'tw"o ä€😀\u2028']);
  await reader.until(2);
  expect(first).toMatchObject({ jobId, run: 1, after: idOf(positionAtStart(1)), ended: false });
  const second = await relay.next();
  expect(second.after).toBe(reader.lines[1]?.id);
  await teller.told(jobId, ENDED_WITH_LOG, { ...FACTS.log, text: 'one\ntw"o ä€😀\u2028\nthree\nfour' });
  relay.answer(second, [], true);
  const last = await relay.next();
  expect(last.ended).toBe(true);
  relay.answer(last, [[3, "three"]]);
  relay.answer(await relay.next(), [], true);

  expect(await reader.untilEnd()).toEqual(["one", 'tw"o ä€😀\u2028', "three", "four"]);
  expect(reader.end).toBe('{"status":"succeeded"}');
  expect((await stored(jobId)).keys).toEqual(["job", "log:1:000000"]);
});

it("asks once for all who stand at the same place, and tells the relay when the last of them has left", {
  timeout: 30_000,
}, async () => {
  const { jobId, relay } = await runningJob();
  const readers = await Promise.all([Reader.open(jobId), Reader.open(jobId), Reader.open(jobId)]);
  await relay.say([1, "one"]);
  for (const reader of readers) await reader.until(1);
  const ask = await relay.next();
  expect(relay.asks).toHaveLength(2);

  relay.answer(ask, [[2, "two"]]);
  for (const reader of readers) await reader.until(2);
  for (const reader of readers) await reader.leave();

  await vi.waitFor(() => expect(relay.teller.relay.all("unfollow")).not.toEqual([]), { timeout: 20_000 });
  expect(relay.teller.relay.all("unfollow")).toEqual([{ type: "unfollow", jobId, run: 1 }]);
});

it("goes on in what is stored behind the line that came live, over containers, and has the same ids", async () => {
  const { jobId, teller, relay } = await runningJob();
  const live = await Reader.open(jobId);
  relay.answer(await relay.next(), [[1, "main 1"]]);
  relay.answer(await relay.next(), [[1, "side 1"]], false, SIDE);
  relay.answer(await relay.next(), [
    [2, "main 2"],
    [3, "main 3"],
  ]);
  await live.until(4);
  await live.leave();
  await teller.told(
    jobId,
    { ...FACTS.ended, logs: [MAIN, SIDE] },
    { ...FACTS.log, text: "main 1\nmain 2\nmain 3\n", severalContainers: true },
    { ...FACTS.log, log: SIDE, text: "side 1\nside 2\n", severalContainers: true },
  );
  // The relay has gone meanwhile.
  teller.relay.ws.close(1001, "gone");

  const ids = live.lines.map(({ id }) => id);
  const rest: string[][] = [];
  for (const id of ids) {
    const resumed = await Reader.open(jobId, { lastEventId: id });
    rest.push(await resumed.untilEnd());
    expect(resumed.end).toBe('{"status":"succeeded"}');
  }
  expect(rest).toEqual([
    ["main 2", "main 3", "side 1", "side 2"],
    ["main 2", "main 3", "side 2"],
    ["main 3", "side 2"],
    ["side 2"],
  ]);
  const whole = await Reader.open(jobId, { lastEventId: "unknown" });
  expect(await whole.untilEnd()).toEqual(["main 1", "main 2", "main 3", "side 1", "side 2"]);
  expect(
    idAfter([
      [1, "main 1"],
      [2, "main 2"],
      [3, "main 3"],
    ]),
  ).toBe(whole.lines[2]?.id);
});

it("gives a cut log's marker once, and goes on behind it wherever the reader was", async () => {
  const { jobId, teller } = await runningJob();
  const text = "line 1\nline 2\n[watchbell: 70 bytes cut]\nline 13\nline 14\n";
  const cut = { at: 14, markerBytes: 26, bytes: 70, lines: 10 };
  await teller.told(jobId, ENDED_WITH_LOG, { ...FACTS.log, text, cut });
  teller.relay.ws.close(1001, "gone");
  const after = async (line: number, said: string) => {
    const reader = await Reader.open(jobId, { lastEventId: idAfter([[line, said]]) });
    return await reader.untilEnd();
  };

  const marker = "[watchbell: 70 bytes cut]";
  expect(await after(2, "line 2")).toEqual([marker, "line 13", "line 14"]);
  expect(await after(7, "line 7")).toEqual([marker, "line 13", "line 14"]);
  expect(await after(13, "line 13")).toEqual(["line 14"]);
  expect(await after(12, marker)).toEqual(["line 13", "line 14"]);
  // Another reading of the log had another line there: it is given whole.
  expect(await after(14, "line 15")).toEqual(["line 1", "line 2", marker, "line 13", "line 14"]);
  expect(await after(20, "line 20")).toEqual(["line 1", "line 2", marker, "line 13", "line 14"]);
});

it("waits for a run that is not due, and asks its relay before it is", async () => {
  const teller = await Teller.join(fresh("follow"));
  const jobId = fresh("followed");
  const input = inputOf(jobId, { cluster: teller.cluster }, { execAt: Date.now() + 5_600 });
  await jobObject(jobId).calls.create(input);
  const reader = await Reader.open(jobId);
  expect(teller.relay.all("follow")).toEqual([]);

  const relay = new Answerer(teller);
  const ask = await relay.next();
  expect(teller.relay.all("create")).toEqual([]);
  relay.answer(ask, [[1, "early"]]);

  await reader.until(1);
  await reader.leave();
});

it("asks again where a relay is not there, and takes no answer from another cluster or to another question", async () => {
  const { jobId, teller, relay } = await runningJob();
  const other = await Teller.join(fresh("follow"));
  teller.relay.ws.close(1001, "gone");
  await vi.waitFor(async () => expect((await jobObject(jobId).calls.describe())?.status).toBe("running"));
  const reader = await Reader.open(jobId);
  const back = await Teller.join(teller.cluster);
  const ask = await new Answerer(back).next();
  other.relay.send({
    type: "lines",
    jobId,
    run: 1,
    ask: ask.ask,
    logs: [{ log: MAIN, lines: [[1, "wrong"]] }],
    done: false,
  });
  back.relay.send({
    type: "lines",
    jobId,
    run: 1,
    ask: ask.ask - 1,
    logs: [{ log: MAIN, lines: [[1, "old"]] }],
    done: false,
  });
  new Answerer(back).answer(ask, [[1, "right"]]);

  await reader.until(1);

  expect(reader.texts).toEqual(["right"]);
  expect(relay.asks).toEqual([]);
  await reader.leave();
});

it("refuses what there is not, and whoever is one too many until others have left", { timeout: 30_000 }, async () => {
  const { jobId } = await runningJob();
  const { calls } = jobObject(jobId);
  expect(await jobObject(fresh("nobody")).calls.follow({ lastEventId: "" })).toEqual({ answer: "unknown" });
  expect(await calls.follow({ lastEventId: "", run: 2 })).toEqual({ answer: "unknown_run" });
  const readers = await Promise.all(Array.from({ length: MAX_READERS }, () => Reader.open(jobId)));

  expect(await calls.follow({ lastEventId: "" })).toEqual({ answer: "too_many" });

  for (const reader of readers) await reader.leave();
  await vi.waitFor(async () => (await Reader.open(jobId)).leave(), { timeout: 20_000, interval: 200 });
});
