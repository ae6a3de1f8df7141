import {
  type FollowPosition,
  idOf,
  lineMark,
  logMark,
  positionAfter,
  positionAtStart,
} from "../../../protocol/follow-position.ts";
import type { Lines } from "../../../protocol/up.ts";
import type { FakeGateway } from "./fake-gateway.ts";
import { waitUntil } from "./wait-until.ts";

let asks = 0;

/** Somebody who looks at run 1 of a job, as its object asks for them. */
export class LiveReader {
  readonly texts: string[] = [];
  readonly lines: { podName: string; container: string; line: number; text: string }[] = [];
  position: FollowPosition;
  readonly #gateway: FakeGateway;
  readonly #jobId: string;

  constructor(gateway: FakeGateway, jobId: string, position: FollowPosition = positionAtStart(1)) {
    this.#gateway = gateway;
    this.#jobId = jobId;
    this.position = position;
  }

  /** Asks once and waits for the answer. */
  async ask(options: { ended?: boolean; waitMs?: number } = {}): Promise<Lines> {
    asks += 1;
    const ask = asks;
    const { ended = false, waitMs = 5_000 } = options;
    this.#gateway.send({ type: "follow", jobId: this.#jobId, run: 1, ask, after: idOf(this.position), ended, waitMs });
    const answer = await waitUntil(
      () => this.#gateway.items.find((item): item is Lines => item.type === "lines" && item.ask === ask),
      () => `no answer to the ask after ${JSON.stringify(this.texts.slice(-5))}`,
      waitMs + 10_000,
    );
    for (const { log, lines } of answer.logs) {
      for (const [line, text] of lines) {
        this.position = positionAfter(this.position, logMark(log), { line, mark: lineMark(text) });
        this.texts.push(text);
        this.lines.push({ podName: log.podName, container: log.container, line, text });
      }
    }
    return answer;
  }

  /** Asks until that line came. */
  async until(text: string): Promise<void> {
    while (!this.texts.includes(text)) await this.ask();
  }

  /** Asks until nothing more will come. */
  async toTheEnd(): Promise<string[]> {
    while (!(await this.ask({ ended: true })).done);
    return this.texts;
  }
}
