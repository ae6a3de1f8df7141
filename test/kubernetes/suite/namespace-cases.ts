import { expect } from "vitest";
import { until } from "../../support/wait.ts";
import { grantRelay } from "../cluster/relay-access.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { explained } from "./explained.ts";
import { makeNamespace, makeNamespaceWithAccount } from "./namespaces.ts";
import type { Target } from "./target.ts";
import { testOn } from "./test-on.ts";
import { startWatchbell } from "./watchbell.ts";

const HOLD = '{"metadata":{"finalizers":["watchbell.test/hold"]}}';
const LET_GO = '{"metadata":{"finalizers":null}}';

/** A case that starts systems of its own waits for its turn to do so, too. */
const STARTS_SYSTEMS_MS = 240_000;

/** A relay's account for these namespaces (none: all), beside the suite's; the embedded cluster has one token for all. */
async function relayFor(target: Target, namespaces: readonly string[], name: string): Promise<string> {
  const { cluster } = target;
  return cluster === null ? target.relayKubeconfig : await grantRelay(cluster.admin, cluster.folder, namespaces, name);
}

/** The embedded cluster knows no ServiceAccounts. */
const makeIn = ({ cluster, client }: Target, name: string): Promise<void> =>
  cluster === null ? makeNamespace(client, name) : makeNamespaceWithAccount(client, name);

/** A namespace that is not there, that goes, or that the relay is told of no longer. */
export function namespaceCases({ kind, target }: Bench): void {
  testOn(
    kind,
    ["embedded", "stand-in"],
    "namespaces are the API server's matter: one real one tells as much as two",
  )("a namespace that is not there, or goes, fails the run with its name", async () => {
    const kubeconfig = await relayFor(target(), [], "everywhere");
    const everywhere = await startWatchbell(target(), [], { kubeconfig });
    const pod = ["-n", "going-away", "--type=merge", "-p"];
    try {
      const { api } = everywhere;
      await makeIn(target(), "going-away");
      const holder = await api.create({ ...scriptFields("holder", "true"), namespace: "going-away" });
      await api.untilStatus(holder, 2);
      const name = await target().kubectl(
        "get",
        "pods",
        "-n",
        "going-away",
        "-o",
        "jsonpath={.items[0].metadata.name}",
      );
      // A pod holds the namespace open while it goes.
      await target().kubectl("patch", "pod", name, ...pod, HOLD);
      await target().kubectl("delete", "namespace", "going-away", "--wait=false");
      const missing = await api.create({ ...scriptFields("lost-way", "true"), namespace: "nowhere" });
      const going = await api.create({ ...scriptFields("too-late", "true"), namespace: "going-away" });

      const job = await api.untilStatus(missing, 1);
      expect(job.runs[0]).toMatchObject({ status: "failed", reason: "namespace_missing" });
      expect(job.explain).toContain('namespaces "nowhere" not found');
      const late = await api.untilStatus(going, 1);
      expect(late.runs[0]).toMatchObject({ status: "failed", reason: "namespace_terminating" });
      expect(late.explain).toContain("going-away");
      await target().kubectl("patch", "pod", name, ...pod, LET_GO);
    } finally {
      await everywhere.stop();
    }
  });

  testOn(
    kind,
    ["stand-in"],
    "it starts systems of its own, and is the API server's and the relay's matter: one real one tells as much as two",
  )(
    "a relay that is told of a namespace no longer creates nothing there, and loses no run: told again it goes on",
    { timeout: STARTS_SYSTEMS_MS },
    async () => {
      for (const name of ["kept", "dropped"]) await makeIn(target(), name);
      const kubeconfig = await relayFor(target(), ["kept", "dropped"], "changing");
      const both = await startWatchbell(target(), ["kept", "dropped"], { kubeconfig });
      const { stateDir } = both.system;
      let now = both;
      const restart = async (...namespaces: string[]) => {
        await now.system.stop();
        now = await startWatchbell(target(), namespaces, { kubeconfig, stateDir });
      };
      try {
        const script = "echo begun; sleep 15; echo done";
        const fields = { namespace: "dropped", metadata: { log_collect: "true" } };
        const running = await both.api.create({ ...scriptFields("runs-on", script), ...fields });
        await both.api.untilStatus(running, 0);
        await until("it runs", async () => (await both.api.describe(running)).status === "running");
        const booked = await both.api.create({ ...scriptFields("booked", "true"), ...fields, job_exec_time: "PT6S" });

        await restart("kept");
        const refused = await now.api.untilStatus(booked, 1, 40_000);
        expect(refused.runs[0]).toMatchObject({ status: "failed", reason: "namespace_not_allowed" });
        const words =
          /waiting: namespace_not_allowed: its Job is not looked at: the relay may not touch namespace dropped/;
        expect((await explained(now.api, running, words)).status).toBe("running");
        const answer = await now.api.call("POST", `/api/once_job/delete/${running}`, {});
        expect(answer).toMatchObject({ code: 255, cause: expect.stringContaining("WATCHBELL_NAMESPACES") });

        await restart("kept", "dropped");
        const job = await now.api.untilStatus(running, 2, 60_000);
        expect(job).toMatchObject({ status: "succeeded", job_times: 1 });
        expect((await now.api.logs(running)).map((row) => row.run_logs)).toEqual(["begun\ndone\n"]);
      } finally {
        await now.stop();
      }
    },
  );
}
