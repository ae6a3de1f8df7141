import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { claimName, staleClaims } from "../../../worker/db/name-claims.ts";
import { type CreateOptions, createOnceJob } from "../../../worker/jobs/create-job.ts";
import { jobStub } from "../../../worker/jobs/job-stub.ts";
import { jobIdOfKey, newRowId, rowIdGivenAt } from "../../../worker/jobs/new-ids.ts";
import { sweep } from "../../../worker/jobs/sweep.ts";
import { type Answer, call, clearTables, leastCreate, rowsWritten, storedRows } from "./api.ts";

const PATH = "/api/once_job/create";
const MINUTE_MS = 60_000;
let names = 0;

beforeEach(clearTables);
afterEach(rowsWritten);

/** A name, a key and a body of their own, so that no test meets another's job. */
function freshCreate(): { key: string; body: Record<string, unknown>; jobName: string } {
  names += 1;
  const jobName = `keyed-${names}`;
  return { key: `key-${names}`, body: leastCreate({ job_name: jobName }), jobName };
}

async function create(key: string, body: unknown, path = PATH): Promise<Answer> {
  return await call(path, { body, headers: { "idempotency-key": key } });
}

function idOf(answer: Answer): string {
  expect(answer).toMatchObject({ status: 200, code: 0 });
  return Object(answer.data).job_id;
}

describe("a create with a key", () => {
  it("is one job, however often it is asked and however its JSON is written", async () => {
    const { key, body } = freshCreate();
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(body).reverse()), null, 2);

    const answers = [await create(key, body), await create(key, body), await create(key, reversed)];

    expect(new Set(answers.map(idOf)).size).toBe(1);
    await rowsWritten();
    expect(await storedRows()).toEqual({ claims: 1, jobs: 1 });
  });

  it("is one job where twenty ask at once", async () => {
    const { key, body } = freshCreate();

    const answers = await Promise.all(Array.from({ length: 20 }, () => create(key, body)));

    expect(new Set(answers.map(idOf)).size).toBe(1);
    await rowsWritten();
    expect(await storedRows()).toEqual({ claims: 1, jobs: 1 });
  });

  it("is the same job after its object was evicted", async () => {
    const { key, body } = freshCreate();
    const first = idOf(await create(key, body));
    await rowsWritten();
    await evictDurableObject(env.JOBS.get(env.JOBS.idFromName(first)));

    expect(idOf(await create(key, body))).toBe(first);
  });

  it("refuses another body with 105 and names the job", async () => {
    const { key, body } = freshCreate();
    const first = idOf(await create(key, body));

    const answer = await create(key, { ...body, image: "alpine" });

    expect(answer).toMatchObject({ status: 409, code: 105, errorMsg: "AlreadyExistsError" });
    expect(answer.cause).toContain(first);
  });

  it("lets one body win where two come at once, and leaves no claim of the other", async () => {
    const { key, body } = freshCreate();
    const bodies = Array.from({ length: 20 }, (_, n) => ({ ...body, job_name: `${body.job_name}-${n % 2}` }));

    const answers = await Promise.all(bodies.map((one) => create(key, one)));

    const accepted = answers.filter((answer) => answer.code === 0);
    expect(accepted).toHaveLength(10);
    const [jobId] = new Set(accepted.map(idOf));
    for (const answer of answers.filter((one) => one.code !== 0)) {
      expect(answer).toMatchObject({ status: 409, code: 105, cause: expect.stringContaining(String(jobId)) });
    }
    await rowsWritten();
    expect(await storedRows()).toEqual({ claims: 1, jobs: 1 });
  });

  it("refuses with 105 once its job was deleted, names the job and leaves the name free", async () => {
    const { key, body } = freshCreate();
    const first = idOf(await create(key, body));
    await rowsWritten();
    await call(`/api/once_job/delete/${first}`, { body: { force: true } });

    const answer = await create(key, body);
    const unkeyed = await call(PATH, { body });

    expect(answer).toMatchObject({ status: 409, code: 105, cause: expect.stringContaining(first) });
    expect(answer.cause).toContain("deleted");
    expect(unkeyed.code).toBe(0);
  });

  it("is the same job whatever else would be refused by now", async () => {
    await call("/api/cluster/create", { body: { cluster: "moon" } });
    const { key, body } = freshCreate();
    const first = idOf(await create(key, { ...body, route: "moon" }));
    await env.DB.exec("DELETE FROM clusters");

    expect(idOf(await create(key, { ...body, route: "moon" }))).toBe(first);
  });

  it("is the same job after an update gave it another definition and name, and claims no name for it", async () => {
    const { key, body } = freshCreate();
    const first = idOf(await create(key, body));
    await rowsWritten();
    const renamed = { ...body, job_name: `${body.job_name}-renamed`, image: "alpine", job_id: first, force: true };
    expect(await call("/api/once_job/update", { body: renamed })).toMatchObject({ code: 0 });

    const retry = await create(key, body);

    expect(idOf(retry)).toBe(first);
    expect((await storedRows()).claims).toBe(1);
    const { data } = await call(`/api/once_job/describe/${first}`);
    expect(data).toMatchObject({ job_name: renamed.job_name, image: "alpine" });
  });

  it("does not keep a refusal: the corrected body may have the key", async () => {
    const { key, body } = freshCreate();
    const refused = await create(key, { ...body, image: "" });

    const answer = await create(key, body);

    expect(refused.code).toBe(104);
    expect(answer.code).toBe(0);
  });

  it("has the id that its token, path and key make", async () => {
    const { key, body } = freshCreate();
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("test-token"));
    const tokenId = Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");

    const jobId = idOf(await create(key, body));

    expect(jobId).toBe(await jobIdOfKey({ tokenId, path: PATH, key, place: null }));
    for (const change of [{ tokenId: "b" }, { path: "b" }, { key: "b" }, { place: 0 }]) {
      expect(await jobIdOfKey({ tokenId, path: PATH, key, place: null, ...change })).not.toBe(jobId);
    }
  });
});

describe("a create without a key", () => {
  it("is a new job each time, so the name is taken", async () => {
    const { body } = freshCreate();
    await call(PATH, { body });

    const again = await call(PATH, { body });

    expect(again).toMatchObject({ status: 409, code: 105 });
  });
});

describe("the header Idempotency-Key", () => {
  it.each(["8e03978e-40d5-43dd-bc93-6894a57f9324", "a", "k".repeat(255), "a:b/c~!#$%&'*+^|()<>@?=[]{}"])(
    "may be %j, quoted or not, which is the same key",
    async (key) => {
      const { body } = freshCreate();

      const bare = idOf(await create(key, body));
      const quoted = idOf(await create(`"${key}"`, body));

      expect(quoted).toBe(bare);
    },
  );

  it.each(['"with, a comma and \\"quotes\\""', '"back\\\\slash"'])("may be %s", async (key) => {
    const { body } = freshCreate();

    expect(idOf(await create(key, body))).toBe(idOf(await create(key, body)));
  });

  it.each(["", '""', "two words", "a,b", '"a", "b"', '"open', 'a"b', '"bad\\escape"', '"a";p=1', "é", "k".repeat(256)])(
    "is refused with 100 where it is %j, and nothing is stored",
    async (key) => {
      const answer = await create(key, freshCreate().body);

      expect(answer).toMatchObject({ status: 400, code: 100, errorMsg: "InvalidParameter" });
      expect(answer.cause).toContain("Idempotency-Key");
      expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
    },
  );
});

/** The bindings of a Worker that dies at the call of `create` to a job's object, before or after the object has committed. */
function dyingEnv(moment: "before" | "after"): Pick<Env, "DB" | "JOBS"> {
  return {
    DB: env.DB,
    JOBS: new Proxy(env.JOBS, {
      get: (namespace, key) => {
        if (key !== "get") return Reflect.get(namespace, key).bind(namespace);
        return (id: DurableObjectId) =>
          new Proxy(namespace.get(id), {
            get: (stub, method) => {
              if (method !== "create") return Reflect.get(stub, method);
              return async (input: Parameters<typeof stub.create>[0]) => {
                if (moment === "after") await stub.create(input);
                throw new Error("the Worker died here");
              };
            },
          });
      },
    }),
  };
}

describe("a create that a crash cut short", () => {
  const options = (key: string | null): CreateOptions => ({
    allowPrivateCallbacks: false,
    key: key === null ? null : { tokenId: "t", path: PATH, key },
    place: null,
  });

  beforeEach(() => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(["before", "after"] as const)(
    "%s its job was stored is made whole by a retry with its key",
    async (moment) => {
      const { key, body } = freshCreate();
      const cut = createOnceJob(dyingEnv(moment), body, options(key));
      await expect(cut).rejects.toMatchObject({ kind: "unknown", message: expect.stringContaining("Idempotency-Key") });

      const { job_id: jobId } = await createOnceJob(env, body, options(key));

      expect(jobId).toBe(await jobIdOfKey({ tokenId: "t", path: PATH, key, place: null }));
      expect(await jobStub(env, jobId).describe()).toMatchObject({ status: "due" });
      await rowsWritten();
      expect(await storedRows()).toEqual({ claims: 1, jobs: 1 });
    },
  );

  it.each(["before", "after"] as const)(
    "%s its job was stored keeps its name from a retry without a key",
    async (moment) => {
      const { body, jobName } = freshCreate();
      const cut = createOnceJob(dyingEnv(moment), body, options(null));
      await expect(cut).rejects.toMatchObject({ kind: "unknown" });

      const retry = createOnceJob(env, body, options(null));

      await expect(retry).rejects.toMatchObject({ kind: "alreadyExists", message: expect.stringContaining(jobName) });
      if (moment === "before") await env.DB.exec("DELETE FROM name_claims");
    },
  );

  it("is retried minutes later: the claim is renewed, keeps its id, and the sweep leaves it alone", async () => {
    const { key, body, jobName } = freshCreate();
    const jobId = await jobIdOfKey({ tokenId: "t", path: PATH, key, place: null });
    const firstAt = Date.now() - 5 * MINUTE_MS;
    const claim = { namespace: "default", jobName, jobId, id: newRowId(firstAt), claimedAt: firstAt };
    await claimName(env.DB, claim, "");

    await createOnceJob(env, body, options(key));

    await rowsWritten();
    const job = await jobStub(env, jobId).describe();
    expect(job).toMatchObject({ id: claim.id, createdAt: rowIdGivenAt(claim.id) });
    expect(await sweep(env, Date.now() + 2 * MINUTE_MS)).toMatchObject({ claimsRemoved: 0, failed: 0 });
    expect((await staleClaims(env.DB, { after: null, before: Date.now() + MINUTE_MS, limit: 9 })).claims).toEqual([]);
  });

  it("comes to its object too late: the claim goes, and the name is free", async () => {
    const { key, body } = freshCreate();
    const late = { DB: env.DB, JOBS: lateNamespace(async () => undefined) };

    await expect(createOnceJob(late, body, options(key))).rejects.toMatchObject({ kind: "publish" });

    expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
    await createOnceJob(env, body, options(null));
  });

  it("comes to its object too late: a claim that a retry has renewed meanwhile stays", async () => {
    const { key, body, jobName } = freshCreate();
    const jobId = await jobIdOfKey({ tokenId: "t", path: PATH, key, place: null });
    const claim = { namespace: "default", jobName, jobId, id: 1, claimedAt: Date.now() };
    const late = { DB: env.DB, JOBS: lateNamespace(async () => void (await claimName(env.DB, claim, ""))) };

    await expect(createOnceJob(late, body, options(key))).rejects.toMatchObject({ kind: "publish" });

    expect(await storedRows()).toEqual({ claims: 1, jobs: 0 });
    await env.DB.exec("DELETE FROM name_claims");
  });
});

/** The jobs' objects as they answer a create that was under way for a minute, in which something else happened. */
function lateNamespace(meanwhile: () => Promise<void>): Env["JOBS"] {
  return new Proxy(env.JOBS, {
    get: (namespace, key) => {
      if (key !== "get") return Reflect.get(namespace, key).bind(namespace);
      return (id: DurableObjectId) =>
        new Proxy(namespace.get(id), {
          get: (stub, method) => {
            if (method !== "create") return Reflect.get(stub, method);
            return async (input: Parameters<typeof stub.create>[0]) => {
              await meanwhile();
              return await stub.create({ ...input, claimedAt: input.claimedAt - MINUTE_MS });
            };
          },
        });
    },
  });
}
