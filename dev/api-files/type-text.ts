import { z } from "zod";

/** A schema of the document, as far as a type or a table needs it. */
export type Schema = {
  $ref?: string | undefined;
  type?: string | string[] | undefined;
  description?: string | undefined;
  default?: unknown;
  const?: unknown;
  enum?: unknown[] | undefined;
  anyOf?: Schema[] | undefined;
  items?: Schema | undefined;
  properties?: Record<string, Schema> | undefined;
  required?: string[] | undefined;
  additionalProperties?: boolean | Schema | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
};

/** Checks a schema of the document; keys that no type or table needs are left out. */
export const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    default: z.unknown().optional(),
    const: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    anyOf: z.array(Schema).optional(),
    items: Schema.optional(),
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), Schema]).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
  }),
);

/**
 * The ways that a value may be given. `""` and null beside others stand for an absent value, as protobuf's clients send it;
 * who can leave a field out needs neither.
 */
export function waysOf(schema: Schema): Schema[] {
  const ways = schema.anyOf ?? [schema];
  const isAbsent = (way: Schema) => way.const === "" || way.type === "null";
  return ways.some((way) => way.const === "") ? ways.filter((way) => !isAbsent(way)) : ways;
}

/** The name of the shared schema that is referred to. */
export function refName(ref: string): string {
  return ref.replace("#/components/schemas/", "");
}

/** A schema as a TypeScript type. What it does not restrict is unknown. */
export function typeText(schema: Schema): string {
  const texts = waysOf(schema).map(wayText);
  return [...new Set(texts)].join(" | ");
}

function wayText(way: Schema): string {
  if (way.$ref !== undefined) return refName(way.$ref);
  if (way.enum !== undefined) return way.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (way.const !== undefined) return JSON.stringify(way.const);
  if (way.anyOf !== undefined) return `(${typeText(way)})`;
  if (Array.isArray(way.type)) return way.type.map((type) => wayText({ ...way, type })).join(" | ");
  if (way.type === "array") return `(${typeText(way.items ?? {})})[]`;
  if (way.type === "object") return objectText(way);
  if (way.type === "integer" || way.type === "number") return "number";
  return way.type ?? "unknown";
}

function objectText({ properties, required = [], additionalProperties }: Schema): string {
  if (properties === undefined) {
    const values = typeof additionalProperties === "object" ? typeText(additionalProperties) : "unknown";
    return `Record<string, ${values}>`;
  }
  const fields = Object.entries(properties).map(([name, field]) => {
    const mark = required.includes(name) ? "" : "?";
    return `${commentText(field)}${JSON.stringify(name)}${mark}: ${typeText(field)};\n`;
  });
  return fields.length === 0 ? "Record<never, never>" : `{\n${fields.join("")}}`;
}

function commentText({ description, default: preset }: Schema): string {
  const parts = [description, preset === undefined ? undefined : `Default ${JSON.stringify(preset)}.`];
  const text = parts.filter((part) => part !== undefined).join(" ");
  return text === "" ? "" : `/** ${text.replaceAll("*/", "*\\/")} */\n`;
}
