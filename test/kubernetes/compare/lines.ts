import type { Json } from "../../../dev/cluster/api/json.ts";

/** What differs from start to start and means nothing: each is replaced by the word, wherever it stands in a text. */
const RANDOM: [RegExp, string][] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uid>"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>"],
  [/\b(\d{1,3}\.){3}\d{1,3}\b/g, "<address>"],
  [/\b[a-z0-9]{26}\b/g, "<job id>"],
  [/\b[a-z0-9]{8}\.local\b/g, "<installation>.local"],
  [/containerd:\/\/[0-9a-f]{64}|embedded:\/\/\S+/g, "<container>"],
  [/sha256:[0-9a-f]{64}/g, "<image>"],
  [/(ttlSecondsAfterFinished = )\d+/g, "$1<seconds>"],
  [/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-<random>"],
];

/** Bookkeeping of the API server's, and what its admission adds to a pod (tokens, tolerations, priority): dev/cluster/README.md. */
const IGNORED =
  /^metadata\.(managedFields|resourceVersion)\b|^spec\.(volumes|tolerations|containers\[\d+\]\.volumeMounts|preemptionPolicy|priority|serviceAccount|serviceAccountName|nodeName)\b|^metadata\.name |\.lastProbeTime /;

/** An object as sorted lines `path = value`, without what differs from start to start; `name` is the Job's, whose pods have a random end. */
export function linesOf(object: Json, name: string): string[] {
  const lines: string[] = [];
  walk(object, "", lines);
  const pod = new RegExp(`\\b${name}-[a-z0-9]{5}\\b`, "g");
  return lines
    .filter((line) => !IGNORED.test(line))
    .map((line) =>
      RANDOM.reduce((text, [pattern, word]) => text.replace(pattern, word), line.replace(pod, `${name}-<random>`)),
    )
    .sort();
}

function walk(value: Json, at: string, lines: string[]): void {
  if (Array.isArray(value)) {
    if (value.length === 0) lines.push(`${at} = []`);
    // Conditions by their type: their order is told apart, and would make every other line differ.
    for (const [index, one] of value.entries()) walk(one, `${at}[${typeOf(one) ?? index}]`, lines);
  } else if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 0) lines.push(`${at} = {}`);
    for (const [key, one] of entries) walk(one, at === "" ? key : `${at}.${key}`, lines);
  } else lines.push(`${at} = ${JSON.stringify(value)}`);
}

function typeOf(value: Json): string | null {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return typeof value.type === "string" && "status" in value ? value.type : null;
}

/** What one has and the other has not, in the order of each; a line that stands twice in one counts once. */
export function difference(left: readonly string[], right: readonly string[]): { left: string[]; right: string[] } {
  const only = (ours: readonly string[], theirs: readonly string[]) => {
    const known = new Set(theirs);
    return [...new Set(ours)].filter((line) => !known.has(line));
  };
  return { left: only(left, right), right: only(right, left) };
}
