import { at, isJsonObject, type Json } from "./json.ts";

/** What a field holds on the wire. A trailing `[]` step in a path means every item of that list. */
type Wanted = "int32" | "bool" | "string" | "list" | "map" | "strings";

const podSpecTypes: [string, Wanted][] = [
  ["containers", "list"],
  ["initContainers", "list"],
  ["restartPolicy", "string"],
  ["nodeName", "string"],
  ["terminationGracePeriodSeconds", "int32"],
  ["activeDeadlineSeconds", "int32"],
];

const containerTypes: [string, Wanted][] = [
  ["name", "string"],
  ["image", "string"],
  ["command", "strings"],
  ["args", "strings"],
  ["env", "list"],
  ["workingDir", "string"],
];

const jobSpecTypes: [string, Wanted][] = [
  ["parallelism", "int32"],
  ["completions", "int32"],
  ["backoffLimit", "int32"],
  ["activeDeadlineSeconds", "int32"],
  ["ttlSecondsAfterFinished", "int32"],
  ["completionMode", "string"],
  ["suspend", "bool"],
  ["podReplacementPolicy", "string"],
  ["managedBy", "string"],
  ["selector", "map"],
  ["template", "map"],
];

const metadataTypes: [string, Wanted][] = [
  ["name", "string"],
  ["generateName", "string"],
  ["namespace", "string"],
  ["labels", "map"],
  ["annotations", "map"],
  ["finalizers", "strings"],
  ["ownerReferences", "list"],
];

function isWanted(value: Json, wanted: Wanted): boolean {
  switch (wanted) {
    case "int32":
      return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff;
    case "bool":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "list":
      return Array.isArray(value) && value.every(isJsonObject);
    case "map":
      return isJsonObject(value);
    case "strings":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
  }
}

const goNames: Record<Wanted, string> = {
  int32: "int32",
  bool: "bool",
  string: "string",
  list: "[]object",
  map: "object",
  strings: "[]string",
};

function firstWrong(holder: Json | undefined, prefix: string, types: [string, Wanted][]): string | undefined {
  for (const [name, wanted] of types) {
    const value = at(holder, name);
    if (value === undefined || value === null || isWanted(value, wanted)) continue;
    const kind = Array.isArray(value) ? "array" : typeof value;
    return `json: cannot unmarshal ${kind} into Go struct field ${prefix}.${name} of type ${goNames[wanted]}`;
  }
  return undefined;
}

/** Finds the first field of a wrong JSON type, in Go's words; undefined where all fit (the real server answers 400 for these). */
export function wireTypeError(object: Json, kind: string): string | undefined {
  const wrong = firstWrong(at(object, "metadata"), "ObjectMeta.metadata", metadataTypes) ?? stringMapError(object);
  if (wrong !== undefined) return wrong;
  if (kind === "Job") {
    const template = at(object, "spec", "template");
    return firstWrong(at(object, "spec"), "JobSpec.spec", jobSpecTypes) ?? podSpecError(at(template, "spec"));
  }
  return kind === "Pod" ? podSpecError(at(object, "spec")) : undefined;
}

function stringMapError(object: Json): string | undefined {
  for (const name of ["labels", "annotations"]) {
    const map = at(object, "metadata", name);
    if (!isJsonObject(map)) continue;
    const wrong = Object.values(map).find((value) => typeof value !== "string");
    if (wrong !== undefined) {
      return `json: cannot unmarshal ${typeof wrong} into Go struct field ObjectMeta.metadata.${name} of type string`;
    }
  }
  return undefined;
}

function podSpecError(spec: Json | undefined): string | undefined {
  const wrong = firstWrong(spec, "PodSpec.spec", podSpecTypes);
  if (wrong !== undefined) return wrong;
  for (const list of ["initContainers", "containers"]) {
    const containers = at(spec, list);
    for (const container of Array.isArray(containers) ? containers : []) {
      const inContainer = firstWrong(container, `Container.${list}`, containerTypes);
      if (inContainer !== undefined) return inContainer;
    }
  }
  return undefined;
}
