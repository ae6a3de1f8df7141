import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, listAt, numberAt, textAt } from "../../../dev/cluster/api/json.ts";
import {
  conditionsOf,
  jobs,
  jobWith,
  logOf,
  podIn,
  pods,
  podsOf,
  shellJob,
  startTestCluster,
  type TestCluster,
} from "./support/test-cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.end());

const grace = { terminationGracePeriodSeconds: 1 };

function terminated(pod: unknown): unknown {
  return at(listAt(JSON.parse(JSON.stringify(pod)), "status", "containerStatuses")[0], "state", "terminated");
}

describe("a Job", () => {
  test("runs its command, and its log and its end can be read", async () => {
    await cluster.send("POST", jobs, shellJob("hello", "echo out; echo err >&2; printf end"));
    const job = await jobWith(cluster, "hello", "Complete");
    expect(job).toMatchObject({ status: { succeeded: 1, ready: 0, terminating: 0 } });
    expect(await logOf(cluster, "hello")).toBe("out\nerr\nend");
    const [pod] = await podsOf(cluster, "hello");
    expect(pod).toMatchObject({ status: { phase: "Succeeded" } });
    expect(terminated(pod)).toMatchObject({ exitCode: 0, reason: "Completed" });
  });

  test("whose pod fails beyond the limit is Failed, with the exit code in its pod", async () => {
    await cluster.send("POST", jobs, shellJob("fails", "echo why; exit 3"));
    const job = await jobWith(cluster, "fails", "Failed");
    expect(conditionsOf(job)).toEqual(["FailureTarget", "Failed"]);
    expect(job).toMatchObject({
      status: { failed: 1, conditions: [{ reason: "BackoffLimitExceeded" }, { reason: "BackoffLimitExceeded" }] },
    });
    expect(terminated((await podsOf(cluster, "fails"))[0])).toMatchObject({ exitCode: 3, reason: "Error" });
    expect(await logOf(cluster, "fails")).toBe("why\n");
  });

  test("past its deadline loses its pod and is Failed for that", async () => {
    await cluster.send("POST", jobs, shellJob("late", "sleep 60", { activeDeadlineSeconds: 1 }, grace));
    const job = await jobWith(cluster, "late", "Failed");
    expect(listAt(job, "status", "conditions").map((one) => textAt(one, "reason"))).toEqual([
      "DeadlineExceeded",
      "DeadlineExceeded",
    ]);
    expect(await podsOf(cluster, "late")).toEqual([]);
  });

  test("Indexed gives every pod its index", async () => {
    const spec = { completionMode: "Indexed", completions: 3, parallelism: 3 };
    await cluster.send("POST", jobs, shellJob("indexed", "echo $JOB_COMPLETION_INDEX", spec));
    const job = await jobWith(cluster, "indexed", "Complete");
    expect(job).toMatchObject({ status: { succeeded: 3, completedIndexes: "0-2" } });
    const logs = await Promise.all(
      (await podsOf(cluster, "indexed")).map(
        async (pod) => (await cluster.send("GET", `${pods}/${textAt(pod, "metadata", "name")}/log`)).text,
      ),
    );
    expect(logs.sort()).toEqual(["0\n", "1\n", "2\n"]);
  });

  test("suspended starts nothing until it is resumed", async () => {
    await cluster.send("POST", jobs, shellJob("held", "true", { suspend: true }));
    await jobWith(cluster, "held", "Suspended");
    expect(await podsOf(cluster, "held")).toEqual([]);
    await cluster.send("PATCH", `${jobs}/held`, { spec: { suspend: false } }, "application/merge-patch+json");
    await jobWith(cluster, "held", "Complete");
  });

  test("with OnFailure restarts in place, keeps the log of the run before, and succeeds", async () => {
    const script = "echo run; if [ -e again ]; then sleep 0.3; exit 0; fi; touch again; exit 1";
    await cluster.send("POST", jobs, shellJob("again", script, { backoffLimit: 3 }, { restartPolicy: "OnFailure" }));
    await jobWith(cluster, "again", "Complete");
    const [pod] = await podsOf(cluster, "again");
    expect(numberAt(listAt(pod, "status", "containerStatuses")[0], "restartCount")).toBe(1);
    expect(await logOf(cluster, "again", "?previous=true")).toBe("run\n");
  });

  test("runs init containers before the others, and several side by side", async () => {
    const container = (name: string, script: string) => ({ name, image: "x", command: ["sh", "-c", script] });
    const podSpec = {
      initContainers: [container("first", "echo init")],
      containers: [container("a", "echo from a"), container("b", "echo from b")],
    };
    await cluster.send("POST", jobs, shellJob("many", "", {}, podSpec));
    await jobWith(cluster, "many", "Complete");
    expect(await logOf(cluster, "many", "?container=first")).toBe("init\n");
    expect(await logOf(cluster, "many", "?container=b")).toBe("from b\n");
    expect(await logOf(cluster, "many")).toContain("a container name must be specified for pod");
  });
});

describe("a container", () => {
  test("that ends leaves the other containers of its pod alone", async () => {
    const env = [{ name: "WATCHBELL_JOB_ID", value: "job-two" }];
    const container = (name: string, script: string) => ({ name, image: "x", command: ["sh", "-c", script], env });
    const podSpec = { containers: [container("a", "true"), container("b", "sleep 0.5; echo from b")] };
    await cluster.send("POST", jobs, shellJob("two", "", {}, podSpec));
    await jobWith(cluster, "two", "Complete");
    expect(await logOf(cluster, "two", "?container=b")).toBe("from b\n");
  });

  test("has an environment of its own", async () => {
    await cluster.send("POST", jobs, shellJob("env", "env | cut -d= -f1 | sort | tr '\\n' ' '; pwd"));
    await jobWith(cluster, "env", "Complete");
    const [names, folder] = (await logOf(cluster, "env")).split(/ (?=\/)/);
    expect(names?.split(" ").filter((name) => !["_", "PWD", "OLDPWD", "SHLVL"].includes(name))).toEqual([
      "HOSTNAME",
      "PATH",
    ]);
    expect(folder).toContain(cluster.folder);
  });

  test("that can't be found or has no command fails with a reason", async () => {
    const missing = { containers: [{ name: "main", image: "x", command: ["no-such-command"] }] };
    await cluster.send("POST", jobs, shellJob("missing", "", {}, missing));
    await jobWith(cluster, "missing", "Failed");
    expect(terminated((await podsOf(cluster, "missing"))[0])).toMatchObject({
      exitCode: 128,
      reason: "StartError",
      message: expect.stringContaining('"no-such-command": executable file not found in $PATH'),
    });
    await cluster.send("POST", jobs, shellJob("empty", "", {}, { containers: [{ name: "main", image: "redis" }] }));
    await jobWith(cluster, "empty", "Failed");
    expect(terminated((await podsOf(cluster, "empty"))[0])).toMatchObject({
      reason: "StartError",
      message: expect.stringContaining("redis"),
    });
  });

  test("that needs a Secret waits, and its log can't be read yet", async () => {
    const env = [{ name: "S", valueFrom: { secretKeyRef: { name: "vault", key: "k" } } }];
    await cluster.send(
      "POST",
      jobs,
      shellJob("secret", "", {}, { containers: [{ name: "main", image: "x", command: ["true"], env }] }),
    );
    const waiting = async () =>
      textAt(
        listAt((await podsOf(cluster, "secret"))[0], "status", "containerStatuses")[0],
        "state",
        "waiting",
        "reason",
      );
    await expect.poll(waiting, { timeout: 10_000 }).toBe("CreateContainerConfigError");
    expect(await logOf(cluster, "secret")).toContain("is waiting to start: CreateContainerConfigError");
    await cluster.send("DELETE", `${jobs}/secret?propagationPolicy=Foreground`);
    await expect.poll(async () => (await cluster.send("GET", `${jobs}/secret`)).code, { timeout: 10_000 }).toBe(404);
  });

  test("ended by a signal reports 128 and its number", async () => {
    await cluster.send("POST", jobs, shellJob("killed", "kill -9 $$$$"));
    await jobWith(cluster, "killed", "Failed");
    expect(terminated((await podsOf(cluster, "killed"))[0])).toMatchObject({ exitCode: 137, signal: 9 });
  });

  test("takes everything it started with it, daemons in sessions of their own among it", async () => {
    const env = [{ name: "WATCHBELL_JOB_ID", value: "job-1" }];
    const script =
      "sleep 301 & setsid sleep 302 </dev/null >/dev/null 2>&1 & (cd /; setsid sleep 303 >/dev/null 2>&1 &); sleep 0.2; echo done";
    const podSpec = { containers: [{ name: "main", image: "x", command: ["sh", "-c", script], env }] };
    await cluster.send("POST", jobs, shellJob("daemons", "", {}, podSpec));
    await jobWith(cluster, "daemons", "Complete");
    expect(await logOf(cluster, "daemons")).toBe("done\n");
    expect(sleepers(["301", "302", "303"])).toEqual([]);
  });

  test("that ignores SIGTERM is killed after its grace", async () => {
    await cluster.send(
      "POST",
      jobs,
      shellJob("stubborn", "trap '' TERM; echo up; while :; do sleep 0.1; done", {}, grace),
    );
    await podIn(cluster, "stubborn", "Running");
    await expect.poll(() => logOf(cluster, "stubborn")).toBe("up\n");
    const before = Date.now();
    await cluster.send("DELETE", `${jobs}/stubborn?propagationPolicy=Foreground`);
    await expect.poll(async () => (await cluster.send("GET", `${jobs}/stubborn`)).code, { timeout: 10_000 }).toBe(404);
    expect(Date.now() - before).toBeGreaterThan(900);
  });
});

describe("a log", () => {
  test("that is followed brings lines as they come, across the end", async () => {
    await cluster.send("POST", jobs, shellJob("ticks", "for i in 1 2 3; do echo tick $i; sleep 0.1; done; printf bye"));
    const pod = await podIn(cluster, "ticks", "Running");
    let text = "";
    const path = `${pods}/${textAt(pod, "metadata", "name")}/log?follow=true&timestamps=true`;
    for await (const chunk of cluster.stream(path, AbortSignal.timeout(20_000))) text += chunk;
    const lines = text.split("\n");
    expect(lines.map((line) => line.slice(31))).toEqual(["tick 1", "tick 2", "tick 3", "bye"]);
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /);
  });

  test("of 20 MB with bytes that are no UTF-8 comes back exact, without a long pause for others", async () => {
    await cluster.send(
      "POST",
      jobs,
      shellJob("big", "head -c 20000000 /dev/zero | tr '\\0' '\\377'; echo; head -c 50000 /dev/zero | tr '\\0' x"),
    );
    await jobWith(cluster, "big", "Complete");
    const [pod] = await podsOf(cluster, "big");
    let bytes = 0;
    let last = "";
    let odd = 0;
    for await (const chunk of cluster.stream(
      `${pods}/${textAt(pod, "metadata", "name")}/log`,
      AbortSignal.timeout(20_000),
    )) {
      bytes += chunk.length;
      if (bytes <= 20_000_000) odd += chunk.replaceAll("\xff", "").length;
      last = chunk;
    }
    expect(bytes).toBe(20_050_001);
    expect(odd).toBe(0);
    expect(last.endsWith("x")).toBe(true);
  });

  test("of a pod that is not bound is 204, of an unknown container 400, of no pod 404", async () => {
    const container = { name: "main", image: "x", command: ["true"] };
    const spec = { nodeName: "elsewhere", restartPolicy: "Never", containers: [container] };
    await cluster.send("POST", pods, { metadata: { name: "remote" }, spec });
    expect(await cluster.send("GET", `${pods}/remote/log?container=other`)).toMatchObject({ code: 400 });
    expect(await cluster.send("GET", `${pods}/remote/log`)).toMatchObject({ code: 400 });
    expect(await cluster.send("GET", `${pods}/missing/log`)).toMatchObject({ code: 404 });
  });
});

/** The arguments of living `sleep` processes among these. */
function sleepers(args: string[]): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const path = join("/proc", pid, "cmdline");
    const [command, arg = ""] = existsSync(path) ? readFileSync(path, "utf8").split("\0") : [];
    if (command === "sleep" && args.includes(arg)) found.push(arg);
  }
  return found;
}
