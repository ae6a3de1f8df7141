import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { type Data, type Fields, WatchbellError, type WatchbellOptions, watchbell } from "watchbell/client";
import clientPackage from "../../client/package.json" with { type: "json" };
import wholePackage from "../../package.json" with { type: "json" };

const JOB = { job_name: "hello", namespace: "default", image: "busybox", command: "true", job_exec_time: "0" };

type Seen = { method: string; path: string; key: string | undefined; token: string | undefined; body: unknown };
type Reply = (response: ServerResponse) => void;

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => response.writeHead(status, headers).end(JSON.stringify(body));
}

function refusal(status: number, code: number, errorMsg: string, headers: Record<string, string> = {}): Reply {
  return answer(status, { code, cause: `because of ${errorMsg}`, error_msg: errorMsg, data: null }, headers);
}

function success(data: unknown): Reply {
  return answer(200, { code: 0, cause: "", error_msg: "", data });
}

/** The request arrives whole, and its answer does not. */
const lost: Reply = (response) => response.destroy();

/** An API that gives these answers in turn, the last one for ever, and a client of it. */
async function apiThat(replies: Reply[], options: Partial<WatchbellOptions> = {}) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse(await text(request));
    const { authorization, "idempotency-key": key } = request.headers;
    seen.push({
      method: request.method ?? "",
      path: request.url ?? "",
      key: key === undefined ? undefined : String(key),
      token: authorization,
      body,
    });
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    reply?.(response);
  }
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

describe("a call", () => {
  test("without the id that its path needs is made to nobody, and says so", async () => {
    const { client, seen } = await apiThat([success({ cluster: "cluster", join_token: "t" })]);

    await expect(client.call("/api/cluster/rotate/{cluster}", { cluster: "" })).rejects.toThrow(
      "cluster is empty; /api/cluster/rotate/{cluster} needs one",
    );

    expect(seen).toEqual([]);
  });

  test("has its id in the path, its other fields in the body, and gives the data", async () => {
    const { client, seen } = await apiThat([success({ job_id: "abc", outcome: "already_finished" })]);

    const data = await client.call("/api/once_job/delete/{job_id}", { job_id: "a/b", force: true });

    expect(data).toEqual({ job_id: "abc", outcome: "already_finished" });
    expect(seen).toEqual([
      {
        method: "POST",
        path: "/api/once_job/delete/a%2Fb",
        key: undefined,
        token: "Bearer t0",
        body: { force: true },
      },
    ]);
  });

  test("that is refused rejects with code, name, status and the API's sentence; asked, it is a value", async () => {
    const { client, seen } = await apiThat([refusal(409, 105, "AlreadyExistsError")]);

    const thrown = await client.call("/api/once_job/create", JOB).catch((error: unknown) => error);
    const asked = await client.ask("/api/once_job/create", JOB);

    expect(thrown).toBeInstanceOf(WatchbellError);
    expect(thrown).toMatchObject({ code: 105, errorMsg: "AlreadyExistsError", status: 409 });
    expect(thrown).toHaveProperty("message", "because of AlreadyExistsError");
    expect(asked).toMatchObject({ ok: false, error: { code: 105 } });
    expect(seen).toHaveLength(2);
  });

  test("that meets no API says so", async () => {
    const { client } = await apiThat([(response) => response.writeHead(404).end("<h1>nginx</h1>")]);

    const thrown = await client.call("/api/once_job/create", JOB).catch((error: unknown) => error);

    expect(thrown).toMatchObject({ code: null, status: 404, message: expect.stringContaining("address") });
  });
});

describe("a call whose answer was lost", () => {
  test("is sent again with the same key and the same bytes where it creates", async () => {
    const { client, seen } = await apiThat([
      lost,
      answer(502, "bad gateway"),
      refusal(500, 110, "UNKNOWN_ERR"),
      success({ job_id: "abc" }),
    ]);

    expect(await client.call("/api/once_job/create", JOB)).toEqual({ job_id: "abc" });

    expect(seen).toHaveLength(4);
    expect(seen[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    for (const { body } of seen) expect(body).toEqual(JOB);
  });

  test("has the caller's key, or another one for each create", async () => {
    const { client, seen } = await apiThat([success({ job_id: "abc" })]);

    await client.call("/api/once_job/create", JOB, { idempotencyKey: "order-7" });
    await client.call("/api/once_job/create", JOB);
    await client.call("/api/once_job/create", JOB);

    expect(seen[0]?.key).toBe("order-7");
    expect(new Set(seen.map(({ key }) => key)).size).toBe(3);
  });

  test.each(["/api/once_job/rerun/{job_id}", "/api/job_runs/cancel/{job_id}"] as const)(
    "is never sent again where that could do it twice: %s",
    async (path) => {
      const { client, seen } = await apiThat([lost, success({})]);

      await expect(client.call(path, { job_id: "abc", run: 1 })).rejects.toThrow("fetch failed");

      expect(seen).toHaveLength(1);
    },
  );

  test("is sent again where it reads, until the retries are used up", async () => {
    const { client, seen } = await apiThat([lost], { retries: 2 });

    await expect(client.call("/api/job_logs/{job_id}", { job_id: "abc" })).rejects.toThrow("fetch failed");

    expect(seen).toHaveLength(3);
  });

  test("counts as lost after the time that an attempt may take", async () => {
    const silent: Reply = () => undefined;
    const { client, seen } = await apiThat([silent, success([])], { attemptTimeoutMs: 300 });

    expect(await client.call("/api/job_logs/{job_id}", { job_id: "abc" })).toEqual([]);

    expect(seen).toHaveLength(2);
  });
});

describe("a call that is refused for now", () => {
  test("comes back when the API says, even where a lost answer would end it", async () => {
    const { client, seen } = await apiThat([
      refusal(429, 104, "LIMITED_FLOW", { "retry-after": "1" }),
      refusal(503, 106, "ServerClosedError"),
      success({ job_id: "abc", run: 2 }),
    ]);
    const startedAt = performance.now();

    expect(await client.call("/api/once_job/rerun/{job_id}", { job_id: "abc" })).toEqual({ job_id: "abc", run: 2 });

    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
    expect(seen).toHaveLength(3);
  });

  test("is final where the cluster did not confirm: what was asked for goes on without the caller", async () => {
    const { client, seen } = await apiThat([refusal(504, 253, "DeleteJobTimeoutError")]);

    const asked = await client.ask("/api/once_job/delete/{job_id}", { job_id: "abc" });

    expect(asked).toMatchObject({ ok: false, error: { code: 253 } });
    expect(seen).toHaveLength(1);
  });

  test("ends with the caller's signal, in a pause too", async () => {
    const { client, seen } = await apiThat([refusal(429, 104, "LIMITED_FLOW", { "retry-after": "3600" })]);
    const controller = new AbortController();
    const call = client.call("/api/once_job/create", JOB, { signal: controller.signal });
    const outcome = expect(call).rejects.toThrow("enough");

    await expect.poll(() => seen.length).toBe(1);
    controller.abort(new Error("enough"));

    await outcome;
    expect(seen).toHaveLength(1);
  });
});

test("the packed client has the version of the whole, and needs no other package", () => {
  expect(clientPackage).toMatchObject({ name: wholePackage.name, version: wholePackage.version });
  expect(Object.keys(clientPackage).filter((key) => /dependencies/i.test(key))).toEqual([]);
});

test("the types are the document's", () => {
  expectTypeOf<Data<"/api/once_job/create">>().toEqualTypeOf<{ job_id: string }>();
  expectTypeOf<Data<"/api/once_job/lists">["data"][number]["job_status"]>().toEqualTypeOf<-1 | 0 | 1 | 2 | 3>();
  expectTypeOf<Data<"/api/once_job/describe/{job_id}">["runs"][number]["finished_at"]>().toEqualTypeOf<number | null>();
  expectTypeOf<{ job_id: string }>().toExtend<Fields<"/api/job_logs/{job_id}">>();
  expectTypeOf<typeof JOB>().toExtend<Fields<"/api/once_job/create">>();
  expectTypeOf<{ job_id: string }>().not.toExtend<Fields<"/api/job_runs/cancel/{job_id}">>();
  expectTypeOf<Omit<typeof JOB, "image">>().not.toExtend<Fields<"/api/once_job/create">>();
  const client = watchbell({ url: "http://127.0.0.1:1", token: "" });
  // @ts-expect-error there is no such path
  const noPath = () => client.call("/api/nothing", {});
  // @ts-expect-error there is no such field
  const noField = () => client.call("/api/once_job/create", { ...JOB, imgae: "busybox" });
  expect([noPath, noField].map((call) => typeof call)).toEqual(["function", "function"]);
});
