import { beforeEach, describe, expect, it } from "vitest";
import { ROUTES } from "../../../worker/app.ts";
import { call, clearTables, leastCreate, rowsWritten, storedRows } from "./api.ts";

const settings = { WATCHBELL_DRAINING: "1" };
const filled = (path: string) => path.replace(/:job_id\??/, "nothere").replace(":cluster", "nowhere");
const OF_JOBS = ROUTES.filter(([, path]) => path.startsWith("/api/") && !path.startsWith("/api/cluster/"));
const CHANGES = OF_JOBS.filter(([verbs]) => !verbs.includes("GET"));
const READS = OF_JOBS.filter(([verbs]) => verbs.includes("GET"));

beforeEach(clearTables);

describe("an installation that drains", () => {
  it.each(CHANGES.flatMap(([verbs, path]) => verbs.map((verb) => [verb, filled(path)])))(
    "refuses %s %s with 106, and says when to ask again",
    async (method, path) => {
      const body = method === "POST" ? leastCreate({ job_id: "nothere" }) : undefined;

      const answer = await call(String(path), { method, body, settings });

      expect(answer).toMatchObject({ status: 503, code: 106, errorMsg: "ServerClosedError", data: null });
      expect(answer.cause).toContain("WATCHBELL_DRAINING");
      expect(answer.headers.get("retry-after")).toBe("30");
      expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
    },
  );

  it.each(READS.flatMap(([verbs, path]) => verbs.map((verb) => [verb, filled(path)])))(
    "still takes %s %s",
    async (method, path) => {
      expect((await call(String(path), { method, settings })).status).toBeLessThan(500);
    },
  );

  it("still lets clusters be managed, and refuses nobody before the token is looked at", async () => {
    const body = { cluster: "drained" };

    expect((await call("/api/cluster/create", { body, settings })).code).toBe(0);
    expect((await call("/api/once_job/create", { body: leastCreate(), token: null, settings })).status).toBe(401);
  });

  it.each(["0", "false", ""])("is none where WATCHBELL_DRAINING is %j", async (value) => {
    const answer = await call("/api/once_job/create", { body: leastCreate(), settings: { WATCHBELL_DRAINING: value } });

    expect(answer.code).toBe(0);
    await rowsWritten();
  });
});
