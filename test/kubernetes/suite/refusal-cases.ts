import { expect, test } from "vitest";
import { admissionCases } from "./admission-cases.ts";
import type { Bench } from "./cases.ts";
import { fewRightsCases } from "./few-rights-cases.ts";
import { nameCases } from "./name-cases.ts";
import { namespaceCases } from "./namespace-cases.ts";
import { quotaCases } from "./quota-cases.ts";
import { IMAGE, JOBS, NO_RIGHT, READ_ONLY } from "./target.ts";
import { testOn } from "./test-on.ts";
import { startWatchbell } from "./watchbell.ts";

/** What a cluster does not take: said on the job, and nothing of somebody else's touched. */
export function refusalCases(bench: Bench): void {
  nameCases(bench);
  namespaceCases(bench);
  quotaCases(bench);
  fewRightsCases(bench);
  admissionCases(bench);
  const { kind, target, watchbell, create } = bench;
  const withRbac = testOn(kind, ["stand-in", "real"], "the embedded cluster has no RBAC");

  test("a namespace that the relay was not told of is refused by the relay itself", async () => {
    const { api } = watchbell();
    const job = await api.untilStatus(await create("stranger", "true", { namespace: "elsewhere" }), 1);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "namespace_not_allowed" });
  });

  withRbac("a namespace where the relay may only read is refused in the API server's words", async () => {
    const { api } = watchbell();
    const job = await api.untilStatus(await create("forbidden", "true", { namespace: READ_ONLY }), 1);
    expect(job.runs[0]).toMatchObject({ status: "failed", reason: "forbidden" });
    expect(job.explain).toContain("watchbell-relay");
  });

  withRbac("a namespace without rights, or that is not there, keeps the relay from no other", async () => {
    const second = await startWatchbell(target(), [JOBS, NO_RIGHT, "not-there"]);
    try {
      const { api } = second;
      const fields = { job_name: "beside", image: IMAGE, command: "true" };
      const beside = await api.create({ ...fields, namespace: JOBS });
      const missing = await api.create({ ...fields, namespace: "not-there" });
      await api.untilStatus(beside, 2);
      const job = await api.untilStatus(missing, 1);
      expect(job.runs[0]).toMatchObject({ status: "failed", reason: "forbidden" });
      expect(job.explain).toMatch(
        /in the namespace "not-there" \(no Role of the relay's there, or no such namespace\)$/,
      );
    } finally {
      await second.stop();
    }
  });
}
