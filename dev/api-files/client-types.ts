import { type ApiDocument, type ApiPath, jsonSchemaOf, type Operation } from "./read-operations.ts";
import { type Schema, typeText } from "./type-text.ts";

const HEAD = `// Made of the OpenAPI document by \`npm run api-files\`; a test fails where it is not what the document says.
// biome-ignore-all lint: generated.
`;

type Call = { path: string; verbs: string[]; operation: Operation; fields: Schema; data: Schema };

/**
 * The types of client/: a call's fields and data by its path, and what may be sent again. A call is what has a POST and
 * answers the envelope; its id is a field like any other. Pure; the text still wants formatting.
 */
export function clientTypesText(document: ApiDocument): string {
  const calls = document.paths.flatMap(callOf);
  const shared = Object.entries(document.schemas).map(
    ([name, schema]) => `/** ${name} of the OpenAPI document. */\nexport type ${name} = ${typeText(schema)};\n`,
  );
  return [HEAD, ...shared, callsText(calls), repeatsText(calls)].join("\n");
}

function callsText(calls: readonly Call[]): string {
  const entries = calls.map(({ path, operation, fields, data }) => {
    const comment = [operation.summary, operation.description].filter((text) => text !== undefined).join(". ");
    return `/** ${comment} */\n${JSON.stringify(path)}: { fields: ${typeText(fields)}; data: ${typeText(data)} };\n`;
  });
  return `/** Every call by its path: the fields it takes, the id among them, and the data it answers. */\nexport type ApiCalls = {\n${entries.join("")}};\n`;
}

function repeatsText(calls: readonly Call[]): string {
  const entries = calls.map(({ path, verbs, operation }) => {
    const hasKey = operation.parameters.some(({ name }) => name === "Idempotency-Key");
    const isSafe = verbs.includes("GET") || verbs.includes("DELETE");
    return `${JSON.stringify(path)}: ${JSON.stringify(hasKey ? "key" : isSafe ? "always" : "never")},\n`;
  });
  return `/** Whether a call whose answer was lost may be sent again: always (reads, deletes), with its Idempotency-Key, or never. */\nexport const REPEATS: Readonly<Record<keyof ApiCalls, "always" | "key" | "never">> = {\n${entries.join("")}};\n`;
}

function callOf({ path, isByField, operations }: ApiPath): Call[] {
  const operation = operations.find(({ verb }) => verb === "POST")?.operation;
  const envelope = jsonSchemaOf(operation?.responses["200"]);
  const data = envelope?.properties?.data;
  if (isByField || operation === undefined || data === undefined) return [];
  const verbs = operations.map(({ verb }) => verb);
  return [{ path, verbs, operation, fields: fieldsOf(operation), data }];
}

function fieldsOf({ parameters, requestBody }: Operation): Schema {
  const body = jsonSchemaOf(requestBody);
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  const ids = Object.fromEntries(inPath.map(({ name, schema }) => [name, schema]));
  return {
    type: "object",
    properties: { ...ids, ...body?.properties },
    required: [...Object.keys(ids), ...(body?.required ?? [])],
  };
}
