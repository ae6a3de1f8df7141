import { expect, test } from "vitest";
import type { Json } from "../../../dev/cluster/api/json.ts";
import { buildManifest } from "../../../worker/jobs/manifest.ts";
import { parseOnceJobFields } from "../../../worker/jobs/once-job-fields.ts";
import { REFUSED_BY_KUBERNETES, TAKEN } from "../../worker/jobs/job-patch-cases.ts";
import type { Bench } from "./cases.ts";
import { IMAGE, JOBS } from "./target.ts";
import { testOn } from "./test-on.ts";

/** The Job that a patch makes, without the checks of a create, as it goes over the wire. */
function patchedJob(name: string, patch: unknown): Json {
  const least = { job_name: name, namespace: JOBS, image: IMAGE, command: "true", job_exec_time: "" };
  const parsed = parseOnceJobFields(least, 0, { allowPrivateCallbacks: false });
  if ("problem" in parsed) throw new Error(parsed.problem);
  const { definition } = parsed;
  const metadata = { ...definition.metadata, job_patch: JSON.stringify(patch) };
  const input = { jobId: "patched", run: 1, clusterLabel: "aaaaaaaa.local", kubeJob: name, slotAt: null };
  const job: Json = JSON.parse(
    JSON.stringify(buildManifest({ ...definition, metadata }, { ...input, jobType: "once" })),
  );
  return job;
}

/** `job_patch`: what create takes the API server takes, what create refuses it would refuse too; and such a job runs. */
export function patchCases({ kind, target, watchbell, create }: Bench): void {
  testOn(
    kind,
    ["stand-in", "real"],
    "the embedded cluster checks few fields, and knows no dry run",
  )("the API server agrees with create about every patch of its table", async () => {
    const path = `/apis/batch/v1/namespaces/${JOBS}/jobs?dryRun=All&fieldValidation=Strict`;
    const codeOf = async (patch: unknown) => (await target().client.create(path, patchedJob("patched", patch))).code;
    const disagreed: string[] = [];
    for (const [name, patch] of TAKEN) if ((await codeOf(patch)) !== 201) disagreed.push(`it refuses ${name}`);
    for (const [name, patch] of REFUSED_BY_KUBERNETES) {
      if ((await codeOf(patch)) < 400) disagreed.push(`it takes ${name}`);
    }
    expect(disagreed).toEqual([]);
  });

  test("a patched job runs with what the patch added, and every container knows its job and run", async () => {
    const { api } = watchbell();
    const patch = {
      metadata: { annotations: { "example.com/owner": "night" } },
      spec: {
        template: {
          spec: {
            terminationGracePeriodSeconds: 5,
            tolerations: [{ operator: "Exists" }],
            containers: [
              { name: "main", resources: { requests: { cpu: "10m" } } },
              { name: "other", image: IMAGE, command: ["sh", "-c", "echo other of run $WATCHBELL_RUN"] },
            ],
          },
        },
      },
    };
    const metadata = { log_collect: "true", envs: { A: "1" }, job_patch: patch };
    const id = await create("patched-job", "echo main of $WATCHBELL_JOB_ID with $A", { metadata });
    await api.untilStatus(id, 2);
    const logs = (await api.logs(id)).map((row) => row.run_logs).sort();
    expect(logs).toEqual([`main of ${id} with 1\n`, "other of run 1\n"]);
    const job = JSON.parse(await target().kubectl("get", "job", "patched-job", "-n", JOBS, "-o", "json"));
    expect(job.metadata.annotations["example.com/owner"]).toBe("night");
    expect(job.spec.template.spec).toMatchObject({
      terminationGracePeriodSeconds: 5,
      tolerations: [{ operator: "Exists" }],
      containers: [{ name: "main", resources: { requests: { cpu: "10m" } } }, { name: "other" }],
    });
  });
}
