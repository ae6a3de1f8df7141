import { writeFileSync } from "node:fs";
import { generateJobTypes } from "./generate.ts";

// Run after an update of the Kubernetes client, then format; a test compares the file with what this makes.
const file = new URL("../../worker/jobs/kubernetes-job-types.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(await generateJobTypes(), null, 2)}\n`);
