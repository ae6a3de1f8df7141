import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { ROOT } from "../../dev/start/ready.ts";
import { startSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/wait.ts";

const run = promisify(execFile);
const PARSER = "prometheus-client==0.26.0";
const VENV = path.join(ROOT, `node_modules/.cache/${PARSER.replace("==", "-")}`);

/** Prometheus' own parser: it throws on what a scrape would refuse. */
const PARSE = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = text_string_to_metric_families(open(sys.argv[1]).read())
print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))
`;

const Families = z.array(
  z.tuple([z.string(), z.string(), z.array(z.tuple([z.string(), z.record(z.string(), z.string()), z.number()]))]),
);

async function parsed(text: string): Promise<z.infer<typeof Families>> {
  if (!existsSync(path.join(VENV, "bin/pip"))) await run("python3", ["-m", "venv", "--clear", VENV]);
  await run(path.join(VENV, "bin/pip"), ["install", "-q", PARSER]);
  const file = path.join(tempFolder(), "metrics.txt");
  writeFileSync(file, text);
  const { stdout } = await run(path.join(VENV, "bin/python"), ["-c", PARSE, file]);
  return Families.parse(JSON.parse(stdout));
}

test("a running system's /metrics are what Prometheus' own parser reads, and right after a job has run", async () => {
  const { url, token, api } = await startSystem().ready();
  const jobId = await api.create({ job_name: "counted", command: "true" });
  await until("its end", async () => (await api.describe(jobId)).job_status === 2, 30_000);

  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const families = await parsed(await response.text());

  expect(families.map(([family, type]) => [family, type])).toEqual([
    ["watchbell_jobs", "gauge"],
    ["watchbell_runs", "counter"],
    ["watchbell_start_lateness_seconds", "histogram"],
    ["watchbell_repairs", "counter"],
    ["watchbell_callbacks", "counter"],
    ["watchbell_outbox_commands", "gauge"],
    ["watchbell_link_up", "gauge"],
  ]);
  const samples = families.flatMap(([, , all]) => all);
  expect(samples).toContainEqual(["watchbell_runs_total", { status: "succeeded" }, 1]);
  expect(samples).toContainEqual(["watchbell_start_lateness_seconds_count", {}, 1]);
  expect(samples).toContainEqual(["watchbell_link_up", { cluster: "local" }, 1]);
});
