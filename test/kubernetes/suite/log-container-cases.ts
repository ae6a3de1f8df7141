import { expect, test } from "vitest";
import type { Bench } from "./cases.ts";
import { noteLog } from "./log-table.ts";
import { IMAGE } from "./target.ts";
import { testOn } from "./test-on.ts";

/** Logs of jobs with more than one container, start or pod. */
export function containerLogCases({ kind, watchbell, create }: Bench): void {
  test("each pod of a job that is tried again has a log of its own", async () => {
    const { api } = watchbell();
    const id = await create("log-twice", "echo try of $HOSTNAME; exit 7", { metadata: { backoff_limit: "1" } });
    const job = await api.untilStatus(id, 1, 60_000);
    expect(job.job_exec_information).toContain("code 7");
    const rows = await api.logs(id);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row.run_logs).toBe(`try of ${row.pod_name}\n`);
    expect(new Set(rows.map((row) => row.pod_name)).size).toBe(2);
    noteLog(
      kind,
      "of two pods that failed",
      rows.map((row) => `try of ${row.pod_name}\n`).join("").length,
      rows.map((row) => row.run_logs).join(""),
    );
  });

  test("ten pods side by side have ten logs", async () => {
    const { api } = watchbell();
    const metadata = { log_collect: "true", parallelism: "10", completions: "10" };
    const id = await create("log-ten", "i=0; while [ $i -lt 2000 ]; do echo $HOSTNAME-$i; i=$((i+1)); done; sleep 3", {
      metadata,
    });
    await api.untilStatus(id, 2, 90_000);
    const rows = await api.logs(id);
    expect(new Set(rows.map((row) => row.pod_name)).size).toBe(10);
    let writtenBytes = 0;
    for (const row of rows) {
      const written = Array.from({ length: 2_000 }, (_, at) => `${row.pod_name}-${at}\n`).join("");
      writtenBytes += written.length;
      expect(row.run_logs === written).toBe(true);
    }
    noteLog(kind, "of ten pods together", writtenBytes, rows.map((row) => row.run_logs).join(""));
  });

  test("two containers have a row each", async () => {
    const { api } = watchbell();
    const containers = [container("main", "echo from main"), container("other", "sleep 1; echo from other")];
    const job_patch = JSON.stringify({ spec: { template: { spec: { containers } } } });
    const id = await create("log-two", "true", { metadata: { log_collect: "true", job_patch } });
    await api.untilStatus(id, 2, 60_000);
    const rows = (await api.logs(id)).map((row) => [row.container, row.run_logs]);
    expect(rows).toEqual([
      ["main", "from main\n"],
      ["other", "from other\n"],
    ]);
    noteLog(kind, "of two containers", 21, rows.map(([, log]) => log).join(""));
  });

  testOn(
    kind,
    ["real"],
    "a pod has no volumes here, and nothing else outlives a container",
  )("containers that are started again in place show every start, in order", async () => {
    const { api } = watchbell();
    const script =
      "n=$(cat /state/$0 2>/dev/null || echo 0); n=$((n+1)); echo $n > /state/$0; echo start $n of $0; sleep 2; [ $n = 3 ]";
    const volumeMounts = [{ name: "state", mountPath: "/state" }];
    const containers = ["main", "other"].map((name) => ({
      ...{ name, image: IMAGE, imagePullPolicy: "Never", volumeMounts },
      command: ["sh", "-c", script, name],
    }));
    const volumes = [{ name: "state", emptyDir: {} }];
    const job_patch = JSON.stringify({ spec: { template: { spec: { containers, volumes } } } });
    const metadata = { log_collect: "true", restart_policy: "OnFailure", backoff_limit: "6", job_patch };
    const id = await create("log-restarts", "true", { metadata });
    await api.untilStatus(id, 2, 90_000);
    const written = (name: string): string => [1, 2, 3].map((start) => `start ${start} of ${name}\n`).join("");
    const rows = (await api.logs(id)).map((row) => [row.container, row.run_logs]);
    noteLog(kind, "of two containers' three starts", 99, rows.map(([, log]) => log).join(""));
    expect(rows).toEqual([
      ["main", written("main")],
      ["other", written("other")],
    ]);
  });
}

function container(name: string, script: string): object {
  return { name, image: IMAGE, imagePullPolicy: "Never", command: ["sh", "-c", script] };
}
