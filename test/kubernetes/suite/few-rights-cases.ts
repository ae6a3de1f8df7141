import { expect } from "vitest";
import { until } from "../../support/wait.ts";
import { grantRelay } from "../cluster/relay-access.ts";
import { LASTING } from "./at-work.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { explained } from "./explained.ts";
import { makeNamespaceWithAccount } from "./namespaces.ts";
import { readyz } from "./relay-process.ts";
import { FEW_RIGHTS } from "./target.ts";
import { testOn } from "./test-on.ts";
import { startWatchbell } from "./watchbell.ts";

/** A case that starts systems of its own waits for its turn to do so, too. */
const STARTS_SYSTEMS_MS = 240_000;

/** What becomes of runs where the relay lacks one right or another, or loses all of them. */
export function fewRightsCases({ kind, target, watchbell, create }: Bench): void {
  const caseOf = testOn(kind, ["stand-in", "real"], "the embedded cluster has no RBAC");
  const few = { namespace: FEW_RIGHTS };

  caseOf(
    "without the right to read logs, or to set a TTL, a job ends all the same, and its log's row says why",
    async () => {
      const { api } = watchbell();
      const id = await create("no-log", "echo unseen; exit 3", { ...few, metadata: { backoff_limit: "0" } });
      const job = await api.untilStatus(id, 1, 30_000);
      expect(job.job_exec_information).toContain("code 3");
      const [row] = await api.logs(id);
      expect(row?.run_logs).toMatch(/^\[watchbell: log not readable: .*cannot get resource "pods\/log"/);
      const ttl = ["get", "job", "no-log", "-n", FEW_RIGHTS, "-o", "jsonpath={.spec.ttlSecondsAfterFinished}"];
      expect(await target().kubectl(...ttl)).toBe("");
      expect((await readyz(watchbell())).words).toMatch(
        /ready: active; .*the TTL of \d+ finished Jobs can't be set: .*cannot patch/,
      );
    },
  );

  caseOf(
    "without the right to delete, a delete answers 255 in the API server's words, and the job goes on",
    async () => {
      const { api } = watchbell();
      const id = await create("not-deleted", LASTING, few);
      await until("it runs", async () => (await api.describe(id)).status === "running");
      const answer = await api.call("POST", `/api/once_job/delete/${id}`, {});
      expect(answer).toMatchObject({ code: 255, cause: expect.stringMatching(/403: .*cannot delete resource "jobs"/) });
      const job = await explained(api, id, /running in .*it could not be deleted: .*cannot delete resource/);
      expect(job.job_status).toBe(0);
      await target().kubectl("delete", "job", "not-deleted", "-n", FEW_RIGHTS);
      expect((await api.untilStatus(id, 1, 30_000)).status).toBe("lost");
    },
  );

  caseOf("without the right to read events, a Job that gets no pod says at least that", async () => {
    const { api } = watchbell();
    const job_patch = { spec: { template: { spec: { serviceAccountName: "nobody" } } } };
    const id = await create("no-events", "true", { ...few, metadata: { job_patch, active_deadline_seconds: "30" } });
    const words =
      /waiting: NoPod: the Job has no pod, and its events, .* can't be read: .*cannot list resource "events"/;
    await explained(api, id, words);
    const job = await api.untilStatus(id, 1, 60_000);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "DeadlineExceeded" });
  });

  testOn(kind, ["stand-in"], "rights are a real API server's matter, and no node's: one tells as much as two")(
    "a relay that loses its rights while a job runs loses no run, says so, and goes on once they are back",
    { timeout: STARTS_SYSTEMS_MS },
    async () => {
      const { cluster, kubectl } = target();
      if (cluster === null) throw new Error("there is no RBAC here");
      for (const name of ["losing", "keeping"]) await makeNamespaceWithAccount(target().client, name);
      const grant = () => grantRelay(cluster.admin, cluster.folder, ["losing", "keeping"], "weakbell");
      const weak = await startWatchbell(target(), ["losing", "keeping"], { kubeconfig: await grant() });
      try {
        const { api, system } = weak;
        const fields = { namespace: "losing", metadata: { log_collect: "true" } };
        const id = await api.create({ ...scriptFields("deprived", "echo begun; sleep 30; echo done"), ...fields });
        await until("it runs", async () => (await api.describe(id)).status === "running");

        await kubectl("delete", "rolebinding", "weakbell-relay", "-n", "losing");
        // A watch that is open goes on without the right; the relay that begins anew meets its lack.
        for (const pid of system.pids().relay) process.kill(pid, "SIGKILL");
        const job = await explained(
          api,
          id,
          /waiting: forbidden: its Job can't be looked for: .*cannot get resource "jobs"/,
        );
        expect(job.status).toBe("running");
        expect((await readyz(weak)).words).toMatch(
          /ready: active; .*\/namespaces\/losing\/jobs can't be read: .*cannot list/,
        );
        const beside = await api.create({ ...scriptFields("beside-it", "true"), namespace: "keeping" });
        await api.untilStatus(beside, 2, 30_000);

        await grant();
        expect(await api.untilStatus(id, 2, 90_000)).toMatchObject({ status: "succeeded", job_times: 1 });
        expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["begun\ndone\n"]);
      } finally {
        await weak.stop();
      }
    },
  );
}
