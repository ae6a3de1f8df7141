import { connect, createServer, type Server, type Socket } from "node:net";

type Pair = { client: Socket; server: Socket };

/** Hands bytes through to a port of this machine, and can leave its connections half open: open, acknowledged, and dead. */
export class TcpGate {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async open(toPort: number): Promise<TcpGate> {
    const server = createServer((client) => gate.#join({ client, server: connect(toPort, "127.0.0.1") }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the gate has no port");
    const gate = new TcpGate(server, address.port);
    return gate;
  }

  /** Swallows, from now on, whatever comes over the connections that are open now. New ones work. Answers how many it were. */
  halfOpen(): number {
    for (const { client, server } of this.#pairs) {
      for (const socket of [client, server]) socket.unpipe().removeAllListeners("end").resume();
    }
    return this.#pairs.size;
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(pair: Pair): void {
    this.#pairs.add(pair);
    const { client, server } = pair;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.pipe(to);
      // A reset on one side is one on the other; a pair that is half open hears of nothing, so it goes with the gate.
      from.on("error", () => to.resetAndDestroy());
      from.on("close", () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
