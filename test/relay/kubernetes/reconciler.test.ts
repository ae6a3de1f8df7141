import { afterEach, describe, expect, it } from "vitest";
import type { FactAnswer, FactBody } from "../../../relay/facts.ts";
import { type Script, startParts } from "../support/cluster-parts.ts";
import { CLUSTER_LABEL } from "../support/manifests.ts";
import { containerStatus, jobObject, podObject } from "../support/objects.ts";
import { type Asked, answerStatus, type ScriptedApi } from "../support/scripted-api.ts";

let api: ScriptedApi;
afterEach(() => api.stop());

async function start(script: Script, answer?: (fact: FactBody) => FactAnswer) {
  const parts = await startParts(script, answer);
  api = parts.api;
  return parts;
}

const ok = ({ response }: Asked): void => {
  response.end("{}");
};
const noEvents = ({ response }: Asked): void => {
  response.end('{"metadata":{},"items":[]}');
};
const TAKEN_UP = jobObject({ status: { startTime: "2026-11-24T16:00:00Z" } });
const typesOf = (facts: readonly FactBody[]): string[] => facts.map(({ type }) => type);

describe("reconciling", () => {
  it("says each thing once, however often it is asked", async () => {
    const { facts, store, reconciler, track } = await start(ok);
    const run = track();
    store.takePod(podObject({ phase: "Running", containers: [containerStatus("main", { running: {} })] }), false);

    reconciler.reconcile(run);
    reconciler.reconcile(run);

    expect(typesOf(facts)).toEqual(["created", "started"]);
  });

  it("is silent about a run whose create is still under way in this process", async () => {
    const { facts, reconciler, underWay, track } = await start(ok);
    underWay.creating.add("job1/1");

    reconciler.reconcile(track());

    expect(facts).toEqual([]);
  });

  it("is silent about a Job that was reported", async () => {
    const { facts, reconciler, track } = await start(ok);

    reconciler.reconcile(track(jobObject({ annotations: { "watchbell.dev/reported-at": "2026-11-24T16:00:00Z" } })));

    expect(facts).toEqual([]);
  });

  it("asks for the pods when their watch lags behind the Job's end", async () => {
    const pod = {
      metadata: {
        name: "pod1",
        namespace: "default",
        uid: "p",
        ownerReferences: [{ uid: "job-uid", controller: true }],
      },
      spec: { containers: [{ name: "main" }] },
      status: {
        phase: "Failed",
        containerStatuses: [containerStatus("main", { terminated: { exitCode: 9, reason: "Error" } })],
      },
    };
    const { facts, reconciler, track } = await start(({ path, response }) => {
      if (path.endsWith("/pods")) response.end(JSON.stringify({ metadata: {}, items: [pod] }));
      else response.end("{}");
    });
    const conditions = [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "limit" }];

    reconciler.reconcile(track(jobObject({ conditions, status: { failed: 1 } })));

    await expect.poll(() => typesOf(facts)).toContain("ended");
    expect(facts.find(({ type }) => type === "ended")).toMatchObject({
      message: expect.stringContaining("exited with code 9"),
    });
    const selector = `watchbell_cluster=${CLUSTER_LABEL},batch.kubernetes.io/controller-uid=job-uid`;
    expect(api.asked[0]?.query.get("labelSelector")).toBe(selector);
  });

  it("tells by the newest event why a Job gets no pod", async () => {
    const items = [
      { reason: "FailedCreate", message: "newest: no hunter2-secret", lastTimestamp: "2026-11-24T16:00:09Z" },
      { reason: "FailedCreate", message: "older", lastTimestamp: "2026-11-24T16:00:01Z" },
      { reason: "SuccessfulCreate", message: "other", lastTimestamp: "2026-11-24T16:00:10Z" },
    ];
    const env = [{ name: "TOKEN", value: "hunter2-secret" }];
    const { clock, facts, reconciler, track } = await start(({ path, response }) =>
      response.end(JSON.stringify(path.endsWith("/events") ? { metadata: {}, items } : { spec: { env } })),
    );
    track(TAKEN_UP);
    clock.forward(6_000);

    reconciler.tick();

    await expect.poll(() => typesOf(facts)).toContain("waiting");
    expect(facts.at(-1)).toMatchObject({ reason: "FailedCreate", message: "newest: no …" });
    expect(api.asked[0]?.query.get("fieldSelector")).toBe("involvedObject.uid=job-uid");
  });

  const forbidEvents = ({ path, response }: Asked): void =>
    path === "/readyz" ? void response.end() : answerStatus(response, 403, "Forbidden", "cannot list events");

  it.each<{ what: string; script: Script; says: RegExp }>([
    {
      what: "may not be read",
      script: forbidEvents,
      says: /no pod, and its events.* can't be read: .*cannot list events/,
    },
    {
      what: "say nothing",
      script: noEvents,
      says: /no event says why/,
    },
  ])("tells that a Job gets no pod also where its events $what", async ({ script, says }) => {
    const { clock, facts, reconciler, track } = await start(script);
    track(TAKEN_UP);
    clock.forward(6_000);

    reconciler.tick();

    await expect.poll(() => typesOf(facts)).toContain("waiting");
    expect(facts.at(-1)).toMatchObject({ reason: "NoPod", message: expect.stringMatching(says) });
  });

  it("tells why the next pod of a Job can't be made, by events of that time alone, until it comes", async () => {
    const at = (ms: number) => new Date(ms).toISOString();
    const items = [{ reason: "FailedCreate", message: "of old", lastTimestamp: at(Date.now() - 60_000) }];
    const { clock, facts, store, reconciler, track } = await start(({ response }) =>
      response.end(JSON.stringify({ metadata: {}, items })),
    );
    const ended = containerStatus("main", { terminated: { exitCode: 1 } });
    const run = track(TAKEN_UP);
    store.takePod(podObject({ phase: "Failed", containers: [ended] }), false);
    reconciler.reconcile(run);
    const look = async (): Promise<void> => {
      const asked = api.asked.length;
      clock.forward(31_000);
      reconciler.tick();
      await expect.poll(() => api.asked.length).toBeGreaterThan(asked);
      await clock.sleep(0);
    };

    await look();
    expect(JSON.stringify(facts)).not.toContain("of old");
    items.push({ reason: "FailedCreate", message: "exceeded quota", lastTimestamp: at(Date.now()) });
    await look();
    await expect.poll(() => facts.at(-1)).toMatchObject({ type: "waiting", message: "exceeded quota" });
    store.takePod(podObject({ name: "pod2" }), false);
    for (let seconds = 0; seconds < 10; seconds++) {
      clock.forward(1_000);
      reconciler.tick();
    }

    expect(facts.at(-1)).toMatchObject({ type: "waiting", reason: "" });
  });

  it("says that the Job can't be watched, and takes it back once it can", async () => {
    const { clock, facts, reconciler, track } = await start(ok);
    const run = track();

    reconciler.sayUnseen(run, "no right");
    clock.forward(6_000);
    reconciler.sayUnseen(run, "no right");
    reconciler.seenAgain(run);
    reconciler.seenAgain(run);

    expect(facts).toMatchObject([
      { reason: "forbidden", message: "no right" },
      { reason: "", message: "" },
    ]);
  });

  it("asks for no event of a Job that the Job controller has not come to, until that takes long, and then says so", async () => {
    const { clock, facts, reconciler, track } = await start(noEvents);
    track();

    for (let seconds = 0; seconds < 10; seconds++) {
      clock.forward(1_000);
      reconciler.tick();
    }
    expect(api.asked).toEqual([]);
    clock.forward(1_000);
    reconciler.tick();

    await expect
      .poll(() => facts.at(-1))
      .toMatchObject({
        reason: "NoPod",
        message: expect.stringContaining("has not come to the Job"),
      });
    expect(api.asked.map(({ path }) => path)).toEqual([expect.stringContaining("/events")]);
  });

  it("tells why nothing of a Job ever ran when its deadline ends it, and not what the kubelet makes of that", async () => {
    const { clock, facts, store, reconciler, track } = await start(ok);
    const run = track();
    const waiting = containerStatus("main", { waiting: { reason: "ImagePullBackOff", message: "no such image" } });
    store.takePod(podObject({ containers: [waiting] }), false);
    reconciler.reconcile(run);
    clock.forward(6_000);
    reconciler.sayWaiting(run, { reason: "PodTerminating", message: "it is to end" });
    const unknown = containerStatus("main", { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } });
    store.takePod(podObject({ phase: "Failed", containers: [unknown] }), false);
    clock.forward(6_000);
    reconciler.reconcile(run);
    expect(facts.at(-1)).toMatchObject({ type: "waiting", reason: "PodBackOff" });
    const conditions = [{ type: "Failed", status: "True", reason: "DeadlineExceeded", message: "too long" }];
    run.job = jobObject({ conditions, status: { failed: 1 } });

    reconciler.reconcile(run);

    expect(facts.find(({ type }) => type === "ended")).toMatchObject({
      message: "too long; no container started: ImagePullBackOff: pod pod1: container main: no such image",
    });
  });

  it("says why a run waits when that changed, and not too often", async () => {
    const { clock, facts, reconciler, track } = await start(ok);
    const run = track();
    const say = (message: string): void => reconciler.sayWaiting(run, { reason: "r", message });

    say("a");
    say("a");
    say("b");
    clock.forward(5_000);
    say("b");

    expect(facts).toMatchObject([{ message: "a" }, { message: "b" }]);
  });
});

describe("why a run that has started does not get on", () => {
  const running = (deletionTimestamp?: string) =>
    podObject({
      ...{ phase: "Running", node: "n1", containers: [containerStatus("main", { running: {} })] },
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    });
  const waitings = (facts: readonly FactBody[]) => facts.filter(({ type }) => type === "waiting");

  it("is said once it lasts, and taken back when it is over", async () => {
    const { clock, facts, store, reconciler, track } = await start(ok);
    const run = track();
    store.takePod(running(), false);
    reconciler.reconcile(run);
    store.takePod(running("2026-11-24T16:00:00Z"), false);

    reconciler.tick();
    expect(waitings(facts)).toEqual([]);
    clock.forward(3_000);
    reconciler.tick();
    expect(waitings(facts)).toMatchObject([{ reason: "PodTerminating" }]);

    store.takePod(running(), true);
    store.takePod(podObject({ name: "pod2", containers: [containerStatus("main", { running: {} })] }), false);
    reconciler.tick();
    clock.forward(5_000);
    reconciler.tick();
    reconciler.tick();
    expect(waitings(facts)).toMatchObject([{ reason: "PodTerminating" }, { reason: "", message: "" }]);
  });

  it("is no news where the next pod comes at once", async () => {
    const { clock, facts, store, reconciler, track } = await start(ok);
    const run = track();
    store.takePod(running(), false);
    reconciler.reconcile(run);
    store.takePod(running(), true);
    reconciler.tick();
    clock.forward(2_000);
    store.takePod(podObject({ name: "pod2", containers: [containerStatus("main", { running: {} })] }), false);
    clock.forward(5_000);
    reconciler.tick();

    expect(waitings(facts)).toEqual([]);
  });
});

describe("the log of a pod that somebody deletes", () => {
  const deleted = podObject({
    ...{ phase: "Running", containers: [containerStatus("main", { running: {} })] },
    deletionTimestamp: "2026-11-24T16:00:00Z",
  });
  const follows = (): string[] => api.asked.filter(({ query }) => query.has("follow")).map(({ path }) => path);

  it("is followed as long as it can be", async () => {
    const { store, reconciler, track } = await start(ok);
    const run = track();
    store.takePod(deleted, false);

    reconciler.reconcile(run);

    await expect.poll(follows).toEqual(["/api/v1/namespaces/default/pods/pod1/log"]);
  });

  it("is left alone where the Job goes with it", async () => {
    const { store, reconciler, track, underWay } = await start(ok);
    const run = track(jobObject({ deletionTimestamp: "2026-11-24T16:00:00Z" }));
    store.takePod(deleted, false);
    reconciler.reconcile(run);
    run.job = jobObject();
    underWay.removing.add("job1/1");
    reconciler.reconcile(run);
    const answered = await api.calls.getJob(run);

    expect(answered.ok).toBe(false);
    expect(follows()).toEqual([]);
  });
});

describe("a Job that a list or the watch lacks", () => {
  const notFound = ({ response }: Asked): void => answerStatus(response, 404, "NotFound", "no");

  it("is lost when the API server answers 404 for it", async () => {
    const { facts, reconciler, track, store } = await start(notFound);

    await reconciler.vanished(track());

    expect(facts).toMatchObject([{ type: "lost", uid: "job-uid" }]);
    expect([...store.runs()]).toEqual([]);
  });

  it("is lost only once no pod of it is left that may still run", async () => {
    let phase = "Running";
    const pod = () => ({ ...podObject({ node: "n1", phase }) });
    const { clock, facts, reconciler, track } = await start(({ path, response }) => {
      if (path.endsWith("/pods")) response.end(JSON.stringify({ metadata: {}, items: [pod()] }));
      else answerStatus(response, 404, "NotFound", "no");
    });
    const run = track();

    await reconciler.vanished(run);
    reconciler.reconcile(run);
    expect(facts).toMatchObject([{ type: "waiting", reason: "JobGone" }]);
    expect(facts[0]).toMatchObject({ message: expect.stringContaining("pod pod1 on node n1 is still there") });
    expect(api.asked.at(-1)?.query.get("labelSelector")).toContain("batch.kubernetes.io/controller-uid=job-uid");

    phase = "Succeeded";
    reconciler.tick();
    expect(typesOf(facts)).toEqual(["waiting"]);
    clock.forward(2_000);
    reconciler.tick();
    await expect.poll(() => typesOf(facts)).toEqual(["waiting", "lost"]);
  });

  it("is not lost when a right was lost, or nobody answers: the next relist asks again", async () => {
    const { facts, reconciler, track, store } = await start(({ response }, { asked }) =>
      asked.length === 1 ? answerStatus(response, 403, "Forbidden", "no") : answerStatus(response, 500, "x", "no"),
    );
    const run = track();

    await reconciler.vanished(run);
    await reconciler.vanished(run);

    expect(facts).toEqual([]);
    expect([...store.runs()]).toEqual([run]);
  });

  it("is not lost when the API server denies the look, and that is said", async () => {
    const { facts, reconciler, track, store } = await start(({ path, response }) =>
      path === "/readyz" ? response.end() : answerStatus(response, 403, "Forbidden", "cannot get"),
    );
    const run = track();

    await reconciler.vanished(run);

    expect(facts).toMatchObject([
      { type: "waiting", reason: "forbidden", message: expect.stringContaining("cannot get") },
    ]);
    expect([...store.runs()]).toEqual([run]);
  });

  it("is not lost while a remove works on it, and forgotten", async () => {
    const { facts, reconciler, track, underWay, store } = await start(notFound);
    underWay.removing.add("job1/1");

    await reconciler.vanished(track());

    expect(facts).toEqual([]);
    expect(api.asked).toEqual([]);
    expect([...store.runs()]).toEqual([]);
  });

  it("is not lost once its end was said", async () => {
    const { facts, reconciler, track } = await start(notFound);
    const run = track();
    run.said.ended = true;

    await reconciler.vanished(run);

    expect(facts).toEqual([]);
  });
});

describe("a run's end", () => {
  const end = { result: "succeeded" as const, reason: "", message: "", endedAt: null, pods: [], podCount: 1, logs: [] };
  const patches = (): Asked[] => api.asked.filter(({ method }) => method === "PATCH");

  it("is marked on the Job after the acknowledgement, and tried again while that fails", async () => {
    const { finisher, track } = await start(({ response }, { asked }) =>
      asked.length < 3 ? answerStatus(response, 500, "InternalError", "later") : response.end("{}"),
    );

    await finisher.finish(track(), end, 0);

    expect(patches()).toHaveLength(3);
  });

  it.each([404, 409])("is done with when the patch is answered %i: the Job is gone, or another", async (code) => {
    const { finisher, track } = await start(({ response }) => answerStatus(response, code, "x", "x"));

    await finisher.finish(track(), end, 0);

    expect(patches()).toHaveLength(1);
  });

  it("that may not be marked is remarked on, until the right is there", async () => {
    let remark = "";
    const { finisher, track } = await start(({ path, response }, { asked }) => {
      if (path === "/readyz") return void response.end();
      if (asked.length > 20) return void response.end("{}");
      remark = finisher.remark || remark;
      answerStatus(response, 403, "Forbidden", "cannot patch");
    });

    await finisher.finish(track(), end, 0);

    expect(remark).toMatch(/^; the TTL of 1 finished Jobs can't be set: .*cannot patch$/);
    expect(finisher.remark).toBe("");
  });

  it("with logs that were refused is marked only after they are taken, at a relist", async () => {
    let taken = false;
    const { finisher, facts, track } = await start(
      ({ method, response }) => response.end(method === "GET" ? "2026-11-24T16:00:00.123456789Z x\n" : "{}"),
      (fact) => (fact.type === "log" && !taken ? "refused" : "ok"),
    );
    const log = { podName: "pod1", podUid: "p", container: "main", restart: 0 };
    const finished = finisher.finish(track(), { ...end, logs: [log] }, 0);
    await expect.poll(() => typesOf(facts)).toEqual(["ended", "log"]);
    expect(patches()).toHaveLength(0);

    taken = true;
    finisher.relisted();
    await finished;

    expect(typesOf(facts)).toEqual(["ended", "log", "log"]);
    expect(patches()).toHaveLength(1);
  });
});
