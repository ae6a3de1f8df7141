import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { Agent } from "undici";
import { z } from "zod";
import { loadCredentials } from "../../../dev/cluster/credentials.ts";
import type { Target } from "./target.ts";
import { TcpGate } from "./tcp-gate.ts";

/** A request on its way to the API server. `name`: the Job that a create names in its body. */
export type Passing = { method: string; path: string; query: URLSearchParams; name: string; isWatch: boolean };

/** What happens to a request; `isAfterWrite`: it is carried out first, and only its answer is lost. */
export type Fault =
  | { kind: "answer"; status: number; body: string; headers?: Record<string, string>; isAfterWrite?: boolean }
  | { kind: "reset"; isAfterWrite?: boolean; meanwhile?: () => Promise<void> };

/** Which requests, how many of them (default: one), and what they meet. */
export type Rule = { matches: (passing: Passing) => boolean; times?: number; fault: Fault };

/** One request that came by: when (performance.now ms), and what the relay got; 0: a reset. */
export type Seen = Passing & { atMs: number; status: number };

const Kubeconfig = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) }),
  ]),
});
const Named = z.object({ metadata: z.object({ name: z.string() }) });

/** An error as the API server writes it. */
export function statusBody(code: number, reason: string, message: string): string {
  return JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message });
}

/** A TLS proxy between a relay and its API server that sees every request, and spoils those that a rule names. */
export class ApiProxy {
  /** Path of a kubeconfig with the relay's rights that points here. */
  readonly kubeconfig: string;
  readonly seen: Seen[] = [];
  readonly gate: TcpGate;
  readonly #server: Server;
  readonly #upstream: Agent;
  readonly #origin: string;
  readonly #watches = new Set<ServerResponse>();
  #rules: { rule: Rule; left: number }[] = [];

  private constructor(parts: { server: Server; upstream: Agent; origin: string; gate: TcpGate; kubeconfig: string }) {
    this.#server = parts.server;
    this.#upstream = parts.upstream;
    this.#origin = parts.origin;
    this.gate = parts.gate;
    this.kubeconfig = parts.kubeconfig;
  }

  static async start(target: Target): Promise<ApiProxy> {
    const { clusters } = Kubeconfig.parse(JSON.parse(readFileSync(target.relayKubeconfig, "utf8")));
    const { server: origin, "certificate-authority-data": ca } = clusters[0].cluster;
    const folder = mkdtempSync(path.join(tmpdir(), "watchbell-proxy-"));
    const { key, cert } = await loadCredentials(folder);
    rmSync(folder, { recursive: true });
    const server = createServer({ key, cert }, (request, response) => void proxy.#pass(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    const gate = await TcpGate.open(address.port);
    const connectTo = { ca: Buffer.from(ca, "base64").toString() };
    const upstream = new Agent({ connect: connectTo, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
    const kubeconfig = target.relayKubeconfigAt(`https://127.0.0.1:${gate.port}`, cert);
    const proxy = new ApiProxy({ server, upstream, origin, gate, kubeconfig });
    return proxy;
  }

  /** From now on; answers how to take it back. */
  add(rule: Rule): () => void {
    const active = { rule, left: rule.times ?? 1 };
    this.#rules.push(active);
    return () => {
      this.#rules = this.#rules.filter((one) => one !== active);
    };
  }

  /** Tells every open watch that its version is too old, as the API server does: 410 as an event. Answers how many. */
  expireWatches(): number {
    const status = JSON.parse(statusBody(410, "Expired", "too old resource version: 1 (2)"));
    const watches = [...this.#watches];
    for (const response of watches) response.end(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    return watches.length;
  }

  /** Breaks every open watch off. */
  cutWatches(): void {
    for (const response of this.#watches) response.destroy();
  }

  async close(): Promise<void> {
    await this.gate.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#upstream.destroy();
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on("error", () => response.destroy());
    response.on("error", () => response.destroy());
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const passing = passingOf(request, body);
    const seen: Seen = { ...passing, atMs: performance.now(), status: 0 };
    this.seen.push(seen);
    response.on("finish", () => {
      seen.status = response.statusCode;
    });
    const met = this.#rules.find(({ rule, left }) => left > 0 && rule.matches(passing));
    try {
      if (met) {
        met.left -= 1;
        await this.#spoil(met.rule.fault, request, body, response);
      } else await this.#forward(passing, request, body, response);
    } catch {
      // The API server is not there, or went away in the middle: its client sees no more than a broken connection, and a rule
      // that was to spoil what the server had done still has that before it.
      if (met) met.left += 1;
      response.destroy();
    }
  }

  async #spoil(fault: Fault, request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    if (fault.isAfterWrite) await (await this.#ask(request, body, response)).body.dump();
    if (fault.kind === "reset") {
      await fault.meanwhile?.();
      response.destroy();
    } else response.writeHead(fault.status, fault.headers).end(fault.body);
  }

  async #forward(passing: Passing, request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const answer = await this.#ask(request, body, response);
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    if (passing.isWatch) {
      this.#watches.add(response);
      response.on("close", () => this.#watches.delete(response));
    }
    for await (const chunk of answer.body) if (!response.writableEnded) response.write(chunk);
    if (!response.writableEnded) response.end();
  }

  async #ask(request: IncomingMessage, body: Buffer, response: ServerResponse) {
    const giveUp = new AbortController();
    response.on("close", () => giveUp.abort());
    return await this.#upstream.request({
      origin: this.#origin,
      path: request.url ?? "/",
      method: methodOf(request.method),
      headers: endToEnd(request.headers),
      body: body.length > 0 ? body : null,
      signal: giveUp.signal,
    });
  }
}

/** What one connection alone is about stays behind, and so does the length, which may change. */
function endToEnd(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of ["authorization", "accept", "content-type", "user-agent"]) {
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  return passed;
}

function methodOf(method = "GET"): "GET" | "POST" | "PATCH" | "DELETE" {
  return method === "POST" || method === "PATCH" || method === "DELETE" ? method : "GET";
}

function passingOf(request: IncomingMessage, body: Buffer): Passing {
  const url = new URL(request.url ?? "/", "https://proxy");
  const method = methodOf(request.method);
  const named = method === "POST" ? Named.safeParse(JSON.parse(body.toString())).data : undefined;
  const name = named?.metadata.name ?? "";
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    name,
    isWatch: url.searchParams.get("watch") === "true",
  };
}
