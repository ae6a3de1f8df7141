import { Agent } from "undici";
import type { Json } from "../api/json.ts";

/** How a part of the cluster reaches an API server, this one or a real one. */
export type ClientConfig = { url: string; ca: string; token: string };

/** An answer of the API server; a Status object is the body of a refusal. */
export type Reply = { code: number; body: Json };

/** Body formats of a PATCH. */
export type PatchType = "merge" | "strategic-merge";

/** A client for the Kubernetes API: unary calls and watches over kept-alive connections. */
export type KubeClient = {
  get: (path: string) => Promise<Reply>;
  create: (path: string, body: Json) => Promise<Reply>;
  patch: (path: string, type: PatchType, body: Json) => Promise<Reply>;
  update: (path: string, body: Json) => Promise<Reply>;
  remove: (path: string, options: Json) => Promise<Reply>;
  /** Streams a watch's events, one JSON value each; ends with the stream, throws where the connection breaks. */
  watch: (path: string, signal: AbortSignal) => AsyncGenerator<Json>;
  close: () => Promise<void>;
};

/** Time-out of a unary call, ms. */
const callTimeoutMs = 30_000;
/** A watch without a byte for so long is dead: bookmarks come every minute. */
const watchSilenceMs = 90_000;

/** Makes a client; nothing connects until the first call. */
export function kubeClient(config: ClientConfig): KubeClient {
  const connect = { ca: config.ca, keepAlive: true };
  const calls = new Agent({
    connect,
    connections: 8,
    headersTimeout: callTimeoutMs,
    bodyTimeout: callTimeoutMs,
    allowH2: false,
  });
  const streams = new Agent({ connect, bodyTimeout: watchSilenceMs, allowH2: false });
  const authorization = `Bearer ${config.token}`;
  const send = async (
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: Json,
    type = "application/json",
  ) => {
    const headers: Record<string, string> = {
      authorization,
      accept: "application/json",
      "user-agent": "watchbell-cluster",
    };
    if (body !== undefined) headers["content-type"] = type;
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await calls.request({ origin: config.url, path, method, headers, body: text });
    return { code: answer.statusCode, body: parseReply(await answer.body.text()) };
  };
  return {
    get: (path) => send("GET", path),
    create: (path, body) => send("POST", path, body),
    patch: (path, type, body) => send("PATCH", path, body, `application/${type}-patch+json`),
    update: (path, body) => send("PUT", path, body),
    remove: (path, options) => send("DELETE", path, options),
    watch: (path, signal) => watchEvents(streams, config.url, path, authorization, signal),
    close: async () => {
      await Promise.all([calls.destroy(), streams.destroy()]);
    },
  };
}

async function* watchEvents(
  agent: Agent,
  origin: string,
  path: string,
  authorization: string,
  signal: AbortSignal,
): AsyncGenerator<Json> {
  const headers = { authorization, accept: "application/json", "user-agent": "watchbell-cluster" };
  const answer = await agent.request({ origin, path, method: "GET", headers, signal });
  if (answer.statusCode !== 200) {
    const text = await answer.body.text();
    throw new Error(`the watch ${path} was answered ${answer.statusCode}: ${text.slice(0, 300)}`);
  }
  let rest = "";
  answer.body.setEncoding("utf8");
  for await (const chunk of answer.body) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") continue;
      const event: Json = JSON.parse(line);
      yield event;
    }
  }
}

function parseReply(text: string): Json {
  if (text === "") return null;
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    // 429 and proxies answer plain text; the code says what happened.
    return text;
  }
}
