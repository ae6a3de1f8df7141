import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { decodeUp, encodeFrame } from "../../../protocol/codec.ts";
import type { DownItem, Welcome } from "../../../protocol/down.ts";
import type { Fact, UpItem } from "../../../protocol/up.ts";
import { PING, PONG } from "../../../protocol/words.ts";
import { waitUntil } from "./wait-until.ts";

/** What becomes of a fact; null: no answer. */
export type Verdict = "ok" | "gone" | { refused: string } | null;

/** One frame of a relay, with its connection's number and its arrival, performance.now ms. */
export type SeenFrame = { connection: number; atMs: number; items: UpItem[] };

export type GatewayOptions = {
  joinToken?: string;
  clusterLabel?: string;
  welcome?: Partial<Welcome>;
};

/** A control plane's end of the link: a real WebSocket server that speaks protocol/, and does what the test tells it. */
export class FakeGateway {
  readonly frames: SeenFrame[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  readonly pings: { connection: number; atMs: number }[] = [];
  /** Decides over each fact; by default all are durable at once. */
  judge: (fact: Fact) => Verdict = () => "ok";
  /** Answers an upgrade with an HTTP status instead of a link; null: links. */
  refuseUpgrade: { status: number; body: string } | null = null;
  answersPings = true;
  welcomes = true;
  connections = 0;
  welcome: Welcome;
  readonly #joinToken: string;
  readonly #http = createServer();
  readonly #server = new WebSocketServer({ noServer: true });
  #socket: WebSocket | null = null;

  constructor(options: GatewayOptions = {}) {
    this.#joinToken = options.joinToken ?? "join-token-1";
    this.welcome = {
      type: "welcome",
      protocol: 1,
      role: "active",
      pingMs: 5_000,
      leaseMs: 10_000,
      clusterLabel: options.clusterLabel ?? "abcd1234.local",
      nextDueInMs: null,
      ...options.welcome,
    };
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get items(): UpItem[] {
    return this.frames.flatMap((frame) => frame.items);
  }

  /** Facts of one type, repeats included. */
  facts<Type extends Fact["type"]>(type: Type): Extract<Fact, { type: Type }>[] {
    return this.items.filter((item): item is Extract<Fact, { type: Type }> => item.type === type);
  }

  /** Facts of one type about one job, repeats included; other tests' Jobs may still be in the cluster. */
  factsOf<Type extends Fact["type"]>(type: Type, jobId: string): Extract<Fact, { type: Type }>[] {
    return this.facts(type).filter((fact) => fact.jobId === jobId);
  }

  /** Waits until a fact of that type about that run came. */
  fact<Type extends Fact["type"]>(type: Type, jobId: string, timeout = 10_000): Promise<Extract<Fact, { type: Type }>> {
    return waitUntil(
      () => this.factsOf(type, jobId)[0],
      () => `no ${type} of ${jobId} among ${this.items.map((item) => item.type).join(" ")}`,
      timeout,
    );
  }

  /** Waits until the relay linked and sent its whole inventory, for the nth time. */
  async linked(times = 1): Promise<void> {
    const inventories = (): number => this.items.filter((item) => item.type === "inventory" && item.last).length;
    await waitUntil(
      () => (inventories() >= times ? true : null),
      () => `${inventories()} inventories`,
    );
  }

  send(...items: DownItem[]): void {
    this.#socket?.send(encodeFrame(items));
  }

  sendText(text: string): void {
    this.#socket?.send(text);
  }

  /** Closes the present connection; without a code the TCP connection is cut. */
  drop(code?: number, reason = ""): void {
    if (code === undefined) this.#socket?.terminate();
    else this.#socket?.close(code, reason);
  }

  async stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refused = this.refuseUpgrade ?? this.#refusedByToken(request);
    if (refused) {
      const head = `HTTP/1.1 ${refused.status} No\r\nContent-Length: ${Buffer.byteLength(refused.body)}\r\nConnection: close\r\n\r\n`;
      socket.end(head + refused.body);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket));
  }

  #refusedByToken(request: IncomingMessage): { status: number; body: string } | null {
    if (request.headers.authorization === `Bearer ${this.#joinToken}`) return null;
    return { status: 401, body: JSON.stringify({ code: 100, cause: "the join token is not valid", data: null }) };
  }

  #serve(socket: WebSocket): void {
    const connection = ++this.connections;
    this.#socket = socket;
    socket.on("close", (code, reason) => this.closes.push({ code, reason: reason.toString() }));
    socket.on("message", (data) => {
      const text = data.toString();
      if (text === PING) {
        this.pings.push({ connection, atMs: performance.now() });
        if (this.answersPings) socket.send(PONG);
        return;
      }
      const decoded = decodeUp(text);
      if (!decoded.ok || decoded.bad.length > 0) throw new Error(`a relay's frame does not fit: ${text.slice(0, 500)}`);
      this.frames.push({ connection, atMs: performance.now(), items: decoded.items });
      if (decoded.items[0]?.type === "hello" && this.welcomes) socket.send(encodeFrame([this.welcome]));
      const answers = decoded.items.flatMap((item) => this.#answer(item));
      if (answers.length > 0) socket.send(encodeFrame(answers));
    });
  }

  #answer(item: UpItem): DownItem[] {
    if (!("ageMs" in item)) return [];
    const verdict = this.judge(item);
    if (verdict === null) return [];
    if (typeof verdict === "string") return [{ type: verdict, ids: [item.id] }];
    return [{ type: "refused", id: item.id, reason: verdict.refused }];
  }
}
