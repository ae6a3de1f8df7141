import { afterEach, describe, expect, it } from "vitest";
import type { Create } from "../../../protocol/down.ts";
import type { FactBody } from "../../../relay/facts.ts";
import { type CreateResult, createRun, type Right } from "../../../relay/kubernetes/create-run.ts";
import type { KubeJob } from "../../../relay/kubernetes/objects.ts";
import { type Script, startParts } from "../support/cluster-parts.ts";
import { createOf } from "../support/manifests.ts";
import { jobObject } from "../support/objects.ts";
import { type Asked, answerStatus, type ScriptedApi } from "../support/scripted-api.ts";

let api: ScriptedApi;
afterEach(() => api.stop());

type Options = {
  right?: Partial<Right>;
  create?: Create;
  stop?: AbortSignal;
  isCrowded?: boolean;
  namespaces?: string[];
};
type Ended = { result: CreateResult; facts: FactBody[]; attempts: number };

/** Runs one create to its end on a clock that sleeping turns. */
async function run(script: Script, options: Options = {}): Promise<Ended> {
  const parts = await startParts(script);
  api = parts.api;
  const { isCrowded = false, namespaces = [] } = options;
  const right = { ...parts.context.right, ...options.right };
  const context = { ...parts.context, right, namespaces, isCrowded: () => isCrowded };
  const create = options.create ?? createOf({ jobId: "job1" });
  const signals = { cancel: parts.signal, stop: options.stop ?? parts.signal };
  const received = { atMs: parts.clock.monotonicMs(), term: 0 };
  const result = await createRun(context, create, received, signals);
  return { result, facts: parts.facts, attempts: api.asked.filter(({ method }) => method === "POST").length };
}

const busy = ({ response }: Asked): void => answerStatus(response, 429, "TooManyRequests", "busy");
const typesOf = (facts: readonly FactBody[]): string[] => facts.map(({ type }) => type);

describe("a create whose answer comes late", () => {
  it("loses nothing that the watch told before: the Job has ended already, and its end is said", async () => {
    const conditions = [{ type: "Complete", status: "True" }];
    const parts = await startParts(({ method, response }) => {
      // The watch is read before the answer of the create that made the Job.
      if (method === "POST") parts.track(jobObject({ resourceVersion: "1003", conditions }));
      response.end(method === "POST" ? JSON.stringify(jobObject({ resourceVersion: "999" })) : "{}");
    });
    api = parts.api;
    const signals = { cancel: parts.signal, stop: parts.signal };
    const received = { atMs: parts.clock.monotonicMs(), term: 0 };

    expect(await createRun(parts.context, createOf({ jobId: "job1" }), received, signals)).toBe("created");
    for (const run of parts.store.runs()) parts.reconciler.reconcile(run);

    expect(typesOf(parts.facts)).toEqual(["created", "ended"]);
  });
});

describe("a create that is tried for long", () => {
  it("says why it waits, once while that stays the same", async () => {
    const { result, facts } = await run((asked, { asked: all }) => {
      if (all.length < 20) busy(asked);
      else asked.response.end(JSON.stringify(jobObject()));
    });

    expect(result).toBe("created");
    expect(typesOf(facts)).toEqual(["waiting", "created"]);
    expect(facts[0]).toMatchObject({ reason: "api_server_busy" });
  });

  it("makes no attempt once the right lapsed, and is handed back", async () => {
    let asked = 0;
    const script: Script = (request) => {
      asked++;
      busy(request);
    };

    const { result, facts, attempts } = await run(script, { right: { mayCreate: () => asked < 3 } });

    expect(result).toBe("dropped");
    expect(attempts).toBe(3);
    expect(typesOf(facts)).toEqual(["dropped"]);
  });

  it("is handed back at once where the right can't come back", async () => {
    const right = { mayCreate: () => false, mayReturn: () => false };

    const { result, attempts } = await run(busy, { right });

    expect({ result, attempts }).toEqual({ result: "dropped", attempts: 0 });
  });

  it("is handed back where the right lapsed while it slept, though the right is back by now", async () => {
    let asked = 0;
    const script: Script = (request) => {
      asked++;
      busy(request);
    };

    const { result, attempts } = await run(script, {
      right: { mayCreate: () => true, term: () => (asked < 2 ? 0 : 1) },
    });

    expect({ result, attempts }).toEqual({ result: "dropped", attempts: 2 });
  });

  const quota = ({ response }: Asked): void => answerStatus(response, 403, "Forbidden", "exceeded quota: rq");

  it("over its namespace's quota is handed back after a while where the window is crowded", async () => {
    const { result, facts, attempts } = await run(quota, { isCrowded: true });

    expect(result).toBe("dropped");
    expect(typesOf(facts)).toEqual(["waiting", "dropped"]);
    expect(facts[0]).toMatchObject({ reason: "quota" });
    expect(attempts).toBeLessThan(8);
  });

  it("over its namespace's quota goes on for as long as nobody else needs its place", async () => {
    const { result, facts, attempts } = await run((asked, { asked: all }) =>
      all.length < 30 ? quota(asked) : asked.response.end(JSON.stringify(jobObject())),
    );

    expect({ result, attempts }).toEqual({ result: "created", attempts: 30 });
    expect(typesOf(facts)).toEqual(["waiting", "created"]);
  });
});

describe("creates over one namespace's quota", () => {
  it("get its room in the order in which they came, and only the first of them asks", async () => {
    let room = 1;
    const posted: string[] = [];
    const asking: string[] = [];
    const parts = await startParts(({ response, body }) => {
      const { metadata } = JSON.parse(body);
      asking.push(metadata.name);
      if (room === 0) return answerStatus(response, 403, "Forbidden", "exceeded quota: rq");
      room--;
      posted.push(metadata.name);
      response.end(JSON.stringify(jobObject({ name: metadata.name, uid: metadata.name, jobId: metadata.name })));
    });
    api = parts.api;
    const names = ["first", "second", "third", "fourth"];
    const begin = (jobId: string) =>
      createRun(
        parts.context,
        createOf({ jobId }),
        { atMs: parts.clock.monotonicMs(), term: 0 },
        {
          cancel: parts.signal,
          stop: parts.signal,
        },
      );
    const ends = names.map(begin);
    for (let created = 1; created < names.length; created++) {
      await expect.poll(() => posted.length).toBe(created);
      const asked = api.asked.length;
      await expect.poll(() => api.asked.length).toBeGreaterThan(asked + 10);
      expect(new Set(asking.slice(-5))).toEqual(new Set([names[created]]));
      room = 1;
    }

    expect(await Promise.all(ends)).toEqual(names.map(() => "created"));
    expect(posted).toEqual(names);
  });
});

describe("a create whose name is being freed", () => {
  const going = { deletionTimestamp: "2026-11-24T16:00:00Z" };
  const inUse =
    (job: KubeJob, until: number): Script =>
    ({ method, response }, { asked }) => {
      if (method === "GET") response.end(JSON.stringify(job));
      else if (method === "DELETE") response.end("{}");
      else if (asked.length < until) answerStatus(response, 409, "AlreadyExists", "object is being deleted");
      else response.end(JSON.stringify(jobObject({ uid: "new", run: 2 })));
    };
  const create = createOf({ jobId: "job1", run: 2 });

  it("by somebody else waits for it, and touches nothing of theirs", async () => {
    const theirs = jobObject({ ...going, labels: { job_from: "somebody" }, finalizers: ["example.com/hold"] });

    const { result, facts } = await run(inUse(theirs, 30), { create });

    expect(result).toBe("created");
    expect(facts).toMatchObject([{ type: "waiting", reason: "name_going" }, { type: "created" }]);
    expect(facts[0]).toMatchObject({ message: expect.stringContaining("held by its finalizer example.com/hold") });
    expect(api.asked.filter(({ method }) => method === "DELETE")).toEqual([]);
  });

  it("by an older run of the job that is going already says what it waits for", async () => {
    const older = jobObject({ ...going, finalizers: ["foregroundDeletion"] });

    const { result, facts } = await run(inUse(older, 30), { create });

    expect(result).toBe("created");
    expect(facts).toMatchObject([
      { type: "waiting", reason: "older_job", message: expect.stringContaining("its pods end first") },
      { type: "created" },
    ]);
  });

  it("for ever expires at its start deadline, and is handed back earlier where the window is crowded", async () => {
    const stuck = inUse(jobObject(going), Number.POSITIVE_INFINITY);
    const expired = await run(stuck, { create: createOf({ jobId: "job1", run: 2, startDeadlineInMs: 20_000 }) });
    await api.stop();
    const dropped = await run(stuck, { create, isCrowded: true });

    expect([expired.result, dropped.result]).toEqual(["expired", "dropped"]);
  });

  it("never, since an older run may not be deleted, is refused in the API server's words", async () => {
    const { result, facts } = await run(
      ({ method, path, response }) => {
        if (method === "POST") answerStatus(response, 409, "AlreadyExists", "exists");
        else if (method === "DELETE") answerStatus(response, 403, "Forbidden", "relay cannot delete resource");
        else response.end(path === "/readyz" ? "ok" : JSON.stringify(jobObject()));
      },
      { create: createOf({ jobId: "job1", run: 2 }) },
    );

    expect(result).toBe("refused");
    expect(facts.at(-1)).toMatchObject({ reason: "forbidden", message: expect.stringContaining("cannot delete") });
  });
});

describe("a create in a namespace that the relay is not told of (any more)", () => {
  it("is refused, and nothing is created", async () => {
    const { result, facts, attempts } = await run(({ response }) => answerStatus(response, 404, "NotFound", "no"), {
      namespaces: ["other"],
    });

    expect({ result, attempts }).toEqual({ result: "refused", attempts: 0 });
    expect(facts).toMatchObject([{ type: "create_refused", reason: "namespace_not_allowed" }]);
  });

  it("is success where an earlier process has created it, and it is said that nobody looks at it", async () => {
    const { result, facts } = await run(({ response }) => response.end(JSON.stringify(jobObject())), {
      namespaces: ["other"],
    });

    expect(result).toBe("adopted");
    expect(facts).toMatchObject([{ type: "created" }, { type: "waiting", reason: "namespace_not_allowed" }]);
  });
});

describe("a create that meets an API server which has just started", () => {
  it("goes on, and says what it waits for", async () => {
    let posts = 0;
    const { result, facts } = await run(({ method, path, response }) => {
      if (path === "/readyz") response.writeHead(posts < 12 ? 500 : 200).end();
      else if (method === "POST" && posts++ < 12) answerStatus(response, 403, "Forbidden", "cannot create");
      else response.end(JSON.stringify(jobObject()));
    });

    expect(result).toBe("created");
    expect(facts).toMatchObject([{ type: "waiting", reason: "api_server_starting" }, { type: "created" }]);
  });

  it("is refused only by a second 403, after it said that it is ready", async () => {
    const { result, attempts } = await run(({ method, path, response }) => {
      if (path === "/readyz") response.end();
      else answerStatus(response, method === "POST" ? 403 : 404, "x", "x");
    });

    expect({ result, attempts }).toEqual({ result: "refused", attempts: 2 });
  });
});

describe("a create that an earlier process may have carried out", () => {
  const found: Script = ({ method, response }) => {
    if (method === "GET") response.end(JSON.stringify(jobObject()));
    else answerStatus(response, 403, "Forbidden", "cannot create");
  };

  it("is looked for before it expires, also without an attempt of this process", async () => {
    const { result, attempts, facts } = await run(found, {
      create: createOf({ jobId: "job1", startDeadlineInMs: -1 }),
    });

    expect({ result, attempts }).toEqual({ result: "adopted", attempts: 0 });
    expect(typesOf(facts)).toEqual(["created"]);
  });

  it("is looked for before it is refused", async () => {
    const { result, facts } = await run(found);

    expect(result).toBe("adopted");
    expect(typesOf(facts)).toEqual(["created"]);
  });

  it("is refused when the name is free, or may not be read", async () => {
    const { result, facts } = await run(({ response }) => answerStatus(response, 403, "Forbidden", "cannot"));

    expect(result).toBe("refused");
    expect(facts).toMatchObject([{ type: "create_refused", reason: "forbidden" }]);
  });
});

describe("a create whose attempt may have happened", () => {
  const lost: Script = ({ method, response }) => {
    if (method === "POST") answerStatus(response, 504, "Timeout", "may have been written");
    else answerStatus(response, 404, "NotFound", "no");
  };
  const create = createOf({ jobId: "job1", startDeadlineInMs: 50 });

  it("expires only after its time-out, when the name is still free", async () => {
    const { result, facts } = await run(lost, { create });

    expect(result).toBe("expired");
    expect(typesOf(facts)).toEqual(["expired"]);
    expect(api.asked.filter(({ method }) => method === "GET").length).toBeGreaterThan(3);
  });

  it("is success when the Job turns up meanwhile", async () => {
    const { result, facts } = await run(
      (asked, { asked: all }) => {
        if (all.length < 4) lost(asked, api);
        else asked.response.end(JSON.stringify(jobObject()));
      },
      { create },
    );

    expect(result).toBe("adopted");
    expect(typesOf(facts)).toEqual(["created"]);
  });

  it("is still waited for when an API server that stood still begins to answer: it may only now read the attempt", async () => {
    let looks = 0;
    const { result, facts } = await run(
      ({ method, response }) => {
        if (method === "POST" || ++looks <= 12) response.destroy();
        else if (looks === 13) answerStatus(response, 404, "NotFound", "not yet");
        else response.end(JSON.stringify(jobObject()));
      },
      { create },
    );

    expect(result).toBe("adopted");
    expect(typesOf(facts)).toEqual(["created"]);
  });

  it("is left open when the process stops before it is known: nothing is said", async () => {
    const stop = new AbortController();

    const { result, facts } = await run(
      (asked) => {
        lost(asked, api);
        stop.abort();
      },
      { stop: stop.signal },
    );

    expect(result).toBe("unsettled");
    expect(facts).toEqual([]);
  });
});
