import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { expect } from "vitest";
import { type Json, type JsonObject, listAt, textAt } from "../../../../dev/cluster/api/json.ts";
import { type Cluster, type ClusterOptions, startCluster } from "../../../../dev/cluster/cluster.ts";

/** A cluster of its own for one test file, with a client that knows nothing of its insides. */
export type TestCluster = Cluster & {
  folder: string;
  problems: string[];
  /** Sends a request as an outside client; `text` is the raw body. */
  send: (method: string, path: string, body?: Json, type?: string) => Promise<Reply>;
  /** Reads a watch or log until `stop` says so, or the stream ends. */
  stream: (path: string, signal: AbortSignal) => AsyncGenerator<string>;
  end: () => Promise<void>;
};

export type Reply = { code: number; body: Json; text: string; headers: Record<string, string | string[] | undefined> };

/** Starts a cluster on a free port in a fresh folder. */
export async function startTestCluster(options: Partial<ClusterOptions> = {}): Promise<TestCluster> {
  const folder = options.stateFolder ?? mkdtempSync(join(tmpdir(), "watchbell-cluster-"));
  const problems: string[] = [];
  const cluster = await startCluster({
    stateFolder: join(folder, "cluster"),
    onProblem: (one) => problems.push(one),
    ...options,
  });
  const agent = new Agent({ connect: { ca: cluster.ca }, allowH2: false, bodyTimeout: 0 });
  const authorization = `Bearer ${cluster.token}`;
  return {
    ...cluster,
    folder,
    problems,
    send: async (method, path, body, type = "application/json") => {
      const headers: Record<string, string> = { authorization, accept: "application/json" };
      if (body !== undefined) headers["content-type"] = type;
      const text = body === undefined ? null : JSON.stringify(body);
      const answer = await agent.request({ origin: cluster.url, path, method: methodOf(method), headers, body: text });
      const raw = await answer.body.text();
      return { code: answer.statusCode, text: raw, body: parse(raw), headers: answer.headers };
    },
    stream: async function* (path, signal) {
      const answer = await agent.request({
        origin: cluster.url,
        path,
        method: "GET",
        headers: { authorization },
        signal,
      });
      answer.body.setEncoding("latin1");
      for await (const chunk of answer.body) yield String(chunk);
    },
    end: async () => {
      await agent.destroy();
      await cluster.stop();
      if (options.stateFolder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function methodOf(method: string): "GET" | "POST" | "PUT" | "PATCH" | "DELETE" {
  if (method === "GET" || method === "POST" || method === "PUT" || method === "PATCH" || method === "DELETE")
    return method;
  throw new Error(`no such method in these tests: ${method}`);
}

function parse(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

export const jobs = "/apis/batch/v1/namespaces/default/jobs";
export const pods = "/api/v1/namespaces/default/pods";

/** A Job that runs a shell script once; `spec` and `podSpec` override. */
export function shellJob(name: string, script: string, spec: JsonObject = {}, podSpec: JsonObject = {}): JsonObject {
  const container = { name: "main", image: "busybox", command: ["sh", "-c", script] };
  const template = { spec: { restartPolicy: "Never", containers: [container], ...podSpec } };
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { backoffLimit: 0, template, ...spec } };
}

/** The condition types of a Job that are True, in order. */
export function conditionsOf(job: Json): string[] {
  return listAt(job, "status", "conditions")
    .filter((one) => textAt(one, "status") === "True")
    .map((one) => textAt(one, "type"));
}

/** Waits until a Job has a condition and gives the Job. */
export async function jobWith(cluster: TestCluster, name: string, condition: string): Promise<Json> {
  await expect
    .poll(async () => conditionsOf((await cluster.send("GET", `${jobs}/${name}`)).body), {
      timeout: 20_000,
      interval: 20,
    })
    .toContain(condition);
  return (await cluster.send("GET", `${jobs}/${name}`)).body;
}

/** The pods of a Job. */
export async function podsOf(cluster: TestCluster, name: string): Promise<Json[]> {
  const reply = await cluster.send("GET", `${pods}?labelSelector=job-name%3D${name}`);
  return listAt(reply.body, "items");
}

/** Waits until a Job has a pod in a phase and gives the pod. */
export async function podIn(cluster: TestCluster, name: string, phase: string): Promise<Json> {
  const find = async () => (await podsOf(cluster, name)).find((pod) => textAt(pod, "status", "phase") === phase);
  await expect.poll(find, { timeout: 20_000, interval: 20 }).toBeDefined();
  return (await find()) ?? null;
}

/** The whole log of a Job's first pod. */
export async function logOf(cluster: TestCluster, name: string, query = ""): Promise<string> {
  const [pod] = await podsOf(cluster, name);
  return (await cluster.send("GET", `${pods}/${textAt(pod, "metadata", "name")}/log${query}`)).text;
}
