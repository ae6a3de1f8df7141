import { afterEach, describe, expect, it } from "vitest";
import { checkRun } from "../../../relay/kubernetes/remove-run.ts";
import { startParts } from "../support/cluster-parts.ts";
import { podObject } from "../support/objects.ts";
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
