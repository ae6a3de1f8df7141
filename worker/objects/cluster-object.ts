import { DurableObject } from "cloudflare:workers";
import { CLOSE } from "../../protocol/close-codes.ts";
import type { DownItem } from "../../protocol/down.ts";
import { LOSS_MS, PING, PONG, type RunKey } from "../../protocol/words.ts";
import type {
  BookAnswer,
  Booking,
  Cancel,
  CancelAnswer,
  ClusterCalls,
  ClusterFigures,
  FollowAsk,
  RowView,
  Tally,
} from "../clusters/calls.ts";
import { itemText, removeText } from "../clusters/frames.ts";
import { bookRun, cancelRun } from "../clusters/open-runs-booking.ts";
import { isToBeArmed, type Wake } from "../clusters/open-runs-clock.ts";
import { logError } from "../errors.ts";
import { Answers } from "./cluster-object-answers.ts";
import { ClusterCounters } from "./cluster-object-counters.ts";
import { Facts, passLines } from "./cluster-object-facts.ts";
import { LateAsker } from "./cluster-object-late.ts";
import { Links } from "./cluster-object-links.ts";
import { ClusterMemory } from "./cluster-object-memory.ts";
import { Reception } from "./cluster-object-reception.ts";
import { OpenRuns } from "./cluster-object-rows.ts";
import { ClusterTurn } from "./cluster-object-turn.ts";

/** Header by which the Worker's route names the installation; the object itself has no D1 query of its own. */
export const INSTALLATION_HEADER = "x-watchbell-installation";

/** Pauses before an alarm that failed is tried again; the platform itself would drop it after six retries. */
const ALARM_RETRY_MS = [5_000, 15_000, 60_000, 300_000];

/**
 * Owns the link to one cluster and one row per open run: booked, sent, created, removing, final. A thin shell: the
 * decisions are in worker/clusters, the turn that every event ends with in {@link ClusterTurn}.
 */
export class ClusterObject extends DurableObject<Env> implements ClusterCalls {
  readonly #rows: OpenRuns;
  readonly #links: Links;
  readonly #memory: ClusterMemory;
  readonly #counters: ClusterCounters;
  readonly #turn: ClusterTurn;
  readonly #reception: Reception;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerAt: number | null = null;
  #armedAt: number | null = null;
  #alarmFailures = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const cluster = ctx.id.name;
    if (cluster === undefined) throw new Error("a ClusterObject is addressed by its cluster's id");
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#rows = new OpenRuns(ctx.storage);
    this.#links = new Links(ctx);
    this.#memory = new ClusterMemory(ctx.storage.kv);
    this.#counters = new ClusterCounters(ctx.storage.kv);
    const stored = { rows: this.#rows, links: this.#links, memory: this.#memory, counters: this.#counters };
    const ports = { env, cluster, ...stored };
    const inBackground = (work: Promise<void>) => ctx.waitUntil(work);
    const late = new LateAsker({ ...ports, inBackground, finished: () => this.#takeTurn() });
    this.#turn = new ClusterTurn({
      ...ports,
      askLate: (rows) => late.ask(rows),
      isAsking: (row) => late.isAsking(row),
    });
    const answers = new Answers(this.#links);
    const facts = new Facts({
      ...ports,
      turn: this.#turn,
      answers,
      inBackground,
      settled: () => this.#takeTurn(),
    });
    this.#reception = new Reception({
      ...ports,
      turn: this.#turn,
      takeFacts: (process, taken, now) => facts.take(process, taken, now),
      passLines: (lines) => inBackground(passLines(env, cluster, lines)),
      refuse: (process, id, reason) => answers.add(process, id, { answer: "refused", reason }),
    });
    const now = Date.now();
    const staying = this.#links.all().filter((link) => !link.leaving);
    const present = staying.map((link) => link.process);
    this.#memory.loseAllBut(present, now + LOSS_MS, now);
    void ctx.blockConcurrencyWhile(async () => {
      this.#armedAt = await ctx.storage.getAlarm();
    });
  }

  async book(booking: Booking): Promise<BookAnswer> {
    const { answer, row } = bookRun(this.#rows.get(booking), booking);
    if (row !== null) this.#rows.insert(row, JSON.stringify(booking.manifest));
    this.#takeTurn();
    return { answer };
  }

  async cancel(run: RunKey, cancel: Cancel): Promise<CancelAnswer> {
    const { answer, row } = cancelRun(this.#rows.get(run), run, cancel, Date.now());
    if (row !== null) {
      this.#rows.put([row]);
      if (row.state === "removing") this.#sendToOpenLink([removeText(row)]);
    }
    this.#takeTurn();
    return { answer };
  }

  async look(run: RunKey): Promise<RowView> {
    this.#takeTurn();
    const row = this.#rows.get(run);
    const { up, since } = this.#memory.kept.presence;
    const view = row && {
      state: row.state,
      n: row.n,
      firedAt: row.firedAt,
      sentAt: row.sentAt,
      waiting: row.waiting,
    };
    return { row: view, link: { up, since } };
  }

  async count(tally: Tally): Promise<void> {
    this.#counters.add(tally);
  }

  async figures(): Promise<ClusterFigures> {
    this.#takeTurn();
    return {
      linkUp: this.#memory.kept.presence.up,
      outboxCommands: this.#rows.commandCount(Date.now()),
      createdJobs: new Set(Array.from(this.#rows.inState("created"), ({ jobId }) => jobId)).size,
      counters: this.#counters.now,
    };
  }

  async follow({ jobId, run }: RunKey, ask: FollowAsk | null): Promise<{ sent: boolean }> {
    const link = this.#turn.openLink();
    const item: DownItem = ask === null ? { type: "unfollow", jobId, run } : { type: "follow", jobId, run, ...ask };
    return { sent: link !== null && this.#links.send(link.ws, [itemText(item)]) };
  }

  /** Takes a relay's upgrade; the Worker's route has checked the join token. */
  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return new Response(null, { status: 426 });
    this.#memory.setInstallation(request.headers.get(INSTALLATION_HEADER) ?? "");
    const { 0: theirs, 1: ours } = new WebSocketPair();
    this.#links.accept(ours, Date.now());
    this.#takeTurn();
    return new Response(null, { status: 101, webSocket: theirs });
  }

  override async webSocketMessage(ws: WebSocket, message: string | ArrayBuffer): Promise<void> {
    this.#guard(ws, () => this.#reception.take(ws, message, Date.now()));
  }

  override async webSocketClose(ws: WebSocket, code: number, reason: string): Promise<void> {
    // The close must be answered, or the relay waits 10 s for it; these three codes can't be sent (RFC 6455, 7.4.1).
    const canBeSent = code !== 1005 && code !== 1006 && code !== 1015;
    this.#guard(ws, () => this.#reception.closed(ws, canBeSent ? { code, reason } : null, Date.now()));
  }

  override async webSocketError(ws: WebSocket, error: unknown): Promise<void> {
    logError("a link broke", error);
    this.#guard(ws, () => this.#reception.closed(ws, null, Date.now()));
  }

  /** Rings for everything that waits for a time. It never throws: the platform drops an alarm that keeps failing. */
  override async alarm(): Promise<void> {
    this.#armedAt = null;
    try {
      this.#takeTurn();
      this.#alarmFailures = 0;
    } catch (error) {
      logError("the cluster's turn failed", error);
      const pauseMs = ALARM_RETRY_MS[Math.min(this.#alarmFailures, ALARM_RETRY_MS.length - 1)] ?? 0;
      this.#alarmFailures += 1;
      await this.ctx.storage.setAlarm(Date.now() + pauseMs);
    }
  }

  /** Nothing that a relay sends may throw: what went wrong here is logged, and the link starts anew. */
  #guard(ws: WebSocket, work: () => void): void {
    try {
      work();
      this.#takeTurn();
    } catch (error) {
      logError("an event of a link failed", error);
      const link = this.#links.linkOf(ws);
      this.#links.close(ws, CLOSE.goingAway, "the control plane could not take this; connect again");
      if (link !== null) this.#turn.lose(link, Date.now());
    }
  }

  #sendToOpenLink(items: readonly string[]): void {
    const link = this.#turn.openLink();
    if (link !== null) this.#links.send(link.ws, items);
  }

  #takeTurn(): void {
    const now = Date.now();
    this.#arm(this.#turn.run(now), now);
  }

  #arm({ timerAt, alarmAt }: Wake, now: number): void {
    if (timerAt !== this.#timerAt) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timerAt = timerAt;
      this.#timer = timerAt === null ? null : setTimeout(() => this.#ring(), timerAt - now);
    }
    if (alarmAt === null) {
      if (this.#armedAt !== null) this.ctx.waitUntil(this.ctx.storage.deleteAlarm());
      this.#armedAt = null;
    } else if (isToBeArmed(this.#armedAt, alarmAt, now)) {
      this.ctx.waitUntil(this.ctx.storage.setAlarm(alarmAt));
      this.#armedAt = alarmAt;
    }
  }

  /** The timer of the next hand-over; one that rings early by a rounding just arms another. */
  #ring(): void {
    this.#timer = null;
    this.#timerAt = null;
    try {
      this.#takeTurn();
    } catch (error) {
      logError("the cluster's turn failed", error);
    }
  }
}
