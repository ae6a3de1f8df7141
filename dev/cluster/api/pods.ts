import type { ServerResponse } from "node:http";
import { request } from "node:https";
import { type Answer, failureAnswer, jsonAnswer, rawAnswer } from "./answer.ts";
import type { ApiContext } from "./context.ts";
import { badRequest, conflict, notFound } from "./failures.ts";
import { at, type Json, type KubeObject, listAt, numberAt, objectAt, textAt } from "./json.ts";
import type { RequestInfo } from "./request-info.ts";
import { findResource, type Resource } from "./resources.ts";

/** Binds a pod to a node, once. */
export function answerBinding(context: ApiContext, info: RequestInfo, body: Json): Answer {
  const entry = context.store.get(info.resource, info.namespace, info.name);
  if (entry === undefined) return failureAnswer(notFound(info.resource, info.name));
  const pod = entry.object;
  const node = textAt(body, "target", "name");
  if (node === "") return failureAnswer(badRequest("target.name: Required value"));
  const bound = textAt(pod, "spec", "nodeName");
  if (bound !== "") {
    return failureAnswer(conflict(info.resource, info.name, `pod ${info.name} is already assigned to node "${bound}"`));
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    return failureAnswer(
      conflict(info.resource, info.name, `pod ${info.name} is being deleted, cannot be assigned to a host`),
    );
  }
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastTransitionTime: new Date(context.now()).toISOString().replace(/\.\d+/, ""),
  };
  const status = { ...objectAt(pod, "status"), conditions: [...listAt(pod, "status", "conditions"), scheduled] };
  context.store.put(info.resource, { ...pod, spec: { ...objectAt(pod, "spec"), nodeName: node }, status });
  return jsonAnswer(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
}

/** Where a pod's log is read, or what is answered instead. */
type LogSource = { kind: "answer"; answer: Answer } | { kind: "kubelet"; host: string; port: number; path: string };

/** Serves a pod's log by asking the kubelet that holds it, as the real API server does; owns the response unless it answers. */
export function startLog(
  context: ApiContext,
  info: RequestInfo,
  response: ServerResponse,
): Promise<Answer | undefined> {
  const source = logSource(context, info);
  if (source.kind === "answer") return Promise.resolve(source.answer);
  const { ca, token } = context.kubelet;
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const upstream = request({ host: source.host, port: source.port, path: source.path, ca, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? "text/plain" });
      response.flushHeaders();
      answer.pipe(response);
      answer.on("aborted", () => response.destroy());
      response.on("finish", () => resolve(undefined));
    });
    response.on("close", () => {
      upstream.destroy();
      resolve(undefined);
    });
    upstream.on("error", (error) => {
      if (response.headersSent) response.destroy();
      else
        resolve(
          failureAnswer({
            code: 500,
            reason: "InternalError",
            message: `Get "https://${source.host}:${source.port}": ${error.message}`,
          }),
        );
    });
    upstream.end();
  });
}

function logSource(context: ApiContext, info: RequestInfo): LogSource {
  const entry = context.store.get(info.resource, info.namespace, info.name);
  if (entry === undefined) return answered(failureAnswer(notFound(info.resource, info.name)));
  const pod = entry.object;
  const container = chosenContainer(pod, info.query.get("container") ?? "");
  if (container.name === "") return answered(failureAnswer(badRequest(container.problem)));
  const query = kubeletQuery(info.query);
  if (typeof query !== "string") return answered(failureAnswer(badRequest(query.problem)));
  const nodeName = textAt(pod, "spec", "nodeName");
  if (nodeName === "") return answered({ ...rawAnswer(204, ""), contentType: "text/plain" });
  const waiting = waitingReason(pod, container.name, info.query.get("previous") === "true");
  if (waiting !== undefined) {
    return answered(failureAnswer(badRequest(`container "${container.name}" in pod "${info.name}" ${waiting}`)));
  }
  const node = context.store.get(nodes(), "", nodeName)?.object;
  const port = numberAt(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
  const host = textAt(
    listAt(node, "status", "addresses").find((one) => textAt(one, "type") === "InternalIP"),
    "address",
  );
  if (port === undefined || host === "") return answered(failureAnswer(notFound(nodes(), nodeName)));
  return {
    kind: "kubelet",
    host,
    port,
    path: `/containerLogs/${info.namespace}/${info.name}/${container.name}?${query}`,
  };
}

function answered(answer: Answer): LogSource {
  return { kind: "answer", answer };
}

function nodes(): Resource {
  const found = findResource("", "v1", "nodes");
  if (found === undefined) throw new Error("the resource table lacks nodes");
  return found;
}

function chosenContainer(pod: KubeObject, asked: string): { name: string; problem: string } {
  const podName = textAt(pod, "metadata", "name");
  const own = listAt(pod, "spec", "containers").map((one) => textAt(one, "name"));
  const all = [...listAt(pod, "spec", "initContainers").map((one) => textAt(one, "name")), ...own];
  if (asked !== "") {
    return all.includes(asked)
      ? { name: asked, problem: "" }
      : { name: "", problem: `container ${asked} is not valid for pod ${podName}` };
  }
  const [only, ...others] = own;
  if (only !== undefined && others.length === 0) return { name: only, problem: "" };
  const problem = `a container name must be specified for pod ${podName}, choose one of: [${all.join(" ")}]`;
  return { name: "", problem };
}

function waitingReason(pod: KubeObject, container: string, isPrevious: boolean): string | undefined {
  const statuses = [...listAt(pod, "status", "containerStatuses"), ...listAt(pod, "status", "initContainerStatuses")];
  const status = statuses.find((one) => textAt(one, "name") === container);
  const isNeverStarted =
    at(status, "state", "terminated") === undefined && at(status, "state", "running") === undefined;
  const last = at(status, "lastState", "terminated");
  if (isPrevious) return last === undefined ? "not found: previous terminated container" : undefined;
  if (!isNeverStarted || last !== undefined) return undefined;
  const reason = textAt(status, "state", "waiting", "reason") || "ContainerCreating";
  return `is waiting to start: ${reason}`;
}

/** The query that goes on to the kubelet; sinceTime loses its fraction on the way, as in the real server. */
function kubeletQuery(query: URLSearchParams): string | { problem: string } {
  const forwarded = new URLSearchParams();
  for (const name of ["follow", "timestamps", "previous"]) {
    if (query.get(name) === "true") forwarded.set(name, "true");
  }
  for (const [name, minimum] of [
    ["tailLines", 0],
    ["limitBytes", 1],
    ["sinceSeconds", 1],
  ] as const) {
    const text = query.get(name);
    if (text === null || text === "") continue;
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum) return { problem: `${name}: Invalid value: ${text}` };
    forwarded.set(name, text);
  }
  const since = query.get("sinceTime");
  if (since === null || since === "") return forwarded.toString();
  const sinceMs = Date.parse(since);
  if (Number.isNaN(sinceMs)) return { problem: `parsing time "${since}" as RFC 3339 failed` };
  if (forwarded.has("sinceSeconds"))
    return { problem: "at most one of `sinceTime` or `sinceSeconds` may be specified" };
  forwarded.set("sinceTime", `${new Date(Math.floor(sinceMs / 1000) * 1000).toISOString().slice(0, 19)}Z`);
  return forwarded.toString();
}
