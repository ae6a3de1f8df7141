import { FIELD_RULES, MAP_RULES, OBJECT_RULES } from "./job-field-rules.ts";
import type { JobProblem, Path } from "./job-problem.ts";
import kubernetesTypes from "./kubernetes-job-types.json" with { type: "json" };
import { quantityProblem, textProblem } from "./kubernetes-rules.ts";
import { isJsonObject } from "./merge-patch.ts";

const TYPES = new Map(
  Object.entries<Record<string, string>>(kubernetesTypes).map(([name, fields]) => [
    name,
    new Map(Object.entries(fields)),
  ]),
);
const INT32 = 2 ** 31;

/**
 * Whether a value is what the API server takes for that type of Kubernetes' (1.36): every field known, of its type, there
 * where it is required, and within the rule that it has by itself. Null: it is; else the first problem.
 */
export function shapeProblem(value: unknown, typeName: string, path: Path): JobProblem | null {
  const fields = TYPES.get(typeName);
  if (fields === undefined) return scalarProblem(value, typeName, path);
  if (!isJsonObject(value)) return { path, problem: "must be a JSON object" };
  for (const [key, inner] of Object.entries(value)) {
    const type = fields.get(key);
    if (type === undefined) return { path: [...path, key], problem: "is no field that Kubernetes has there" };
    const problem =
      fieldProblem(inner, type.replace("!", ""), [...path, key], `${typeName}.${key}`) ??
      ruleProblem(FIELD_RULES.get(`${typeName}.${key}`), inner, [...path, key]);
    if (problem !== null) return problem;
  }
  for (const [key, type] of fields) {
    if (type.endsWith("!") && value[key] === undefined) return { path: [...path, key], problem: "is missing" };
  }
  return OBJECT_RULES.get(typeName)?.(value, path) ?? null;
}

function ruleProblem(
  rule: ((value: unknown) => string | null) | undefined,
  value: unknown,
  path: Path,
): JobProblem | null {
  const problem = rule?.(value) ?? null;
  return problem === null ? null : { path, problem };
}

function fieldProblem(value: unknown, type: string, path: Path, field: string): JobProblem | null {
  if (type.startsWith("[]")) return listProblem(value, type.slice(2), path);
  return type.startsWith("{}") ? mapProblem(value, type.slice(2), path, field) : shapeProblem(value, type, path);
}

function listProblem(value: unknown, type: string, path: Path): JobProblem | null {
  if (!Array.isArray(value)) return { path, problem: "must be a JSON array" };
  for (const [index, item] of value.entries()) {
    const problem = shapeProblem(item, type, [...path, index]);
    if (problem !== null) return problem;
  }
  return null;
}

function mapProblem(value: unknown, type: string, path: Path, field: string): JobProblem | null {
  if (!isJsonObject(value)) return { path, problem: "must be a JSON object" };
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    const keyProblem = textProblem(key) ?? MAP_RULES.get(field)?.key(key) ?? null;
    if (keyProblem !== null) return { path: at, problem: `has a key that ${keyProblem}`, hidden: true };
    const problem = scalarProblem(inner, type, at) ?? ruleProblem(MAP_RULES.get(field)?.value, inner, at);
    if (problem !== null) return problem;
  }
  return null;
}

function scalarProblem(value: unknown, type: string, path: Path): JobProblem | null {
  const problem = scalarSentence(value, type);
  return problem === null ? null : { path, problem };
}

function scalarSentence(value: unknown, type: string): string | null {
  switch (type) {
    case "string":
      return typeof value === "string" ? textProblem(value) : "must be text";
    case "boolean":
      return typeof value === "boolean" ? null : "must be true or false";
    case "int32":
      return isWhole(value) && value >= -INT32 && value < INT32 ? null : "must be a whole number of 32 bits";
    case "int64":
      return isWhole(value) ? null : "must be a whole number";
    case "intOrString":
      if (typeof value === "string") return textProblem(value);
      return isWhole(value) && value >= -INT32 && value < INT32 ? null : "must be text or a whole number of 32 bits";
    case "quantity":
      return quantityProblem(value);
    default:
      return `is of the type ${type}, which Watchbell does not know`;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
