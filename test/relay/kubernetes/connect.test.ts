import { afterEach, describe, expect, it } from "vitest";
import { meetCluster } from "../../../relay/kubernetes/connect.ts";
import { type Asked, answerStatus, quickClock, ScriptedApi } from "../support/scripted-api.ts";

let api: ScriptedApi;
afterEach(() => api.stop());

const VERSION = JSON.stringify({ major: "1", minor: "36", gitVersion: "v1.36.3" });

/** Meets a cluster whose answers for one namespace's uid the test gives. */
async function meet(namespace: (asked: Asked, name: string, times: number) => void) {
  const clock = quickClock();
  const times = new Map<string, number>();
  api = await ScriptedApi.start((asked) => {
    const { path, response } = asked;
    if (path === "/version") return void response.end(VERSION);
    if (path === "/readyz") return void response.end("ok");
    const name = path.split("/").at(-1) ?? "";
    times.set(name, (times.get(name) ?? 0) + 1);
    namespace(asked, name, times.get(name) ?? 0);
  }, clock);
  return await meetCluster(api.calls.api, clock, "own", "KUBECONFIG=x", new AbortController().signal);
}

const uid = ({ response }: Asked, value: string) => void response.end(JSON.stringify({ metadata: { uid: value } }));

describe("the identity of a cluster", () => {
  it("is both uids, asked for again where the API server stumbles", async () => {
    const met = await meet((asked, name, times) => {
      if (name === "kube-system" && times === 1) asked.response.destroy();
      else if (name === "kube-system" && times === 2) answerStatus(asked.response, 504, "Timeout", "no");
      else uid(asked, `uid-of-${name}`);
    });

    expect(met).toMatchObject({
      ok: true,
      value: { identity: { kubeSystemUid: "uid-of-kube-system", namespaceUid: "uid-of-own" } },
    });
  });

  it("is its own namespace's alone where kube-system may not be read", async () => {
    const met = await meet((asked, name) =>
      name === "own" ? uid(asked, "o") : answerStatus(asked.response, 403, "Forbidden", "no"),
    );

    expect(met).toMatchObject({ ok: true, value: { identity: { namespaceUid: "o" } } });
    expect(met.ok && "kubeSystemUid" in met.value.identity).toBe(false);
  });

  it("is never half of it: a server that goes on stumbling ends the start with a sentence", async () => {
    const met = await meet((asked, name) =>
      name === "own" ? uid(asked, "o") : answerStatus(asked.response, 500, "InternalError", "etcd is away"),
    );

    expect(met).toEqual({ ok: false, sentence: expect.stringContaining("etcd is away") });
  });

  it("that can't be told ends the start, too", async () => {
    const met = await meet((asked) => answerStatus(asked.response, 403, "Forbidden", "no"));

    expect(met).toEqual({ ok: false, sentence: expect.stringContaining("allow it `get` on one of them") });
  });
});
