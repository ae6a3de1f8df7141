import { afterEach, describe, expect, it } from "vitest";
import { checkRun, removeRun } from "../../../relay/kubernetes/remove-run.ts";
import { type Script, startParts } from "../support/cluster-parts.ts";
import { removeOf } from "../support/manifests.ts";
import { jobObject, podObject } from "../support/objects.ts";
import { answerStatus, type ScriptedApi } from "../support/scripted-api.ts";

let api: ScriptedApi;
afterEach(() => api.stop());

const CHECK = {
  ...{ type: "check" as const, jobId: "job1", run: 1 },
  ...{ namespace: "default", name: "job1", uid: "job-uid" },
};

describe("a check of a Job that is gone", () => {
  it("is answered lost only once no pod of it is left that may still run, which it says meanwhile", async () => {
    let asked = 0;
    const parts = await startParts(({ path, response }) => {
      if (!path.endsWith("/pods")) return answerStatus(response, 404, "NotFound", "no");
      asked++;
      // A question that fails is no answer; the fourth finds the pod over.
      if (asked === 1) return answerStatus(response, 500, "InternalError", "later");
      const pod = podObject({ name: "orphan", node: "n1", phase: asked < 4 ? "Running" : "Succeeded" });
      response.end(JSON.stringify({ metadata: {}, items: [pod] }));
    });
    api = parts.api;

    await checkRun(parts.context, CHECK, new AbortController().signal);

    expect(parts.facts).toMatchObject([
      { type: "waiting", reason: "JobGone", message: expect.stringContaining("pod orphan on node n1") },
      { type: "lost", uid: "job-uid" },
    ]);
    expect(asked).toBe(4);
  });
});

const there: Script = ({ response }) => response.end(JSON.stringify(jobObject()));
const forbidden: Script = ({ path, response }) =>
  path === "/readyz" ? response.end() : answerStatus(response, 403, "Forbidden", "cannot do it");

/** The parts, with a relay that is told of these namespaces. */
async function start(script: Script, namespaces: string[] = []) {
  const parts = await startParts(script);
  api = parts.api;
  return { ...parts, context: { ...parts.context, namespaces } };
}

describe("a remove", () => {
  const remove = removeOf({ jobId: "job1" });

  it("in a namespace that the relay is not told of (any more) is refused, and touches nothing", async () => {
    const { context, facts, signal } = await start(there, ["other"]);

    await removeRun(context, remove, signal);

    expect(facts).toMatchObject([
      { type: "remove_failed", n: 2, message: "the relay may not touch namespace default (WATCHBELL_NAMESPACES)" },
    ]);
    expect(api.asked).toEqual([]);
  });

  it("that the API server denies fails in its words", async () => {
    const { context, facts, signal } = await start((asked, scripted) =>
      asked.method === "GET" && asked.path !== "/readyz" ? there(asked, scripted) : forbidden(asked, scripted),
    );

    await removeRun(context, remove, signal);

    expect(facts).toMatchObject([{ type: "remove_failed", message: "the API server answered 403: cannot do it" }]);
  });
});

describe("a check", () => {
  const missing: Script = ({ path, response }) =>
    path.endsWith("/pods") ? response.end('{"metadata":{},"items":[]}') : answerStatus(response, 404, "NotFound", "no");

  it("in a namespace that the relay is not told of (any more) never says lost, but that nobody looks", async () => {
    const { context, facts, signal } = await start(missing, ["other"]);

    await checkRun(context, CHECK, signal);

    expect(facts).toMatchObject([{ type: "waiting", reason: "namespace_not_allowed" }]);
    expect(api.asked).toEqual([]);
  });

  it("that the API server denies says so once, and lost only when it answers 404", async () => {
    const { context, facts, signal } = await start((asked, scripted) =>
      scripted.asked.length < 20 ? forbidden(asked, scripted) : missing(asked, scripted),
    );

    await checkRun(context, CHECK, signal);

    expect(facts).toMatchObject([
      { type: "waiting", reason: "forbidden", message: expect.stringContaining("cannot do it") },
      { type: "lost", uid: "job-uid" },
    ]);
  });
});
