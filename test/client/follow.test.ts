import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { type FollowEvent, WatchbellError, type WatchbellOptions, watchbell } from "watchbell/client";

type Reply = (response: ServerResponse) => void;

function line(id: string, text: string): string {
  const data = JSON.stringify({ pod_name: "p", container: "main", text });
  return `id: ${id}\nevent: line\ndata: ${data}\n\n`;
}

const END = 'event: end\ndata: {"status":"succeeded"}\n\n';

/** Says that much, then breaks off (or ends where it is told so). */
function told(text: string, how: "breaks" | "ends" = "breaks"): Reply {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(text, () => (how === "ends" ? response.end() : response.destroy()));
  };
}

function refused(status: number, code: number, errorMsg: string): Reply {
  return (response) =>
    response.writeHead(status).end(JSON.stringify({ code, cause: "no", error_msg: errorMsg, data: null }));
}

/** An API that gives these answers in turn, the last one for ever. */
async function apiThat(replies: Reply[], options: Partial<WatchbellOptions> = {}) {
  const seen: { path: string; last: string | undefined; token: string | undefined }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const { authorization, "last-event-id": last } = request.headers;
    seen.push({ path: request.url ?? "", last: last === undefined ? undefined : String(last), token: authorization });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    reply?.(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { seen, client: watchbell({ url: `http://127.0.0.1:${address.port}/`, token: "t0", ...options }) };
}

async function textsOf(events: AsyncGenerator<FollowEvent>): Promise<string[]> {
  const texts: string[] = [];
  for await (const event of events) texts.push(event.event === "line" ? event.text : `end: ${event.status}`);
  return texts;
}

test("a follow goes on behind its last line wherever it broke off, in the midst of an event too, until its end", async () => {
  const { client, seen } = await apiThat([
    told(`retry: 1000\n\n: hello\n\n${line("1.11", "one")}${line("2.11", "ä€😀\u2028").slice(0, 30)}`),
    told(`${line("2.11", "ä€😀\u2028")}: still here\n\nevent: new\ndata: 1\n\n${line("3.11", "")}`, "ends"),
    told(END, "ends"),
  ]);

  const texts = await textsOf(client.follow({ job_id: "j1", run: 3 }, { lastEventId: "0.11" }));

  expect(texts).toEqual(["one", "ä€😀\u2028", "", "end: succeeded"]);
  expect(seen.map(({ last }) => last)).toEqual(["0.11", "1.11", "3.11"]);
  expect(seen[0]).toEqual({ path: "/api/job_logs/j1/follow?run=3", last: "0.11", token: "Bearer t0" });
});

test("a refusal is an error at once, one that passes is tried again, and nothing but failures ends it after some", async () => {
  const unknown = await apiThat([refused(404, 101, "JobIdError")]);
  await expect(textsOf(unknown.client.follow({ job_id: "j1" }))).rejects.toThrow(WatchbellError);
  expect(unknown.seen).toHaveLength(1);

  const busy = await apiThat([refused(429, 104, "LIMITED_FLOW"), told(END)]);
  expect(await textsOf(busy.client.follow({ job_id: "j1" }))).toEqual(["end: succeeded"]);

  const broken = await apiThat([told("")], { retries: 2 });
  await expect(textsOf(broken.client.follow({ job_id: "j1" }))).rejects.toThrow();
  expect(broken.seen).toHaveLength(3);
});

test("a follow ends with its caller's signal", async () => {
  const stop = new AbortController();
  const { client } = await apiThat([(response) => void response.writeHead(200).write(line("1.11", "one"))]);
  const events = client.follow({ job_id: "j1" }, { signal: stop.signal });
  expect((await events.next()).value).toMatchObject({ text: "one" });

  stop.abort(new Error("enough"));

  await expect(events.next()).rejects.toThrow("enough");
});
