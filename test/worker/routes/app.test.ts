import { beforeEach, describe, expect, it } from "vitest";
import { call, callRaw, clearTables, leastCreate, storedRows } from "./api.ts";

const API_PATHS = [
  "/api/once_job/create",
  "/api/once_job/create_batch",
  "/api/once_job/lists",
  "/api/once_job/describe/abc",
  "/api/once_job/delete/abc",
  "/api/job_logs/abc",
  "/api/cluster/create",
  "/api/cluster/rotate/abc",
];

beforeEach(clearTables);

describe("authorisation", () => {
  it.each(API_PATHS)("POST %s without a token is 401 with code 100", async (path) => {
    const answer = await call(path, { token: null, body: leastCreate() });

    expect(answer).toMatchObject({ status: 401, code: 100, errorMsg: "InvalidParameter", data: null });
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  it.each(API_PATHS)("POST %s with another token is 401 and does nothing", async (path) => {
    const answer = await call(path, { token: "test-token2", body: leastCreate() });

    expect(answer).toMatchObject({ status: 401, code: 100 });
    expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
  });

  it.each(["Basic dGVzdA==", "Bearer", "Bearer ", "test-token", "Bearer test-token extra", "Bearer test"])(
    "the header %s is 401",
    async (authorization) => {
      const answer = await call("/api/once_job/lists", { token: null, headers: { authorization } });

      expect(answer).toMatchObject({ status: 401, code: 100 });
    },
  );

  it("takes the scheme in any case", async () => {
    const answer = await call("/api/once_job/lists", { token: null, headers: { authorization: "bearer test-token" } });

    expect(answer.status).toBe(200);
  });

  it("comes before the body is looked at", async () => {
    const answer = await call("/api/once_job/create", { token: "wrong", body: "not JSON" });

    expect(answer.status).toBe(401);
  });

  it("comes before the route is looked for", async () => {
    const answer = await call("/api/nothing/here", { token: null });

    expect(answer.status).toBe(401);
  });

  it.each(["", "anything"])("is refused to everybody where no token is configured, also to %j", async (token) => {
    const answer = await call("/api/once_job/lists", { token, settings: { WATCHBELL_TOKEN: "" } });

    expect(answer).toMatchObject({ status: 401, code: 100, cause: expect.stringContaining("No API token") });
  });

  it("never repeats a token in an answer", async () => {
    const response = await callRaw("/api/once_job/lists", { token: "s3cret" });

    expect(await response.text()).not.toMatch(/s3cret|test-token/);
  });

  it("is not asked for by /healthz", async () => {
    const answer = await call("/healthz", { method: "GET", token: null });

    expect(answer).toMatchObject({ status: 200, code: 0 });
  });
});

describe("the allow-list of addresses", () => {
  const settings = { WATCHBELL_ALLOWED_IPS: "203.0.113.7, 198.51.100.0/24,2001:db8::/32" };

  it.each(["203.0.113.7", "198.51.100.200", "2001:db8::1"])("lets %s in", async (address) => {
    const answer = await call("/api/once_job/lists", { headers: { "cf-connecting-ip": address }, settings });

    expect(answer.status).toBe(200);
  });

  it.each(["203.0.113.8", "198.51.101.1", "2001:db9::1"])(
    "keeps %s out, before the token is looked at",
    async (address) => {
      const answer = await call("/api/once_job/lists", {
        token: null,
        headers: { "cf-connecting-ip": address },
        settings,
      });

      expect(answer).toMatchObject({ status: 403, code: 102, errorMsg: "IP_ILLEGAL" });
      expect(answer.cause).toContain(address);
    },
  );

  it("does not believe a header of the caller's", async () => {
    const answer = await call("/api/once_job/lists", { headers: { "x-forwarded-for": "203.0.113.7" }, settings });

    expect(answer).toMatchObject({ status: 403, code: 102 });
  });
});

describe("the rate limit", () => {
  it("answers 429 with Retry-After once a token has had its requests of the minute", async () => {
    const settings = { WATCHBELL_RATE_LIMIT: "3" };
    const answers = [];

    for (let n = 0; n < 4; n += 1) answers.push(await call("/api/once_job/lists", { settings }));

    expect(answers.slice(0, 3).map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(answers[3]).toMatchObject({ status: 429, code: 104, errorMsg: "LIMITED_FLOW" });
    expect(Number(answers[3]?.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is counted by the platform's binding where the setting says so", async () => {
    const answer = await call("/api/once_job/lists", { settings: { WATCHBELL_RATE_LIMIT: "binding" } });

    expect(answer.status).toBe(200);
  });
});

describe("routes and verbs", () => {
  it.each(["/", "/api", "/api/once_job", "/api/once_job/create/more", "/api/once_job/describe/a/b", "/nowhere"])(
    "GET %s is 404 with code 100",
    async (path) => {
      const answer = await call(path, { method: "GET" });

      expect(answer).toMatchObject({ status: 404, code: 100, cause: expect.stringContaining(path) });
    },
  );

  it.each([
    ["GET", "/api/once_job/create", "POST"],
    ["DELETE", "/api/once_job/lists", "POST, GET"],
    ["PUT", "/api/once_job/describe/abc", "POST, GET"],
    ["GET", "/api/once_job/delete/abc", "POST, DELETE"],
    ["OPTIONS", "/api/job_logs/abc", "POST, GET"],
    ["PATCH", "/api/cluster/create", "POST"],
    ["POST", "/healthz", "GET"],
    ["POST", "/relay/local", "GET"],
  ])("%s %s is 405 and says what is allowed", async (method, path, allow) => {
    const answer = await call(path, { method });

    expect(answer).toMatchObject({ status: 405, code: 100, cause: expect.stringContaining(method) });
    expect(answer.headers.get("allow")).toBe(allow);
  });

  it.each([
    ["/api/once_job/lists", 200],
    ["/api/once_job/create", 400],
    ["/api/nowhere", 404],
  ])("%s is never sniffed, never stored, and open to no other origin", async (path, status) => {
    const response = await callRaw(path, { headers: { origin: "https://elsewhere.example" } });

    expect(response.status).toBe(status);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("tells nothing of an error that nobody foresaw", async () => {
    const answer = await call("/api/once_job/lists", { settings: { WATCHBELL_RATE_LIMIT: "many" } });

    expect(answer).toMatchObject({ status: 500, code: 110, errorMsg: "UNKNOWN_ERR", data: null });
    expect(answer.cause).not.toContain("many");
  });
});
