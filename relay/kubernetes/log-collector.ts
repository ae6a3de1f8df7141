import type { LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { FactAnswer, Report } from "../facts.ts";
import { Semaphore } from "../semaphore.ts";
import type { KubernetesCalls } from "./calls.ts";
import type { Follows } from "./follows.ts";
import { logPieces } from "./log-pieces.ts";
import { type LogResult, readEndedLog } from "./log-read.ts";
import { logLimitBytes } from "./numbers.ts";
import type { PodRecord } from "./pods.ts";
import type { TrackedRun } from "./run-store.ts";

const MAX_READS = 16;
/** Logs are held whole until they are sent, since only the end tells what the tail is. */
const MAX_HELD_BYTES = 192 * 1024 * 1024;
/** Pieces of one log on their way at once. */
const MAX_PIECES_IN_FLIGHT = 4;

/** Reads logs of ended runs, a bounded number at a time, and sends them in pieces. */
export class LogCollector {
  readonly #calls: KubernetesCalls;
  readonly #clock: Clock;
  readonly #follows: Follows;
  readonly #report: Report;
  readonly #signal: AbortSignal;
  readonly #onBytes: (bytes: number) => void;
  readonly #reads = new Semaphore(MAX_READS);
  readonly #memory = new Semaphore(MAX_HELD_BYTES);

  constructor(options: {
    calls: KubernetesCalls;
    clock: Clock;
    follows: Follows;
    report: Report;
    signal: AbortSignal;
    onBytes: (bytes: number) => void;
  }) {
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#follows = options.follows;
    this.#report = options.report;
    this.#signal = options.signal;
    this.#onBytes = options.onBytes;
  }

  /** Brings one log up. `refused`: the control plane did not take it, try again later; all else is done with. */
  collect(run: TrackedRun, key: LogKey, pod: PodRecord | undefined, giveUpMs: number): Promise<FactAnswer> {
    return this.#reads.run(1, () =>
      this.#memory.run(logLimitBytes(run.job), async () => {
        const result = await this.#read(run, key, pod, giveUpMs);
        return await this.#send(run, key, result, pod?.severalContainers ?? false);
      }),
    );
  }

  async #read(run: TrackedRun, key: LogKey, pod: PodRecord | undefined, giveUpMs: number): Promise<LogResult> {
    const followed = await this.#follows.take(key);
    if (followed?.whole) return followed;
    const newest = pod?.containers.find((container) => container.name === key.container)?.restart ?? key.restart;
    const read = await readEndedLog({
      calls: this.#calls,
      clock: this.#clock,
      request: {
        namespace: run.namespace,
        podName: key.podName,
        container: key.container,
        previous: key.restart < newest,
        follow: false,
      },
      limitBytes: logLimitBytes(run.job),
      giveUpMs,
      signal: this.#signal,
    });
    return read.problem !== null && followed ? { log: followed.log, problem: read.problem } : read;
  }

  async #send(run: TrackedRun, log: LogKey, result: LogResult, severalContainers: boolean): Promise<FactAnswer> {
    const inFlight: Promise<FactAnswer>[] = [];
    const pieces = logPieces(result.log);
    let piece = pieces.next();
    for (let seq = 0; !piece.done; seq++) {
      const text = piece.value;
      piece = pieces.next();
      const last = piece.done === true;
      this.#onBytes(Buffer.byteLength(text));
      const problem = last && result.problem !== null ? { problem: result.problem } : {};
      const fact = { type: "log" as const, ...run.key, log, seq, text, last, severalContainers, ...problem };
      inFlight.push(this.#report(fact, this.#clock.monotonicMs()));
      if (inFlight.length < MAX_PIECES_IN_FLIGHT) continue;
      const answer = await inFlight.shift();
      if (answer && answer !== "ok") return answer;
    }
    const answers = await Promise.all(inFlight);
    return answers.find((answer) => answer !== "ok") ?? "ok";
  }
}
