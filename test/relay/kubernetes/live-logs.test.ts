import { afterEach, expect, it, vi } from "vitest";
import type { Lines } from "../../../protocol/up.ts";
import { systemClock } from "../../../relay/clock.ts";
import { Follows } from "../../../relay/kubernetes/follows.ts";
import { LiveLogs } from "../../../relay/kubernetes/live-logs.ts";
import { LogCollector } from "../../../relay/kubernetes/log-collector.ts";
import { LogPeeks } from "../../../relay/kubernetes/log-peeks.ts";
import { RunStore } from "../../../relay/kubernetes/run-store.ts";
import { containerStatus, jobObject, podObject } from "../support/objects.ts";
import { ScriptedApi } from "../support/scripted-api.ts";

let api: ScriptedApi;
afterEach(() => api.stop());

it("the follow of a log that only readers want is closed within seconds after the last of them left, others' stays", async () => {
  const closed: string[] = [];
  api = await ScriptedApi.start(({ path, response }) => {
    response.write("2026-11-24T16:00:00.000000001Z line\n");
    response.on("close", () => closed.push(path));
  });
  const { signal } = new AbortController();
  const { calls } = api;
  const store = new RunStore();
  const follows = new Follows(calls, systemClock);
  const peeks = new LogPeeks(calls, systemClock, signal);
  const ports = { calls, clock: systemClock, follows, peeks, signal };
  const collector = new LogCollector({ ...ports, report: async () => "ok", onBytes: () => {} });
  const said: Lines[] = [];
  const live = new LiveLogs({
    clock: systemClock,
    store,
    follows,
    collector,
    say: (lines) => said.push(lines),
    signal,
  });
  const run = store.takeJob(jobObject(), 0, true);
  if (!run) throw new Error("no run");
  for (const name of ["pod1", "pod2"]) {
    store.takePod(
      podObject({ name, uid: name, phase: "Running", containers: [containerStatus("main", { running: {} })] }),
      false,
    );
  }
  const wanted = { podName: "pod2", podUid: "pod2", container: "main", restart: 0 };
  follows.attach("default", wanted, collector.context(run, wanted, undefined), "rotation");
  live.take({ type: "follow", ...run.key, ask: 1, after: "", ended: false, waitMs: 5_000 });
  await vi.waitFor(() => expect(said[0]?.logs[0]?.lines).toEqual([[1, "line"]]), { timeout: 5_000 });
  expect(api.asked).toHaveLength(2);
  live.take({ type: "follow", ...run.key, ask: 2, after: "", ended: false, waitMs: 60_000 });

  live.take({ type: "unfollow", ...run.key });

  await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 10_000 });
  expect(closed[0]).toContain("/pod1/");
  expect(follows.readingOf(wanted)).not.toBeNull();
  expect(said.at(-1)).toMatchObject({ ask: 2 });
  follows.release(wanted);
});
