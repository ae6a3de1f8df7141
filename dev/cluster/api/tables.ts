import {
  at,
  isJsonObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  textAt,
} from "./json.ts";
import type { Resource } from "./resources.ts";

type Column = { name: string; type: string; priority: number; cell: (object: KubeObject, nowMs: number) => Json };

function column(name: string, cell: Column["cell"], priority = 0, type = "string"): Column {
  return { name, type, priority, cell };
}

const nameColumn = column("Name", (object) => textAt(object, "metadata", "name"));
const ageColumn = column("Age", (object, nowMs) => age(textAt(object, "metadata", "creationTimestamp"), nowMs));

const columns: Record<string, Column[]> = {
  jobs: [
    nameColumn,
    column("Status", jobStatus),
    column("Completions", jobCompletions),
    column("Duration", jobDuration),
    ageColumn,
    column("Containers", (job) => names(listAt(job, "spec", "template", "spec", "containers"), "name"), 1),
    column("Images", (job) => names(listAt(job, "spec", "template", "spec", "containers"), "image"), 1),
    column("Selector", (job) => selectorText(objectAt(job, "spec", "selector", "matchLabels")), 1),
  ],
  pods: [
    nameColumn,
    column("Ready", podReady),
    column("Status", podStatus),
    column("Restarts", podRestarts),
    ageColumn,
    column("IP", (pod) => textAt(pod, "status", "podIP") || "<none>", 1),
    column("Node", (pod) => textAt(pod, "spec", "nodeName") || "<none>", 1),
    column("Nominated Node", () => "<none>", 1),
    column("Readiness Gates", () => "<none>", 1),
  ],
  namespaces: [nameColumn, column("Status", (object) => textAt(object, "status", "phase")), ageColumn],
  nodes: [
    nameColumn,
    column("Status", nodeStatus),
    column("Roles", () => "<none>"),
    ageColumn,
    column("Version", (node) => textAt(node, "status", "nodeInfo", "kubeletVersion")),
  ],
  events: [
    column("Last Seen", (event, nowMs) => age(textAt(event, "lastTimestamp"), nowMs)),
    column("Type", (event) => textAt(event, "type")),
    column("Reason", (event) => textAt(event, "reason")),
    column("Object", (event) => {
      return `${textAt(event, "involvedObject", "kind").toLowerCase()}/${textAt(event, "involvedObject", "name")}`;
    }),
    column("Message", (event) => textAt(event, "message")),
  ],
};

/** Says whether the client prefers a Table, as kubectl get does. */
export function wantsTable(accept: string): boolean {
  return accept.includes("as=Table");
}

/** Renders objects as the Table that kubectl prints, JSON text. */
export function tableText(
  resource: Resource,
  objects: KubeObject[],
  version: number,
  token: string,
  nowMs: number,
): string {
  const shown = columns[resource.plural] ?? [nameColumn, ageColumn];
  const table: JsonObject = {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: String(version), ...(token === "" ? {} : { continue: token }) },
    columnDefinitions: shown.map(({ name, type, priority }) => {
      return { name, type, format: name === "Name" ? "name" : "", description: name, priority };
    }),
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object, nowMs)),
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    })),
  };
  return JSON.stringify(table);
}

/** Prints a span as kubectl does (apimachinery duration.HumanDuration, shortened): the two largest units that matter. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

function age(time: string, nowMs: number): string {
  return time === "" ? "<unknown>" : humanDuration(nowMs - Date.parse(time));
}

function names(items: Json[], field: string): string {
  return items.map((item) => textAt(item, field)).join(",");
}

function selectorText(labels: JsonObject): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
}

function condition(object: KubeObject, type: string): boolean {
  return listAt(object, "status", "conditions").some(
    (one) => textAt(one, "type") === type && textAt(one, "status") === "True",
  );
}

function jobStatus(job: KubeObject): string {
  if (condition(job, "Complete")) return "Complete";
  if (condition(job, "Failed")) return "Failed";
  if (textAt(job, "metadata", "deletionTimestamp") !== "") return "Terminating";
  if (condition(job, "Suspended")) return "Suspended";
  if (condition(job, "FailureTarget")) return "FailureTarget";
  return condition(job, "SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function jobCompletions(job: KubeObject): string {
  const succeeded = numberAt(job, "status", "succeeded") ?? 0;
  const completions = numberAt(job, "spec", "completions");
  if (completions !== undefined) return `${succeeded}/${completions}`;
  const parallelism = numberAt(job, "spec", "parallelism") ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: KubeObject, nowMs: number): string {
  const started = textAt(job, "status", "startTime");
  if (started === "") return "";
  const ended = textAt(job, "status", "completionTime");
  const failed = listAt(job, "status", "conditions").find((one) => textAt(one, "type") === "Failed");
  const end = ended || textAt(failed, "lastTransitionTime");
  return humanDuration((end === "" ? nowMs : Date.parse(end)) - Date.parse(started));
}

function podReady(pod: KubeObject): string {
  const ready = listAt(pod, "status", "containerStatuses").filter((one) => at(one, "ready") === true).length;
  return `${ready}/${listAt(pod, "spec", "containers").length}`;
}

function podStatus(pod: KubeObject): string {
  const isDeleting = textAt(pod, "metadata", "deletionTimestamp") !== "";
  let shown = textAt(pod, "status", "reason") || textAt(pod, "status", "phase");
  for (const status of listAt(pod, "status", "containerStatuses")) {
    const state = objectAt(status, "state");
    const detail = isJsonObject(state.waiting) ? state.waiting : objectAt(state, "terminated");
    shown = textAt(detail, "reason") || shown;
  }
  return isDeleting && !["Succeeded", "Failed"].includes(textAt(pod, "status", "phase")) ? "Terminating" : shown;
}

function podRestarts(pod: KubeObject): string {
  let total = 0;
  for (const status of listAt(pod, "status", "containerStatuses")) total += numberAt(status, "restartCount") ?? 0;
  return String(total);
}

function nodeStatus(node: KubeObject): string {
  return condition(node, "Ready") ? "Ready" : "NotReady";
}
