import { badRequest } from "./failures.ts";
import { type KubeObject, objectAt, textAt } from "./json.ts";
import { type Result, refused, success } from "./status.ts";

/** Says whether an object is selected. */
export type Matcher = (object: KubeObject) => boolean;

type LabelTest = (labels: Record<string, string>) => boolean;

const key = "[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?";
const forms: { pattern: RegExp; build: (name: string, values: string) => LabelTest }[] = [
  {
    pattern: new RegExp(`^(${key})\\s+in\\s+\\(([^()]*)\\)$`),
    build: (name, values) => (labels) => splitValues(values).includes(labels[name] ?? "\0"),
  },
  {
    pattern: new RegExp(`^(${key})\\s+notin\\s+\\(([^()]*)\\)$`),
    build: (name, values) => (labels) => !splitValues(values).includes(labels[name] ?? "\0"),
  },
  {
    pattern: new RegExp(`^(${key})\\s*!=\\s*([^=!,()\\s]*)$`),
    build: (name, value) => (labels) => labels[name] !== value,
  },
  {
    pattern: new RegExp(`^(${key})\\s*==?\\s*([^=!,()\\s]*)$`),
    build: (name, value) => (labels) => labels[name] === value,
  },
  { pattern: new RegExp(`^!\\s*(${key})()$`), build: (name) => (labels) => !(name in labels) },
  { pattern: new RegExp(`^(${key})()$`), build: (name) => (labels) => name in labels },
];

function splitValues(values: string): string[] {
  return values.split(",").map((value) => value.trim());
}

/** Commas inside `in (a,b)` belong to the list, not between the requirements. */
function splitRequirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Parses a labelSelector: equality, set and existence forms, joined by commas. */
export function labelMatcher(text: string): Result<Matcher> {
  const tests: LabelTest[] = [];
  for (const part of splitRequirements(text)) {
    const form = forms.find((candidate) => candidate.pattern.test(part));
    const match = form?.pattern.exec(part);
    if (form === undefined || match?.[1] === undefined)
      return refused(badRequest(`unable to parse requirement: "${part}"`));
    tests.push(form.build(match[1], match[3] ?? ""));
  }
  return success((object) => tests.every((test) => test(labelsOf(object))));
}

function labelsOf(object: KubeObject): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(objectAt(object, "metadata", "labels"))) labels[name] = String(value);
  return labels;
}

const fieldsByPlural: Record<string, string[]> = {
  pods: ["spec.nodeName", "spec.restartPolicy", "status.phase", "status.podIP"],
  jobs: ["status.successful"],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
  events: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.fieldPath",
    "reason",
    "type",
  ],
};

/** Parses a fieldSelector; only the fields that the real server indexes for this resource are known. */
export function fieldMatcher(plural: string, text: string): Result<Matcher> {
  const known = ["metadata.name", "metadata.namespace", ...(fieldsByPlural[plural] ?? [])];
  const tests: Matcher[] = [];
  for (const part of splitRequirements(text)) {
    const match = /^([A-Za-z.]+)\s*(!=|==?)\s*(.*)$/.exec(part);
    const field = match?.[1];
    const wanted = match?.[3] ?? "";
    if (field === undefined) return refused(badRequest(`invalid selector: '${part}'; can't understand '${part}'`));
    if (!known.includes(field)) return refused(badRequest(`field label not supported: ${field}`));
    const isNegated = match?.[2] === "!=";
    tests.push((object) => (textAt(object, ...field.split(".")) === wanted) !== isNegated);
  }
  return success((object) => tests.every((test) => test(object)));
}
