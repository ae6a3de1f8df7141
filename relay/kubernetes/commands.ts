import type { Check, Create, Remove } from "../../protocol/down.ts";
import { runKeyText } from "../facts.ts";
import { type CreateContext, type CreateResult, createRun, type Received } from "./create-run.ts";
import { checkRun, removeRun } from "./remove-run.ts";

/**
 * How many creates one relay takes in at once; `hello` says it, and the control plane paces itself by it. It spans a round
 * trip of facts (100 ms and the network) at the pace of a fast API server.
 */
export const CREATE_WINDOW = 256;
/** How many POSTs are under way at once: an API server gets no faster with more. */
export const MAX_ATTEMPTS = 32;

type Command = Create | Remove | Check;
type Queued = { create: Create; received: Received; cancel: AbortController; done: () => void };

/** What the rest of the process wants to know of commands. */
export type CommandEvents = { onCreateEnd(result: CreateResult, tookMs: number): void };

/**
 * Works commands off: those on one run in their order, creates at most {@link CREATE_WINDOW} at once in the order in which
 * they came. A remove ends the create that it waits for at its next attempt.
 */
export class Commands {
  readonly #context: CreateContext;
  readonly #events: CommandEvents;
  /** The last command of each run that is not worked off yet. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #creates = new Map<string, AbortController>();
  readonly #removes = new Map<string, number>();
  readonly #checks = new Map<string, AbortController>();
  readonly #queue: Queued[] = [];
  readonly #stop = new AbortController();
  #active = 0;

  constructor(context: CreateContext, events: CommandEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** Half of the window is taken: what nobody knows the end of makes room for what can be created. */
  get isCrowded(): boolean {
    return this.#active > CREATE_WINDOW / 2;
  }

  /** Takes a command in. One that is already being worked on changes nothing: the control plane repeats what it is unsure of. */
  take(command: Command): void {
    const key = runKeyText(command);
    if (this.#stop.signal.aborted) {
      // What this process will not do must not wait until the control plane counts it as lost.
      if (command.type === "create" && !this.#creates.has(key)) this.#sayDropped(command);
      return;
    }
    switch (command.type) {
      case "create":
        this.#takeCreate(key, command);
        return;
      case "remove":
        if (this.#removes.get(key) === command.n) return;
        this.#removes.set(key, command.n);
        this.#creates.get(key)?.abort();
        this.#checks.get(key)?.abort();
        this.#dropQueued((queued) => runKeyText(queued.create) === key);
        this.#chain(key, async () => {
          await removeRun(this.#context, command, this.#stop.signal);
          if (this.#removes.get(key) === command.n) this.#removes.delete(key);
        });
        return;
      case "check":
        this.#takeCheck(key, command);
        return;
      default:
        command satisfies never;
    }
  }

  /** This process may create nothing more for now: what has not begun is handed back. */
  standBy(): void {
    this.#dropQueued(() => true);
  }

  /** Takes nothing more, hands back what has not begun, and waits at most `waitMs` for what has. */
  async stop(waitMs: number): Promise<void> {
    this.#stop.abort();
    this.#dropQueued(() => true);
    await Promise.race([Promise.all(this.#tails.values()), this.#context.clock.sleep(waitMs)]);
  }

  #takeCreate(key: string, create: Create): void {
    if (this.#creates.has(key)) return;
    const { clock, right, underWay } = this.#context;
    const cancel = new AbortController();
    const received = { atMs: clock.monotonicMs(), term: right.term() };
    this.#creates.set(key, cancel);
    underWay.creating.add(key);
    underWay.removing.delete(key);
    this.#chain(key, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#queue.push({ create, received, cancel, done: resolve });
      this.#pump();
      return promise;
    });
  }

  /** A namespace that can't be read may leave a check open for long; a remove must not wait for it. */
  #takeCheck(key: string, check: Check): void {
    if (this.#checks.has(key)) return;
    const cancel = new AbortController();
    this.#checks.set(key, cancel);
    this.#chain(key, async () => {
      await checkRun(this.#context, check, AbortSignal.any([cancel.signal, this.#stop.signal]));
      this.#checks.delete(key);
    });
  }

  #pump(): void {
    while (this.#active < CREATE_WINDOW) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#active++;
      void this.#work(next).finally(() => {
        this.#active--;
        this.#pump();
      });
    }
  }

  async #work({ create, received, cancel, done }: Queued): Promise<void> {
    const signals = { cancel: cancel.signal, stop: this.#stop.signal };
    try {
      const result = await createRun(this.#context, create, received, signals);
      this.#createEnded(create, result, received.atMs);
    } finally {
      this.#forgetCreate(create);
      done();
    }
  }

  /** Hands back creates that have not begun; one that a remove took over is confirmed by that. */
  #dropQueued(which: (queued: Queued) => boolean): void {
    const dropped = this.#queue.filter(which);
    for (const queued of dropped) {
      const { create, cancel, received, done } = queued;
      this.#queue.splice(this.#queue.indexOf(queued), 1);
      if (!cancel.signal.aborted) this.#sayDropped(create);
      this.#createEnded(create, cancel.signal.aborted ? "cancelled" : "dropped", received.atMs);
      this.#forgetCreate(create);
      done();
    }
  }

  #sayDropped({ jobId, run }: Create): void {
    void this.#context.report({ type: "dropped", jobId, run }, this.#context.clock.monotonicMs());
  }

  #createEnded(create: Create, result: CreateResult, receivedMs: number): void {
    this.#events.onCreateEnd(result, this.#context.clock.monotonicMs() - receivedMs);
    this.#context.log("debug", "create ended", { run: runKeyText(create), result });
  }

  /** The watch may speak of the run again. */
  #forgetCreate(create: Create): void {
    const key = runKeyText(create);
    this.#creates.delete(key);
    this.#context.underWay.creating.delete(key);
    for (const run of this.#context.store.ofRun(create)) this.#context.reconciler.reconcile(run);
  }

  #chain(key: string, work: () => Promise<void>): void {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const tail = before.then(work).catch((error: unknown) => {
      // A fault of ours in one command must not stop the others; it shows in the log with its cause.
      this.#context.log("error", "a command failed unexpectedly", { run: key, error: String(error) });
    });
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
  }
}
