import { expect, it } from "vitest";
import { generateJobTypes } from "../../../dev/job-types/generate.ts";
import kept from "../../../worker/jobs/kubernetes-job-types.json" with { type: "json" };

it("The Job types that the Worker checks are those of the Kubernetes client that is installed", async () => {
  expect(await generateJobTypes()).toEqual(kept);
});
