import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Types by name, and each one's fields: `[]` before a list's items, `{}` before a map's values, `!` behind what is required. */
export type JobTypes = Record<string, Record<string, string>>;

type Attribute = { baseName: string; type: string; format: string };

const ROOT = "V1JobSpec";

/** OpenAPI calls a quantity a string; these are the fields that hold one. */
const QUANTITIES = new Set([
  "ResourceRequirements.limits",
  "ResourceRequirements.requests",
  "VolumeResourceRequirements.limits",
  "VolumeResourceRequirements.requests",
  "PodSpec.overhead",
  "EmptyDirVolumeSource.sizeLimit",
  "ResourceFieldSelector.divisor",
]);

/** Of a template's metadata only these are the author's; the API server drops or ignores the rest. */
const METADATA: Record<string, string> = { annotations: "{}string", labels: "{}string" };

function modelsFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@kubernetes/client-node")), "gen", "models");
}

/**
 * The types below a Job's `spec` with their fields, taken from the models of the Kubernetes client that is installed, which
 * are generated from the API server's OpenAPI document. The Worker checks a `job_patch` against them.
 */
export async function generateJobTypes(): Promise<JobTypes> {
  const folder = modelsFolder();
  const types: JobTypes = { ObjectMeta: METADATA };
  const todo = [ROOT];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (types[shortName(name)]) continue;
    const attributes = await attributesOf(folder, name);
    if (attributes === null) throw new Error(`the Kubernetes client has no model ${name}`);
    const required = requiredOf(folder, name);
    const fields: Record<string, string> = {};
    for (const attribute of attributes) {
      // A template can't have ephemeral containers: they are added to a pod that runs.
      if (name === "V1PodSpec" && attribute.baseName === "ephemeralContainers") continue;
      const item = itemOf(attribute.type);
      if (/^(V1|CoreV1)/.test(item.type)) todo.push(item.type);
      const path = `${shortName(name)}.${attribute.baseName}`;
      const scalar = QUANTITIES.has(path) ? "quantity" : scalarOf(item.type, attribute.format);
      fields[attribute.baseName] = `${item.around}${scalar}${required.has(attribute.baseName) ? "!" : ""}`;
    }
    types[shortName(name)] = fields;
  }
  return Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shortName(model: string): string {
  return model.replace(/^(CoreV1|V1)/, "");
}

function itemOf(type: string): { around: string; type: string } {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) return { around: "[]", type: list };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  return map === undefined ? { around: "", type } : { around: "{}", type: map };
}

function scalarOf(type: string, format: string): string {
  if (type === "number") return format === "int64" ? "int64" : "int32";
  return type === "IntOrString" ? "intOrString" : shortName(type);
}

async function attributesOf(folder: string, model: string): Promise<Attribute[] | null> {
  const module: Record<string, unknown> = await import(pathToFileURL(join(folder, `${model}.js`)).href);
  const found = module[model];
  return hasAttributes(found) ? found.attributeTypeMap : null;
}

function hasAttributes(value: unknown): value is { attributeTypeMap: Attribute[] } {
  return typeof value === "function" && "attributeTypeMap" in value && Array.isArray(value.attributeTypeMap);
}

/** Which fields are required stands in the declarations only: an optional one has a question mark. */
function requiredOf(folder: string, model: string): Set<string> {
  const declarations = readFileSync(join(folder, `${model}.d.ts`), "utf8");
  return new Set([...declarations.matchAll(/^ {4}'(\w+)': /gm)].map((match) => match[1] ?? ""));
}
