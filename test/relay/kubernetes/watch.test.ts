import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../relay/clock.ts";
import { KubernetesApi } from "../../../relay/kubernetes/api.ts";
import { watchCollection } from "../../../relay/kubernetes/watch.ts";
import { answerStatus } from "../support/scripted-api.ts";

/** An API server of one collection: the test answers each request by hand. */
type Asked = { query: URLSearchParams; response: ServerResponse };

let server: Server;
let lists: Asked[];
let watches: Asked[];
let seen: string[];
let stop: AbortController;
let loop: Promise<void>;
let api: KubernetesApi;
/** What a list answers; null: by hand. */
let items: string[] | null;
/** How long it wanted to pause, ms; it is not let. */
let pauses: number[];

beforeEach(async () => {
  lists = [];
  watches = [];
  seen = [];
  pauses = [];
  items = [];
  stop = new AbortController();
  server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://x").searchParams;
    if (query.get("watch") === "true") {
      watches.push({ query, response });
      return;
    }
    lists.push({ query, response });
    if (request.url === "/readyz") response.end("ok");
    else if (items !== null) list(response, items, "100");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  stop.abort();
  await loop;
  await api.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function start(times: { deadManMs?: number; relistMs?: number } = {}): void {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const access = {
    server: url,
    namespace: "default",
    proxyUrl: null,
    credentials: async () => ({ headers: {}, tls: {} }),
  };
  api = new KubernetesApi(access, systemClock, () => {});
  loop = watchCollection({
    api,
    path: "/apis/batch/v1/jobs",
    labelSelector: "watchbell_cluster=x.y",
    clock: {
      ...systemClock,
      random: () => 0,
      sleep: (ms, signal) => {
        pauses.push(ms);
        return systemClock.sleep(Math.min(ms, 20), signal);
      },
    },
    log: () => {},
    signal: stop.signal,
    events: {
      onList: (listed) => seen.push(`list ${listed.map((item) => JSON.stringify(item)).join(",")}`),
      onChange: (type, object) => seen.push(`${type} ${(object as { metadata: { name: string } }).metadata.name}`),
      onHealth: (health) => seen.push(health),
      onRestart: (why) => seen.push(`again: ${why}`),
    },
    ...times,
  });
}

function list(response: ServerResponse, names: string[], version: string, more?: string): void {
  response.end(JSON.stringify({ metadata: { resourceVersion: version, continue: more }, items: names }));
}

const line = (type: string, name: string, resourceVersion: string): string =>
  `${JSON.stringify({ type, object: { metadata: { name, resourceVersion } } })}\n`;
const nthWatch = (nth: number): Promise<Asked> =>
  vi.waitFor(
    () => {
      const asked = watches[nth - 1];
      if (!asked) throw new Error(`${watches.length} watches`);
      return asked;
    },
    { interval: 5 },
  );

describe("the watch loop", () => {
  it("lists, then watches from the list's version, with bookmarks and a time limit", async () => {
    items = ["a", "b"];
    start();

    const { query } = await nthWatch(1);

    expect(seen).toContain('list "a","b"');
    expect(query.get("resourceVersion")).toBe("100");
    expect(query.get("allowWatchBookmarks")).toBe("true");
    expect(query.get("labelSelector")).toBe("watchbell_cluster=x.y");
    expect(Number(query.get("timeoutSeconds"))).toBeGreaterThanOrEqual(240);
  });

  it("reads a list in pages", async () => {
    items = null;
    start();
    await vi.waitFor(() => expect(lists).toHaveLength(1));
    if (lists[0]) list(lists[0].response, ["a"], "100", "more");
    await vi.waitFor(() => expect(lists).toHaveLength(2));

    expect(lists[1]?.query.get("continue")).toBe("more");
    if (lists[1]) list(lists[1].response, ["b"], "100");

    await vi.waitFor(() => expect(seen).toContain('list "a","b"'));
  });

  it("hands on what changes, also where a line comes in parts", async () => {
    start();
    const { response } = await nthWatch(1);
    const text = line("ADDED", "jöb", "101");

    response.write(Buffer.from(text).subarray(0, 40));
    await systemClock.sleep(20);
    response.write(Buffer.from(text).subarray(40));
    response.write(line("MODIFIED", "jöb", "102") + line("DELETED", "jöb", "103"));

    await vi.waitFor(() => expect(seen.slice(-3)).toEqual(["ADDED jöb", "MODIFIED jöb", "DELETED jöb"]));
  });

  it("watches on from the last version, a bookmark's included, when the server closes the watch", async () => {
    start();
    const first = await nthWatch(1);
    first.response.end(line("ADDED", "a", "101") + line("BOOKMARK", "", "150"));

    const second = await nthWatch(2);

    expect(second.query.get("resourceVersion")).toBe("150");
    expect(seen.filter((entry) => entry.startsWith("list"))).toHaveLength(1);
    expect(seen).not.toContain("BOOKMARK ");
  });

  it("lists anew when its version is too old, said on the watch (410 as an ERROR event)", async () => {
    start();
    const { response } = await nthWatch(1);

    response.end(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`);

    await nthWatch(2);
    expect(seen.filter((entry) => entry.startsWith("list"))).toHaveLength(2);
  });

  it("lists anew when its version is too old, said as HTTP 410", async () => {
    start();
    const { response } = await nthWatch(1);

    response.writeHead(410).end("{}");

    await nthWatch(2);
    expect(seen.filter((entry) => entry.startsWith("list"))).toHaveLength(2);
  });

  it.each([
    [500, "failing"],
    [503, "failing"],
    [429, "failing"],
  ])("goes on after HTTP %i, and is %s in between", async (status, health) => {
    start();
    const { response } = await nthWatch(1);
    response.writeHead(status).end("no");

    const second = await nthWatch(2);
    second.response.write(line("ADDED", "a", "101"));

    await vi.waitFor(() => expect(seen.at(-1)).toBe("ADDED a"));
    expect(seen).toContain(health);
    expect(seen.lastIndexOf("healthy")).toBeGreaterThan(seen.lastIndexOf(health));
  });

  it("takes a 403 for a missing right only when it is repeated, and goes on", async () => {
    start();
    for (const nth of [1, 2]) answerStatus((await nthWatch(nth)).response, 403, "Forbidden", "no");

    const third = await nthWatch(3);
    third.response.write(line("ADDED", "a", "101"));

    await vi.waitFor(() => expect(seen.at(-1)).toBe("ADDED a"));
    expect(seen.filter((entry) => entry === "forbidden")).toHaveLength(1);
  });

  it("goes on after a connection that breaks", async () => {
    start();
    const { response } = await nthWatch(1);
    response.write(line("ADDED", "a", "101"));
    await vi.waitFor(() => expect(seen.at(-1)).toBe("ADDED a"));

    response.destroy();

    expect((await nthWatch(2)).query.get("resourceVersion")).toBe("101");
  });

  it("ends a watch that is half open by its dead-man timer", async () => {
    start({ deadManMs: 100 });
    const { response } = await nthWatch(1);
    response.write(line("ADDED", "a", "101"));

    const second = await nthWatch(2);

    expect(second.query.get("resourceVersion")).toBe("101");
    expect(seen).toContain("again: nothing came for too long");
  });

  it("ends a watch whose headers never come, too", async () => {
    start({ deadManMs: 100 });

    await nthWatch(2);

    expect(watches[0]?.response.headersSent).toBe(false);
  });

  it("lists anew now and then, however healthy the watch is", async () => {
    start({ relistMs: 150 });
    const { response } = await nthWatch(1);
    response.write(line("BOOKMARK", "", "101"));

    await vi.waitFor(() => expect(seen.filter((entry) => entry.startsWith("list")).length).toBeGreaterThan(1));
  });

  it("does not spin where every watch is closed at once, or is always too old", async () => {
    start();
    const closed = (nth: number) => nthWatch(nth).then(({ response }) => response.end());
    for (const nth of [1, 2, 3]) await closed(nth);
    const gone = `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`;
    for (const nth of [4, 5]) (await nthWatch(nth)).response.end(gone);
    await nthWatch(6);

    // The first is taken at its word; after that there is a pause, each longer than the one before.
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000]);
    expect(seen).toContain("failing");
  });

  it("lists anew when its version makes the server stumble again and again", async () => {
    start();
    for (const nth of [1, 2, 3]) (await nthWatch(nth)).response.writeHead(500).end("no");

    await nthWatch(4);

    expect(seen.filter((entry) => entry.startsWith("list"))).toHaveLength(2);
  });

  it("waits as long as a busy server asks", async () => {
    start();
    (await nthWatch(1)).response.writeHead(429, { "retry-after": "7" }).end("Too many requests");

    await nthWatch(2);

    expect(pauses).toEqual([7_000]);
  });

  it("keeps trying when the list fails", async () => {
    items = null;
    start();
    await vi.waitFor(() => expect(lists).toHaveLength(1));
    lists[0]?.response.writeHead(500).end("no");
    await vi.waitFor(() => expect(lists).toHaveLength(2));
    if (lists[1]) list(lists[1].response, ["a"], "100");

    await nthWatch(1);

    expect(seen).toEqual(["failing", "healthy", 'list "a"', "healthy"].slice(0, seen.length));
  });
});
