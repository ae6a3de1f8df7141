import { expect } from "vitest";
import { grantRelay } from "../cluster/relay-access.ts";
import { type Bench, scriptFields } from "./cases.ts";
import { JOBS, NO_RIGHT, READ_ONLY } from "./target.ts";
import { testOn } from "./test-on.ts";
import { startWatchbell } from "./watchbell.ts";

/** What a relay can do with each of the roles of deploy/rbac; the suite's own has the Role of job-namespace.yaml. */
export function rightsCases({ kind, target }: Bench): void {
  testOn(
    kind,
    ["stand-in"],
    "rights are a real API server's matter: one tells as much as two",
  )(
    "with the ClusterRole of all-namespaces.yaml and no WATCHBELL_NAMESPACES the relay works in every namespace",
    async () => {
      const { cluster } = target();
      if (cluster === null) throw new Error("there is no RBAC here");
      const kubeconfig = await grantRelay(cluster.admin, cluster.folder, [], "nightbell");
      const everywhere = await startWatchbell(target(), [], { kubeconfig });
      try {
        const { api } = everywhere;
        const script = "echo here; exit 4";
        const metadata = { backoff_limit: "0" };
        const inNamespace = async (namespace: string) => {
          const id = await api.create({ ...scriptFields("everywhere", script), namespace, metadata });
          const job = await api.untilStatus(id, 1);
          expect(job.job_exec_information).toContain("code 4");
          expect((await api.logs(id)).map((row) => row.run_logs)).toEqual(["here\n"]);
          const lasting = await api.create({ ...scriptFields("everywhere-removed", "sleep 600"), namespace });
          await api.untilStatus(lasting, 0);
          const answer = await api.call("POST", `/api/once_job/delete/${lasting}`, {});
          expect(answer).toMatchObject({ http: 200, data: { outcome: "removed_from_cluster" } });
        };
        // In the first the other relay is at work, in the last two it may not be.
        await Promise.all([JOBS, READ_ONLY, NO_RIGHT, "default"].map(inNamespace));
      } finally {
        await everywhere.stop();
      }
    },
  );
}
