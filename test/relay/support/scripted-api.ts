import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "../../../relay/clock.ts";
import { KubernetesApi } from "../../../relay/kubernetes/api.ts";
import { KubernetesCalls } from "../../../relay/kubernetes/calls.ts";

/** One request that the script has to answer. */
export type Asked = { method: string; path: string; query: URLSearchParams; body: string; response: ServerResponse };

/** A real HTTP server in the API server's place that answers what a test's script says, and keeps what it was asked. */
export class ScriptedApi {
  readonly asked: Asked[] = [];
  readonly calls: KubernetesCalls;
  readonly #server: Server;

  private constructor(server: Server, clock: Clock) {
    this.#server = server;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = async () => ({ headers: {}, tls: {} });
    this.calls = new KubernetesCalls(
      new KubernetesApi({ server: url, namespace: "default", proxyUrl: null, credentials }, clock, () => {}),
    );
  }

  static async start(
    script: (asked: Asked, api: ScriptedApi) => void,
    clock: Clock = systemClock,
  ): Promise<ScriptedApi> {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        const asked = { method: request.method ?? "", path: url.pathname, query: url.searchParams, body, response };
        api.asked.push(asked);
        script(asked, api);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const api = new ScriptedApi(server, clock);
    return api;
  }

  /** How many connections are open right now. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async stop(): Promise<void> {
    await this.calls.api.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with a Status object. */
export function answerStatus(response: ServerResponse, code: number, reason: string, message: string): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify({ kind: "Status", code, reason, message }));
}

/** A clock that the test turns: sleeping moves it on at once. */
export function quickClock(): Clock & { forward(ms: number): void } {
  let nowMs = 1_000;
  return {
    monotonicMs: () => nowMs,
    wallMs: () => Date.now(),
    random: () => 0.5,
    sleep: async (ms) => {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    forward: (ms) => {
      nowMs += ms;
    },
  };
}
