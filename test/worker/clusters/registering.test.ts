import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { encodeFrame } from "../../../protocol/codec.ts";
import { FakeRelay, hello } from "../objects/cluster-object-fake-relay.ts";
import { call } from "../routes/api.ts";

/** Registers a cluster and gives its join token. */
async function register(cluster: string): Promise<string> {
  const { code, data } = await call("/api/cluster/create", { body: { cluster } });
  expect(code).toBe(0);
  return joinTokenIn(data);
}

function joinTokenIn(data: unknown): string {
  const token = typeof data === "object" && data !== null && "join_token" in data ? data.join_token : "";
  expect(token).toMatch(/^wbj_[0-9a-f]{64}$/);
  return String(token);
}

/** Dials as a relay does, through the Worker's route. */
async function dial(cluster: string, token: string | null, upgrade = true): Promise<Response> {
  const headers = {
    ...(upgrade && { upgrade: "websocket" }),
    ...(token !== null && { authorization: `Bearer ${token}` }),
  };
  return await exports.default.fetch(`https://watchbell.test/relay/${cluster}`, { headers });
}

describe("registering a cluster", () => {
  it("shows the join token once and keeps only its hash", async () => {
    const { status, data } = await call("/api/cluster/create", { body: { cluster: "first" } });
    expect([status, data]).toMatchObject([200, { cluster: "first" }]);
    const row = await env.DB.prepare("SELECT * FROM clusters WHERE cluster = 'first'").first();
    expect(row?.join_token_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(row)).not.toContain(joinTokenIn(data));
  });

  it("refuses an id that exists, and leaves its token as it is", async () => {
    const token = await register("twice");
    const answer = await call("/api/cluster/create", { body: { cluster: "twice" } });
    expect(answer).toMatchObject({ status: 409, code: 105, data: null });
    expect(answer.cause).toContain("twice");
    expect((await dial("twice", token)).status).toBe(101);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["no id", {}, "cluster is missing"],
    ["capitals", { cluster: "Local" }, '"Local"'],
    ["a hyphen at its end", { cluster: "a-" }, '"a-"'],
    ["41 characters", { cluster: "a".repeat(41) }, "1 to 40"],
    ["a number", { cluster: 5 }, "cluster is 5"],
    ["a field that is not there yet", { cluster: "ok", labels: { a: "b" } }, "labels is not there yet"],
    ["an unknown field", { cluster: "ok", colour: "red" }, "colour is not a field"],
  ])("refuses %s with 104 and names it", async (_name, body, words) => {
    const answer = await call("/api/cluster/create", { body });
    expect(answer).toMatchObject({ status: 422, code: 104, data: null });
    expect(answer.cause).toContain(words);
  });

  it.each(["/api/cluster/create", "/api/cluster/rotate/first"])("needs the API token at %s", async (path) => {
    expect(await call(path, { token: null, body: { cluster: "first" } })).toMatchObject({ status: 401, code: 100 });
  });
});

describe("rotating a join token", () => {
  it("keeps the one before valid, and no third", async () => {
    const first = await register("rotated");
    const second = joinTokenIn((await call("/api/cluster/rotate/rotated")).data);
    expect([(await dial("rotated", first)).status, (await dial("rotated", second)).status]).toEqual([101, 101]);

    const third = joinTokenIn((await call("/api/cluster/rotate/rotated")).data);
    const statuses = [first, second, third].map(async (token) => (await dial("rotated", token)).status);
    expect(await Promise.all(statuses)).toEqual([401, 101, 101]);
  });

  it.each(["unknown", "NO", "%20"])("answers 404 for a cluster %s that is not registered", async (cluster) => {
    expect(await call(`/api/cluster/rotate/${cluster}`)).toMatchObject({ status: 404, code: 100 });
  });
});

describe("a relay at the door", () => {
  it.each<[string, string, string | null, boolean, number]>([
    ["no upgrade", "door", "wbj_x", false, 426],
    ["an unknown cluster", "nowhere", "wbj_x", true, 404],
    ["no token", "door", null, true, 401],
    ["a wrong token", "door", "wbj_x", true, 401],
  ])("with %s is refused with an envelope and a sentence", async (_name, cluster, token, upgrade, status) => {
    await call("/api/cluster/create", { body: { cluster: "door" } });
    const response = await dial(cluster, token, upgrade);
    expect(response.status).toBe(status);
    const body = await response.json<Record<string, unknown>>();
    expect(body).toMatchObject({ code: 100, data: null });
    expect(String(body.cause)).toMatch(/\.$/);
    expect(JSON.stringify(body)).not.toContain("wbj_x");
  });

  it("with its token is linked to its cluster's object, which knows the installation", async () => {
    const token = await register("linked");
    const response = await dial("linked", token);
    if (!response.webSocket) throw new Error(`no socket: ${response.status}`);
    const relay = new FakeRelay(response.webSocket);
    relay.ws.send(encodeFrame([hello("linked", "p1")]));
    const [welcome] = await relay.until("welcome");
    const installation = await env.DB.prepare("SELECT id FROM installation").first("id");
    expect(welcome?.clusterLabel).toBe(`${installation}.linked`);
  });
});
