import { createServer, type ServerResponse } from "node:http";

/** Whether the relay does its work; `words` say the role, or why not. */
export type Readiness = { ready: boolean; words: string };

/** What the health server answers from. */
export type HealthSources = {
  readiness(): Promise<Readiness>;
  metrics(): Promise<{ contentType: string; text: string }>;
};

/** The running health server. */
export type HealthServer = { port: number; close(): Promise<void> };

/** Serves `/healthz`, `/readyz` and `/metrics`. Answers the sentence that says why it can't listen. */
export async function startHealth(
  at: { host: string; port: number },
  sources: HealthSources,
): Promise<{ ok: true; server: HealthServer } | { ok: false; sentence: string }> {
  const server = createServer((request, response) => {
    void answer(request.method ?? "", new URL(request.url ?? "/", "http://relay").pathname, response, sources);
  });
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once("error", resolve);
    server.listen(at.port, at.host, () => resolve(null));
  });
  const address = server.address();
  if (problem || typeof address !== "object" || address === null) {
    const variable = problem?.code === "EADDRINUSE" || problem?.code === "EACCES" ? "PORT" : "HOST";
    const sentence = `WATCHBELL_HEALTH_PORT=${at.port}: can't listen on ${at.host} (${problem?.code ?? "no address"}); set WATCHBELL_HEALTH_${variable} to another one, port 0 takes any free one.`;
    return { ok: false, sentence };
  }
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { ok: true, server: { port: address.port, close } };
}

async function answer(method: string, path: string, response: ServerResponse, sources: HealthSources): Promise<void> {
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "only GET\n", { allow: "GET, HEAD" });
  switch (path) {
    case "/healthz":
      return send(response, 200, "ok\n");
    case "/readyz": {
      const { ready, words } = await sources.readiness();
      return send(response, ready ? 200 : 503, `${words}\n`);
    }
    case "/metrics": {
      const { contentType, text } = await sources.metrics();
      return send(response, 200, text, { "content-type": contentType });
    }
    default:
      return send(response, 404, "there is /healthz, /readyz and /metrics\n");
  }
}

function send(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(text);
}
