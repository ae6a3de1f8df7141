import { once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { listProcesses, type ProcessInfo } from "../../dev/support/processes.ts";
import { isListening } from "../support/leaks.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/wait.ts";
import { kubernetesPrograms } from "./binaries/kubernetes.ts";
import { mustRun } from "./binaries/run.ts";
import { cgroupName, findCgroups } from "./real/cgroups.ts";
import { processesIn, startUp, untilReady } from "./up.ts";

/** Longer than the reaper and the groups' sweeper take, and short of a person's patience, ms. */
const NOTHING_LEFT_WITHIN_MS = 5_000;

/** Where a process lives: the ids of its mount, network and pid namespaces; none where it has ended. */
function namespacesOf({ pid }: { pid: number }): string[] {
  try {
    return ["mnt", "net", "pid"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  } catch {
    return [];
  }
}

/** What of a cluster is still there: processes, namespaces that any process holds, mounts, control groups, its port. */
async function whatIsLeft(state: string, before: ProcessInfo[], own: Set<string>, port: number, cgroup: string) {
  const now = listProcesses().filter(({ isZombie }) => !isZombie);
  const known = new Set(before.map(({ pid, startTicks }) => `${pid}-${startTicks}`));
  return {
    processes:
      now.filter(({ pid, startTicks }) => known.has(`${pid}-${startTicks}`)).length + processesIn(state).length,
    namespaces: now.flatMap(namespacesOf).filter((id) => own.has(id)).length,
    mounts: readFileSync("/proc/mounts", "utf8").split(state).length - 1,
    cgroups: findCgroups(cgroup).length,
    port: await isListening(port),
  };
}

const NOTHING = { processes: 0, namespaces: 0, mounts: 0, cgroups: 0, port: false };

describe("npm run kubernetes -- up --real", () => {
  test("after a kill -9 of it, with a container running, nothing is left of it within 5 s", async () => {
    const bin = await kubernetesPrograms(console.log);
    const state = tempFolder();
    const child = startUp(state, "--real");
    const { port, kubeconfig } = await untilReady(child);
    const kubectl = (...args: string[]) => mustRun(path.join(bin, "kubectl"), ["--kubeconfig", kubeconfig, ...args]);
    await kubectl("run", "lasting", "--image=localhost/box:1", "--command", "--", "sleep", "86400");
    await kubectl("wait", "pod/lasting", "--for=condition=Ready", "--timeout=60s");
    const cgroup = cgroupName(state, child.pid ?? 0);
    const before = processesIn(state);
    const outside = new Set(namespacesOf(process));
    const own = new Set(before.flatMap(namespacesOf).filter((id) => !outside.has(id)));
    // The node's three and the pod's own: there is something that can be left.
    expect(own.size).toBeGreaterThan(3);
    expect(findCgroups(cgroup).length).toBeGreaterThan(0);

    child.kill("SIGKILL");
    let left: object = {};
    const isOver = async () => {
      left = await whatIsLeft(state, before, own, port, cgroup);
      return JSON.stringify(left) === JSON.stringify(NOTHING);
    };
    await until("nothing is left", isOver, NOTHING_LEFT_WITHIN_MS).catch(() => undefined);
    expect(left).toEqual(NOTHING);
  });

  test.for(["starting etcd and the API server", "starting the controllers and the node"])(
    "Ctrl-C while it is %s ends it with code 0, and nothing is left",
    async (moment) => {
      const state = tempFolder();
      const child = startUp(state, "--real");
      let said = "";
      child.stderr?.on("data", (chunk) => {
        said += String(chunk);
      });
      await until(moment, () => said.includes(moment), 60_000);
      // Its namespaces are there before it says so, its processes a moment later.
      const before = await until("it has started something", () => {
        const found = processesIn(state);
        return found.length > 1 ? found : null;
      });
      const outside = new Set(namespacesOf(process));
      const own = new Set(before.flatMap(namespacesOf).filter((id) => !outside.has(id)));
      expect(own.size).toBeGreaterThan(0);
      const ended = once(child, "exit");
      child.kill("SIGINT");
      // Twice, as from a terminal through npm.
      child.kill("SIGINT");
      expect(await ended).toEqual([0, null]);
      const cgroup = cgroupName(state, child.pid ?? 0);
      expect(await whatIsLeft(state, before, own, 0, cgroup)).toEqual(NOTHING);
      expect(said).not.toContain("error");
    },
  );
});
