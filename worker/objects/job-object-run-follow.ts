import {
  type FollowPosition,
  idOf,
  lineMark,
  logMark,
  positionAfter,
  positionAtStart,
} from "../../protocol/follow-position.ts";
import type { Lines, LogKey } from "../../protocol/up.ts";
import type { Run } from "../jobs/lifecycle-run.ts";
import { type FinalRun, isOver } from "../jobs/lifecycle-runs.ts";
import type { Job } from "../jobs/lifecycle-state.ts";
import type { Commits } from "./job-object-commits.ts";
import type { LiveLines } from "./job-object-live-lines.ts";
import type { ReadChunk } from "./job-object-log-parts.ts";
import { storedLines } from "./job-object-stored-lines.ts";

/** A relay is asked about a run from so long before its time on: a short one is over soon after it began. */
const ASK_BEFORE_MS = 5_000;
/** And for so long after its end: lines that no row will have may still be with it. */
const ASK_AFTER_MS = 30_000;
/** After a question that could not be put, or an answer that brought nothing. */
const AGAIN_MS = 1_000;
/** A wait that only a commit, or a time far away, should end. */
const LONG_MS = 60_000;
/** Events of about so many UTF-16 units leave together. */
const TEXT_UNITS = 64 * 1024;

/** What a follow needs of its job. */
export type FollowedJob = {
  lines: LiveLines;
  commits: Commits;
  state(): Job | null;
  run(number: number): Run | undefined;
  newestRun(): number | null;
  readChunk: ReadChunk;
};

/** One reader of one run: waits for it, asks its relay while it runs, then gives what is stored, and ends. */
export class RunFollow {
  readonly #job: FollowedJob;
  readonly #signal: AbortSignal;
  #position: FollowPosition | null;
  /** The cluster whose relay was asked last; null: none was. */
  cluster: string | null = null;

  /** `position` null: the newest run, from its beginning, as soon as there is one. */
  constructor(job: FollowedJob, position: FollowPosition | null, signal: AbortSignal) {
    this.#job = job;
    this.#position = position;
    this.#signal = signal;
  }

  /** The run that is followed; null: there is none yet. */
  get run(): number | null {
    return this.#position?.run ?? null;
  }

  /** The events as text, several in one. */
  async *events(): AsyncGenerator<string> {
    // Something at once, so that whoever waits for the answer has it.
    yield "retry: 1000\n\n";
    while (this.#position === null && this.#job.state() !== null && !this.#signal.aborted) {
      const newest = this.#job.newestRun();
      if (newest !== null) this.#position = positionAtStart(newest);
      else await this.#job.commits.next(AGAIN_MS, this.#signal);
    }
    if (this.#position !== null) yield* this.#whileItRuns(this.#position.run);
    if (this.#signal.aborted) return;
    const run = this.#ownRun();
    if (run !== undefined) yield* this.#stored(run);
    const status = run === undefined ? "deleted" : run.state;
    yield `event: end\ndata: ${JSON.stringify({ status })}\n\n`;
  }

  /** What the relay says, until the run is over and nothing more can come from there. */
  async *#whileItRuns(number: number): AsyncGenerator<string> {
    while (!this.#signal.aborted) {
      const job = this.#job.state();
      const run = this.#job.run(number);
      if (job === null || run === undefined) return;
      const over = isOver(run);
      const waitMs = msUntilAsked(run, Date.now());
      if (run.cluster === null || waitMs > 0) {
        if (over) return;
        await this.#job.commits.next(Math.min(waitMs, LONG_MS), this.#signal);
        continue;
      }
      this.cluster = run.cluster;
      const position = this.#position ?? positionAtStart(number);
      const answer = await this.#unlessLeft(this.#job.lines.after(job.jobId, run.cluster, position, over));
      if (answer !== null) yield* this.#live(answer);
      if (answer !== null && !answer.done) continue;
      if (over) return;
      await this.#job.commits.next(AGAIN_MS, this.#signal);
    }
  }

  *#live({ logs }: Lines): Generator<string> {
    const events = logs.flatMap(({ log, lines }) => lines.map(([line, text]) => this.#event(log, line, text)));
    if (events.length > 0) yield events.join("");
  }

  async *#stored(run: Run): AsyncGenerator<string> {
    let text = "";
    for (const entry of run.logs.toSorted((a, b) => a.id - b.id)) {
      const after = this.#position?.logs.get(logMark(entry)) ?? null;
      for (const step of storedLines(entry, this.#job.readChunk, after)) {
        if (step !== null) text += this.#event(entry, step.line, step.text);
        // A step that brought nothing yet may have been a long one: others of the object come between.
        else if (text === "") await anotherTurn();
        if (text.length < TEXT_UNITS) continue;
        yield text;
        text = "";
      }
    }
    if (text !== "") yield text;
  }

  #event(log: LogKey, line: number, text: string): string {
    const place = { line, mark: lineMark(text) };
    this.#position = positionAfter(this.#position ?? positionAtStart(1), logMark(log), place);
    const data = JSON.stringify({ pod_name: log.podName, container: log.container, text });
    return `id: ${idOf(this.#position)}\nevent: line\ndata: ${data}\n\n`;
  }

  #ownRun(): FinalRun | undefined {
    const run = this.#position === null ? undefined : this.#job.run(this.#position.run);
    return run !== undefined && isOver(run) ? run : undefined;
  }

  /** The answer, or none once the reader has left. */
  async #unlessLeft(answer: Promise<Lines | null>): Promise<Lines | null> {
    const { promise, resolve } = Promise.withResolvers<null>();
    const leave = () => resolve(null);
    this.#signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([answer, promise]);
    } finally {
      this.#signal.removeEventListener("abort", leave);
    }
  }
}

/** How long until the relay is asked about a run; infinite: not any more. */
function msUntilAsked(run: Run, now: number): number {
  if (isOver(run)) return now - run.end.finishedAt < ASK_AFTER_MS ? 0 : Number.POSITIVE_INFINITY;
  return run.state === "due" ? run.dueAt - ASK_BEFORE_MS - now : 0;
}

function anotherTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  return promise;
}
