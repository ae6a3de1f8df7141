import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { at, type Json, textAt } from "../../../dev/cluster/api/json.ts";
import { jobs, shellJob, startTestCluster, type TestCluster } from "./support/test-cluster.ts";

let cluster: TestCluster;
let stop: AbortController;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.end());
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  cluster.faults.clear();
});

const suspended = { suspend: true };

/** Collects a watch's events until it ends; the answer's `end` says how it ended. */
function watch(query: string): { events: Json[]; end: Promise<"clean" | "broken"> } {
  const events: Json[] = [];
  const read = async () => {
    let rest = "";
    for await (const chunk of cluster.stream(`${jobs}?watch=true&${query}`, stop.signal)) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event: Json = JSON.parse(line);
        events.push(event);
      }
    }
  };
  const end = read().then(
    () => "clean" as const,
    () => "broken" as const,
  );
  return { events, end };
}

function shown(events: Json[]): string[] {
  return events.map((event) => `${textAt(event, "type")} ${textAt(event, "object", "metadata", "name")}`);
}

async function version(): Promise<string> {
  return textAt((await cluster.send("GET", jobs)).body, "metadata", "resourceVersion");
}

describe("a watch", () => {
  test("begins after the version it names and brings each change once", async () => {
    await cluster.send("POST", jobs, shellJob("before", "true", suspended));
    const { events } = watch(`fieldSelector=metadata.name%3Dw-1&resourceVersion=${await version()}`);
    await cluster.send("POST", jobs, shellJob("w-1", "true", suspended));
    await cluster.send("DELETE", `${jobs}/w-1?propagationPolicy=Background`);
    await vi.waitFor(() => expect(shown(events).at(-1)).toBe("DELETED w-1"));
    expect(shown(events)[0]).toBe("ADDED w-1");
    const versions = events.map((event) => Number(textAt(event, "object", "metadata", "resourceVersion")));
    expect([...versions].sort((a, b) => a - b)).toEqual(versions);
  });

  test("without a version begins with what is there", async () => {
    await cluster.send("POST", jobs, shellJob("w-2", "true", suspended));
    const { events } = watch("fieldSelector=metadata.name%3Dw-2");
    await vi.waitFor(() => expect(shown(events)).toContain("ADDED w-2"));
  });

  test("shows an object that leaves or enters its selector as deleted or added", async () => {
    const job = { ...shellJob("w-3", "true", suspended), metadata: { name: "w-3", labels: { on: "yes" } } };
    await cluster.send("POST", jobs, job);
    const { events } = watch(`labelSelector=on%3Dyes&resourceVersion=${await version()}`);
    const label = (on: string) =>
      cluster.send("PATCH", `${jobs}/w-3`, { metadata: { labels: { on } } }, "application/merge-patch+json");
    await label("no");
    await label("yes");
    await vi.waitFor(() =>
      expect(shown(events).filter((one) => one.startsWith("DEL") || one.startsWith("ADD"))).toEqual([
        "DELETED w-3",
        "ADDED w-3",
      ]),
    );
  });

  test("ends cleanly after its time with a bookmark", async () => {
    const { events, end } = watch(`allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${await version()}`);
    expect(await end).toBe("clean");
    expect(textAt(events.at(-1), "type")).toBe("BOOKMARK");
  });

  test("from a version that is forgotten gets one ERROR event of code 410", async () => {
    const old = await version();
    await cluster.send("POST", jobs, shellJob("w-4", "true", suspended));
    cluster.faults.expireVersions();
    const { events, end } = watch(`resourceVersion=${old}`);
    expect(await end).toBe("clean");
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
  });
});

describe("fault injection", () => {
  test("answers 429 as plain text with Retry-After, as often as it was told", async () => {
    const fault = cluster.faults.add({
      verb: "create",
      path: "/jobs$",
      times: 2,
      action: { kind: "answer", code: 429, retryAfterSeconds: 3 },
    });
    const refused = await cluster.send("POST", jobs, shellJob("f-1", "true", suspended));
    expect(refused).toMatchObject({
      code: 429,
      body: "Too many requests, please try again later.\n",
      headers: { "retry-after": "3" },
    });
    expect(await cluster.send("POST", jobs, shellJob("f-1", "true", suspended))).toMatchObject({ code: 429 });
    expect(await cluster.send("POST", jobs, shellJob("f-1", "true", suspended))).toMatchObject({ code: 201 });
    expect(fault.hits()).toBe(2);
  });

  test("answers 504, or drops the connection, after the write has happened", async () => {
    cluster.faults.add({ verb: "create", times: 1, action: { kind: "answer", code: 504, isAfterWrite: true } });
    const lost = await cluster.send("POST", jobs, shellJob("f-2", "true", suspended));
    expect(lost).toMatchObject({ code: 504, body: { reason: "Timeout" } });
    expect(await cluster.send("POST", jobs, shellJob("f-2", "true", suspended))).toMatchObject({ code: 409 });
    cluster.faults.add({ verb: "create", times: 1, action: { kind: "drop", isAfterWrite: true } });
    await expect(cluster.send("POST", jobs, shellJob("f-3", "true", suspended))).rejects.toThrow();
    expect(await cluster.send("GET", `${jobs}/f-3`)).toMatchObject({ code: 200 });
  });

  test("answers 503 and drops before anything is written, and delays", async () => {
    cluster.faults.add({ verb: "create", times: 1, action: { kind: "answer", code: 503 } });
    expect(await cluster.send("POST", jobs, shellJob("f-4", "true", suspended))).toMatchObject({ code: 503 });
    cluster.faults.add({ verb: "create", times: 1, action: { kind: "drop" } });
    await expect(cluster.send("POST", jobs, shellJob("f-4", "true", suspended))).rejects.toThrow();
    expect(await cluster.send("GET", `${jobs}/f-4`)).toMatchObject({ code: 404 });
    cluster.faults.add({ verb: "get", times: 1, action: { kind: "delay", ms: 120 } });
    const before = performance.now();
    await cluster.send("GET", `${jobs}/f-4`);
    expect(performance.now() - before).toBeGreaterThan(115);
  });

  test("expires and drops watches that are open", async () => {
    const first = watch("resourceVersion=0");
    await vi.waitFor(() => expect(first.events.length).toBeGreaterThan(0));
    expect(cluster.faults.onOpenWatches("expire")).toBe(1);
    expect(await first.end).toBe("clean");
    expect(at(first.events.at(-1), "object", "code")).toBe(410);
    const second = watch("resourceVersion=0");
    await vi.waitFor(() => expect(second.events.length).toBeGreaterThan(0));
    expect(cluster.faults.onOpenWatches("drop")).toBe(1);
    expect(await second.end).toBe("broken");
  });

  test("freezes a watch half-open: nothing more comes, and it does not end", async () => {
    const frozen = watch("resourceVersion=0");
    await vi.waitFor(() => expect(frozen.events.length).toBeGreaterThan(0));
    cluster.faults.onOpenWatches("freeze");
    const healthy = watch(`resourceVersion=${await version()}`);
    const count = frozen.events.length;
    await cluster.send("POST", jobs, shellJob("f-5", "true", suspended));
    await vi.waitFor(() => expect(shown(healthy.events)).toContain("ADDED f-5"));
    expect(frozen.events).toHaveLength(count);
  });

  test("spares the cluster's own parts", async () => {
    cluster.faults.add({ action: { kind: "answer", code: 500 } });
    expect(await cluster.send("GET", jobs)).toMatchObject({ code: 500 });
    expect(cluster.problems).toEqual([]);
  });
});
