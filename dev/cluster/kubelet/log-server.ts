import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Pod } from "../client/objects.ts";
import { sendLog } from "./log-reader.ts";
import type { LogShelf } from "./log-shelf.ts";

/** What the kubelet's own server works with. */
export type LogServerOptions = {
  tls: { key: string; cert: string };
  /** What the API server shows; undefined: anybody on this machine may read (a real API server brings no token of ours). */
  token: string | undefined;
  findPod: (namespace: string, name: string) => Pod | undefined;
  logs: LogShelf;
  onProblem: (problem: string) => void;
};

const pathPattern = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/;

/** Serves /containerLogs on a free loopback port, as a kubelet does; answers the server and its port. */
export async function startLogServer(options: LogServerOptions): Promise<{ server: Server; port: number }> {
  const server = createServer(options.tls, (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.onProblem(`log ${request.url}: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the log server has no port");
  return { server, port: address.port };
}

async function answer(options: LogServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isAllowed(options.token, request.headers.authorization)) return refuse(response, 401, "Unauthorized");
  const url = new URL(request.url ?? "/", "https://kubelet");
  const match = pathPattern.exec(url.pathname);
  if (request.method !== "GET" || match === null) return refuse(response, 404, "404 page not found");
  const [namespace = "", name = "", container = ""] = match.slice(1).map(decodeURIComponent);
  const pod = options.findPod(namespace, name);
  if (pod === undefined) return refuse(response, 404, `pod "${name}" does not exist`);
  const query = url.searchParams;
  const found = options.logs.find(pod.metadata.uid, container, query.get("previous") === "true");
  if (found === undefined) {
    // As a container that never wrote, where it has ended; the real kubelet says so in a 400.
    const isOver = [...pod.status.initContainerStatuses, ...pod.status.containerStatuses].some(
      (one) => one.name === container && one.state.terminated !== undefined,
    );
    if (isOver) return refuse(response, 200, "");
    return refuse(response, 400, `container "${container}" in pod "${name}" is waiting to start`);
  }
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const logOptions = {
    isFollowing: query.get("follow") === "true",
    hasTimestamps: query.get("timestamps") === "true",
    since: sinceOf(query),
    tailLines: numberOf(query.get("tailLines")),
    limitBytes: numberOf(query.get("limitBytes")),
  };
  await sendLog(found.path, found.live, logOptions, response, gone.signal);
  response.end();
}

function refuse(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { "content-type": "text/plain" }).end(text);
}

function numberOf(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

function sinceOf(query: URLSearchParams): string {
  const seconds = numberOf(query.get("sinceSeconds"));
  if (seconds !== undefined) return new Date(Date.now() - seconds * 1000).toISOString();
  return query.get("sinceTime") ?? "";
}

function isAllowed(token: string | undefined, header: string | undefined): boolean {
  if (token === undefined) return true;
  const wanted = Buffer.from(`Bearer ${token}`);
  const given = Buffer.from(header ?? "");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
