import { at, isJsonObject, type Json, listAt, objectAt, textAt } from "./json.ts";
import type { Cause } from "./status.ts";

const labelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const qualifiedNamePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
/** All annotations of one object together, bytes (apimachinery, TotalAnnotationSizeLimitB). */
const annotationsLimitBytes = 256 * 1024;

/** Builds a FieldValueInvalid cause in the real server's words. */
export function invalidValue(field: string, value: Json, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

/** Builds a FieldValueRequired cause. */
export function requiredValue(field: string, why: string): Cause {
  return { reason: "FieldValueRequired", message: why === "" ? "Required value" : `Required value: ${why}`, field };
}

/** A DNS-1123 label of at most 63 characters. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && labelPattern.test(name);
}

/** Checks the metadata that every kind has: name, label syntax, annotation size. */
export function metadataCauses(object: Json, mustBeLabel: boolean): Cause[] {
  const name = textAt(object, "metadata", "name");
  const causes: Cause[] = [];
  if (name === "") causes.push(requiredValue("metadata.name", "name or generateName is required"));
  else if (mustBeLabel && !isDnsLabel(name)) {
    const why =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', at most 63 of them";
    causes.push(invalidValue("metadata.name", name, why));
  } else if (name.length > 253 || !subdomainPattern.test(name)) {
    const why =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    causes.push(invalidValue("metadata.name", name, why));
  }
  causes.push(...labelCauses(at(object, "metadata", "labels"), "metadata.labels"));
  causes.push(...annotationCauses(at(object, "metadata", "annotations"), "metadata.annotations"));
  return causes;
}

/** Checks the syntax of labels at a field. */
export function labelCauses(labels: Json | undefined, field: string): Cause[] {
  if (!isJsonObject(labels)) return [];
  const causes: Cause[] = [];
  for (const [key, value] of Object.entries(labels)) {
    const parts = key.split("/");
    const name = parts.at(-1) ?? "";
    const isKeyFine = parts.length <= 2 && name.length <= 63 && qualifiedNamePattern.test(name);
    if (!isKeyFine)
      causes.push(invalidValue(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'"));
    if (typeof value === "string" && value.length > 63)
      causes.push(invalidValue(field, value, "must be no more than 63 bytes"));
    else if (typeof value === "string" && !labelValuePattern.test(value)) {
      const why =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
      causes.push(invalidValue(field, value, why));
    }
  }
  return causes;
}

function annotationCauses(annotations: Json | undefined, field: string): Cause[] {
  if (!isJsonObject(annotations)) return [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  if (bytes <= annotationsLimitBytes) return [];
  return [
    { reason: "FieldValueTooLong", message: `Too long: may not be more than ${annotationsLimitBytes} bytes`, field },
  ];
}

/** Checks a pod's spec at a field; `isOfJob` adds the rule that a Job's pods may not restart for ever. */
export function podSpecCauses(spec: Json | undefined, field: string, isOfJob: boolean): Cause[] {
  const causes: Cause[] = [];
  const containers = listAt(spec, "containers");
  if (containers.length === 0) causes.push(requiredValue(`${field}.containers`, ""));
  const seen = new Set<string>();
  for (const list of ["initContainers", "containers"]) {
    for (const [index, container] of listAt(spec, list).entries()) {
      causes.push(...containerCauses(container, `${field}.${list}[${index}]`, seen));
    }
  }
  const policy = textAt(spec, "restartPolicy");
  if (isOfJob && policy !== "Never" && policy !== "OnFailure") {
    causes.push(requiredValue(`${field}.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  } else if (!["Always", "Never", "OnFailure"].includes(policy)) {
    causes.push(unsupportedValue(`${field}.restartPolicy`, policy, ["Always", "OnFailure", "Never"]));
  }
  causes.push(...countCauses(spec, field, ["terminationGracePeriodSeconds"], 0));
  causes.push(...countCauses(spec, field, ["activeDeadlineSeconds"], 1));
  return causes;
}

/** Builds a FieldValueNotSupported cause. */
export function unsupportedValue(field: string, value: Json, supported: string[]): Cause {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field };
}

/** Checks that the named numbers, where given, are at least a minimum. */
export function countCauses(spec: Json | undefined, field: string, names: string[], minimum: number): Cause[] {
  const causes: Cause[] = [];
  for (const name of names) {
    const value = at(spec, name);
    if (typeof value !== "number" || value >= minimum) continue;
    const why = minimum === 0 ? "must be greater than or equal to 0" : `must be greater than or equal to ${minimum}`;
    causes.push(invalidValue(`${field}.${name}`, value, why));
  }
  return causes;
}

function containerCauses(container: Json, field: string, seen: Set<string>): Cause[] {
  const causes: Cause[] = [];
  const name = textAt(container, "name");
  if (name === "") causes.push(requiredValue(`${field}.name`, ""));
  else if (!isDnsLabel(name)) causes.push(invalidValue(`${field}.name`, name, "must be a lowercase RFC 1123 label"));
  if (seen.has(name))
    causes.push({ reason: "FieldValueDuplicate", message: `Duplicate value: "${name}"`, field: `${field}.name` });
  seen.add(name);
  if (textAt(container, "image") === "") causes.push(requiredValue(`${field}.image`, ""));
  for (const [index, variable] of listAt(container, "env").entries()) {
    if (textAt(variable, "name") === "") causes.push(requiredValue(`${field}.env[${index}].name`, ""));
    const isBoth = textAt(variable, "value") !== "" && Object.keys(objectAt(variable, "valueFrom")).length > 0;
    if (isBoth)
      causes.push(
        invalidValue(`${field}.env[${index}].valueFrom`, "", "may not be specified when `value` is not empty"),
      );
  }
  return causes;
}
