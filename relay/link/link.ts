import { CLOSE } from "../../protocol/close-codes.ts";
import { type BadItem, decodeDown, encodeFrame } from "../../protocol/codec.ts";
import type { Check, Create, DownItem, Follow, Remove, Role, Unfollow, Welcome } from "../../protocol/down.ts";
import type { Hello, Inventory, Lines, UpItem } from "../../protocol/up.ts";
import { LOSS_MS, PING, PONG } from "../../protocol/words.ts";
import { fullJitterMs } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { FactAnswer, FactBody } from "../facts.ts";
import type { Log } from "../log.ts";
import { Flusher } from "./flusher.ts";
import {
  currentTerm,
  isSilent,
  leaseWelcomed,
  mayCreate,
  NO_LEASE,
  pingSent,
  pongReceived,
  roleChanged,
} from "./lease.ts";
import { NudgeTimer } from "./nudge.ts";
import { Outbox } from "./outbox.ts";
import { openSession, type Session, type SessionEnd } from "./session.ts";

const RECONNECT = { minMs: 250, maxMs: 15_000 };
/** An unanswered `hello` is given up after this long. */
const WELCOME_TIMEOUT_MS = 15_000;
/** A link that stood this long was a good one: the next reconnect starts at the shortest pause again. */
const GOOD_LINK_MS = 10_000;

/** What the link hands on. None of these may throw. */
export type LinkEvents = {
  onWelcome(welcome: Welcome): void;
  onRole(role: Role): void;
  onCommand(command: Create | Remove | Check | Follow | Unfollow): void;
  onFactsSent(facts: readonly { type: string }[]): void;
};

/** Everything a link is made of. */
export type LinkOptions = {
  url: string;
  joinToken: string;
  hello: Hello;
  clock: Clock;
  log: Log;
  events: LinkEvents;
};

/**
 * The relay's end of the link: dials, says hello, pings, keeps the lease, carries facts until they are confirmed, and dials
 * again for ever. It ends only when stopped, or when the control plane refuses for good.
 */
export class Link {
  readonly outbox = new Outbox();
  readonly #options: LinkOptions;
  readonly #flusher: Flusher;
  readonly #nudges: NudgeTimer;
  readonly #unknownTypes = new Set<string>();
  #lease = NO_LEASE;
  #session: Session | null = null;
  #welcomedAtMs: number | null = null;
  /** Facts follow the inventory, so that the control plane compares before it hears news. */
  #inventorySent = false;
  #pingTimer: NodeJS.Timeout | undefined;
  readonly #stop = new AbortController();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#flusher = new Flusher(options.clock, () => this.#sendFacts());
    this.#nudges = new NudgeTimer(options.clock, () => this.#nudge());
    this.outbox.onUnsent = () => this.#flusher.poke();
  }

  /** Whether `welcome` came on the present connection. */
  get isUp(): boolean {
    return this.#welcomedAtMs !== null;
  }

  /** The role that the control plane gave last. */
  get role(): Role {
    return this.#lease.role;
  }

  /** Whether this process may start an attempt to create a Job now: active, and a ping answered recently enough. */
  mayCreate(): boolean {
    return mayCreate(this.#lease, this.#options.clock.monotonicMs());
  }

  /** Rises whenever the right to create was lost; a create belongs to the term in which it was received. */
  term(): number {
    return currentTerm(this.#lease, this.#options.clock.monotonicMs());
  }

  /** Hands a fact over for delivery; see {@link Outbox.add}. */
  report(fact: FactBody, happenedAtMs: number): Promise<FactAnswer> {
    return this.outbox.add(fact, happenedAtMs);
  }

  /** Answers somebody who looks at a run, if the link is up: who misses the answer asks again. */
  sayLines(lines: Lines): void {
    if (this.isUp) this.#send([lines]);
  }

  /** Sends the inventory that every `welcome` asks for; the facts follow it. */
  sendInventory(pages: readonly Inventory[]): void {
    if (!this.isUp) return;
    for (const page of pages) this.#send([page]);
    this.#inventorySent = true;
    this.outbox.requeueAll();
    if (this.outbox.hasUnsent) this.#flusher.poke();
  }

  /** Runs until {@link stop} or a refusal for good; answers the refusal's sentence, null when stopped. */
  async run(): Promise<string | null> {
    const { clock, log } = this.#options;
    let attempt = 0;
    while (!this.#stop.signal.aborted) {
      const startedMs = clock.monotonicMs();
      const end = await this.#connection();
      if (end.refusal !== null) return end.refusal;
      if (this.#stop.signal.aborted) return null;
      attempt = clock.monotonicMs() - startedMs > GOOD_LINK_MS ? 0 : attempt;
      const pauseMs = fullJitterMs(attempt++, RECONNECT, clock.random());
      log("warn", "link is down, dialling again", { reason: end.reason, in_ms: Math.round(pauseMs) });
      await clock.sleep(pauseMs, this.#stop.signal);
    }
    return null;
  }

  /** Says what is still to be said, then closes. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const session = this.#session;
    if (!session) return;
    if (this.isUp) {
      this.#flusher.now();
      this.#send([{ type: "leaving" }]);
    }
    session.close(CLOSE.goingAway, "the relay stops");
    await session.ended;
  }

  async #connection(): Promise<SessionEnd> {
    const { clock } = this.#options;
    const session = openSession({
      url: this.#options.url,
      joinToken: this.#options.joinToken,
      onOpen: () => {
        this.#send([this.#options.hello]);
        this.#pingTimer = setTimeout(() => this.#close(CLOSE.silent, "no welcome came"), WELCOME_TIMEOUT_MS);
      },
      onMessage: (text) => this.#receive(text, clock.monotonicMs()),
    });
    this.#session = session;
    const end = await session.ended;
    this.#session = null;
    this.#welcomedAtMs = null;
    this.#inventorySent = false;
    clearTimeout(this.#pingTimer);
    this.#nudges.stop();
    return end;
  }

  #receive(text: string, nowMs: number): void {
    if (text === PONG) {
      this.#lease = pongReceived(this.#lease, nowMs);
      return;
    }
    const decoded = decodeDown(text);
    if (!decoded.ok) {
      this.#options.log("error", "a frame could not be read", { problem: decoded.problem });
      this.#close(CLOSE.badFrame, decoded.problem);
      return;
    }
    for (const bad of decoded.bad) this.#showBad(bad);
    for (const item of decoded.items) this.#take(item, nowMs);
  }

  #take(item: DownItem, nowMs: number): void {
    switch (item.type) {
      case "welcome":
        this.#welcomed(item, nowMs);
        return;
      case "role":
        this.#lease = roleChanged(this.#lease, item.role);
        this.#options.log("info", `this relay is now ${item.role}`);
        this.#options.events.onRole(item.role);
        return;
      case "next_due":
        this.#nudges.told(this.role === "active" ? item.nextDueInMs : null);
        return;
      case "create":
        this.#nudges.stop();
        this.#options.events.onCommand(item);
        return;
      case "remove":
      case "check":
      case "follow":
      case "unfollow":
        this.#options.events.onCommand(item);
        return;
      case "ok":
      case "gone":
        this.outbox.confirm(item.ids, item.type);
        return;
      case "refused":
        this.#factRefused(item.id, item.reason);
        return;
      default:
        item satisfies never;
    }
  }

  #welcomed(welcome: Welcome, nowMs: number): void {
    this.#lease = leaseWelcomed(this.#lease, welcome.role, welcome.leaseMs);
    this.#welcomedAtMs = nowMs;
    clearTimeout(this.#pingTimer);
    this.#ping(welcome.pingMs);
    if (welcome.role === "active") this.#nudges.told(welcome.nextDueInMs);
    this.#options.events.onWelcome(welcome);
  }

  #ping(pingMs: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (isSilent(this.#lease, nowMs, LOSS_MS)) {
      this.#close(CLOSE.silent, "pings went unanswered");
      return;
    }
    this.#lease = pingSent(this.#lease, nowMs);
    this.#session?.send(PING);
    this.#pingTimer = setTimeout(() => this.#ping(pingMs), pingMs);
  }

  #sendFacts(): boolean {
    if (!this.isUp || !this.#inventorySent) return false;
    const facts = this.outbox.takeFrame(this.#options.clock.monotonicMs());
    if (facts.length > 0) {
      this.#send(facts);
      this.#options.events.onFactsSent(facts);
    }
    return this.outbox.hasUnsent;
  }

  #factRefused(id: number, reason: string): void {
    const about = this.outbox.refuse(id);
    if (about) this.#options.log("warn", "a fact was refused, it is tried again", { ...about, reason });
  }

  #nudge(): void {
    if (this.isUp && this.role === "active") this.#send([{ type: "nudge" }]);
  }

  #send(items: readonly UpItem[]): void {
    this.#session?.send(encodeFrame(items));
  }

  #close(code: number, reason: string): void {
    this.#session?.close(code, reason);
  }

  #showBad(bad: BadItem): void {
    if (bad.known) {
      this.#options.log("error", "an item could not be taken", { type: bad.type, problem: bad.problem });
    } else if (!this.#unknownTypes.has(bad.type)) {
      this.#unknownTypes.add(bad.type);
      this.#options.log("warn", "the control plane speaks of something this relay does not know", { type: bad.type });
    }
  }
}
