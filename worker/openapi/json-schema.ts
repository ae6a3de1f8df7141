import { z } from "zod";

/** A schema of JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
export type JsonSchema = Record<string, unknown>;

/** Schemas that several places share, by their ids. */
export type Components = Map<string, JsonSchema>;

/** Empty values that are as good as none (contract, part 2). */
const ABSENT: readonly JsonSchema[] = [{ const: "" }, { type: "null" }];

/**
 * The JSON Schema of a zod schema. A rule that zod can't show says its part in `meta({ json })`, which takes the place of what
 * zod derives; `meta({ absent: true })` adds the empty values. Shared schemas go to the components.
 */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output", components: Components): JsonSchema {
  const whole = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => replaceKeys(jsonSchema, ruled(withDefault(zodSchema, jsonSchema))),
  });
  const { $schema: _, $defs, ...own } = withComponentRefs(whole);
  for (const [id, shared] of entriesOf($defs)) if (isSchema(shared)) components.set(id, shared);
  if (typeof own.id !== "string") return own;
  const { id, ...shared } = own;
  components.set(id, shared);
  return { $ref: `#/components/schemas/${id}` };
}

/** A field as a query has it: text that is one value, so no null and no second way to write a number. */
export function queryFieldOf(field: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = field;
  if (Array.isArray(field.enum)) {
    const numbers = field.enum.filter((value) => typeof value === "number");
    return { ...field, enum: numbers.length > 0 ? numbers : field.enum };
  }
  if (!Array.isArray(anyOf)) return field;
  const ways = anyOf.filter(isSchema).filter((way) => way.type !== "null" && way.const !== "");
  const texts = ways.filter((way) => way.type === "string");
  // A single text form is the digits of a number, or the text of a truth value.
  const [first] = ways;
  return texts.length > 1 && first?.type === "string" ? { anyOf: texts, ...rest } : { ...first, ...rest };
}

/** Whether a value of JSON Schema is itself a schema, or at least an object. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entries of a schema's object, none where it is none. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isSchema(value) ? Object.entries(value) : [];
}

/** zod leaves the default of a field away whose text is turned into something else; ours are as good in the request. */
function withDefault(zodSchema: z.core.$ZodTypes, jsonSchema: JsonSchema): JsonSchema {
  const { def } = zodSchema._zod;
  if (def.type !== "default" || def.defaultValue === null) return jsonSchema;
  return { ...jsonSchema, default: def.defaultValue };
}

function ruled(schema: JsonSchema): JsonSchema {
  const { json, absent, ...derived } = schema;
  const { description, default: preset, examples } = derived;
  const notes = Object.fromEntries(
    Object.entries({ description, default: preset, examples }).filter(([, value]) => value !== undefined),
  );
  const own = isSchema(json) ? { ...json, ...notes } : derived;
  if (absent !== true) return own;
  const { description: _, default: __, examples: ___, ...bare } = own;
  const ways = Array.isArray(bare.anyOf) ? bare.anyOf : [bare];
  return { anyOf: [...ways, ...ABSENT], ...notes };
}

function replaceKeys(target: JsonSchema, source: JsonSchema): void {
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, source);
}

/** zod names shared schemas in `$defs`; in a document they are components. */
function withComponentRefs(schema: object): JsonSchema {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  const value: unknown = JSON.parse(text);
  return isSchema(value) ? value : {};
}
