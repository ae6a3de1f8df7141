import { entriesOf, isSchema, type JsonSchema } from "./json-schema.ts";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
h2 { border-bottom: 1px solid #ccc; margin-top: 3rem; } h3 { margin-top: 2.5rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: #f4f4f4; border-radius: 3px; padding: 0 .25em; }
pre { padding: .75em; overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
td, th { border-bottom: 1px solid #ddd; padding: .3em .6em .3em 0; text-align: left; vertical-align: top; }
b.verb { display: inline-block; min-width: 4em; } nav a { display: block; }`;

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(value: unknown): string {
  return String(value ?? "").replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
}

/** What a field may be, in a few words. */
function typeText(schema: JsonSchema): string {
  if (typeof schema.$ref === "string") return schema.$ref.split("/").at(-1) ?? "";
  if (Array.isArray(schema.anyOf)) {
    const ways = schema.anyOf.filter(isSchema).filter((way) => way.const !== "" && way.type !== "null");
    return [...new Set(ways.map(typeText))].join(" or ");
  }
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${typeText(isSchema(schema.items) ? schema.items : {})}`;
  return Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "anything");
}

function limitsText(schema: JsonSchema): string {
  const ways = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isSchema) : [schema];
  const words = ways.flatMap((way) => [
    way.minimum !== undefined && way.maximum !== undefined ? `${way.minimum} to ${way.maximum}` : "",
    way.maxLength === undefined ? "" : `at most ${way.maxLength} characters`,
    way.maxItems === undefined ? "" : `at most ${way.maxItems}`,
  ]);
  return words.filter((word) => word !== "").join(", ");
}

function fieldRow(name: string, schema: JsonSchema, isRequired: boolean): string {
  const preset = schema.default === undefined ? "" : JSON.stringify(schema.default);
  const note = [escaped(schema.description), escaped(limitsText(schema))].filter((part) => part !== "").join(" · ");
  return `<tr><td><code>${escaped(name)}</code>${isRequired ? " *" : ""}</td><td>${escaped(typeText(schema))}</td><td>${escaped(preset)}</td><td>${note}</td></tr>`;
}

/** The rows of an object's fields; those of an object within it follow, with its name before theirs. */
function fieldRows(schema: JsonSchema, prefix = ""): string {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return entriesOf(schema.properties)
    .map(([name, value]) => {
      const field = isSchema(value) ? value : {};
      const inner = Array.isArray(field.anyOf) ? field.anyOf.filter(isSchema).find((way) => way.properties) : field;
      return fieldRow(prefix + name, field, required.includes(name)) + fieldRows(inner ?? {}, `${prefix}${name}.`);
    })
    .join("");
}

function table(rows: string): string {
  return rows && `<table><tr><th>field</th><th>type</th><th>default</th><th></th></tr>${rows}</table>`;
}

function jsonContent(holder: unknown): JsonSchema {
  const content = isSchema(holder) && isSchema(holder.content) ? holder.content : {};
  const json = content["application/json"];
  return isSchema(json) ? json : {};
}

function parameterTable(parameters: unknown): string {
  const known = Array.isArray(parameters) ? parameters.filter(isSchema) : [];
  return table(
    known
      .map((parameter) => {
        const schema = { ...(isSchema(parameter.schema) ? parameter.schema : {}), description: parameter.description };
        return fieldRow(`${parameter.name} (${parameter.in})`, schema, parameter.required === true);
      })
      .join(""),
  );
}

function exampleOf(title: string, value: unknown): string {
  return value === undefined ? "" : `<p>${title}</p><pre>${escaped(JSON.stringify(value, null, 2))}</pre>`;
}

function operationHtml(path: string, verb: string, operation: JsonSchema): string {
  const body = jsonContent(operation.requestBody);
  const answers = entriesOf(operation.responses).map(([status, response]) => {
    const description = isSchema(response) ? response.description : "";
    return `<tr><td>${escaped(status)}</td><td>${escaped(description)}</td></tr>`;
  });
  const success = entriesOf(operation.responses).find(([status]) => status === "200")?.[1];
  return `<h3 id="${escaped(operation.operationId)}"><b class="verb">${verb.toUpperCase()}</b> <code>${escaped(path)}</code></h3>
<p>${escaped(operation.summary)}. ${escaped(operation.description)}</p>
${parameterTable(operation.parameters)}${table(fieldRows(isSchema(body.schema) ? body.schema : {}))}
${exampleOf("Body", body.example)}${exampleOf("Answer", jsonContent(success).example)}
<table><tr><th>HTTP</th><th></th></tr>${answers.join("")}</table>`;
}

/** The OpenAPI document as one page of HTML: every path with its fields, answers and codes; * marks what is required. */
export function pageOf(document: JsonSchema): string {
  const operations = entriesOf(document.paths).flatMap(([path, verbs]) =>
    entriesOf(verbs).map(([verb, operation]) => ({ path, verb, operation: isSchema(operation) ? operation : {} })),
  );
  const links = operations.map(
    ({ path, verb, operation }) =>
      `<a href="#${escaped(operation.operationId)}"><b class="verb">${verb.toUpperCase()}</b> ${escaped(path)}</a>`,
  );
  const info = isSchema(document.info) ? document.info : {};
  const schemas = entriesOf(isSchema(document.components) ? document.components.schemas : {});
  const shared = schemas.map(
    ([name, schema]) =>
      `<h3 id="${escaped(name)}">${escaped(name)}</h3>${table(fieldRows(isSchema(schema) ? schema : {}))}`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(info.title)} API</title><style>${STYLE}</style></head><body>
<h1>${escaped(info.title)} API ${escaped(info.version)}</h1><p>${escaped(info.description)}</p>
<p>The same for machines: <a href="/openapi.json">/openapi.json</a>. Every call but these and /healthz needs <code>Authorization: Bearer &lt;token&gt;</code>.</p>
<nav>${links.join("\n")}</nav>
<h2>Paths</h2>${operations.map(({ path, verb, operation }) => operationHtml(path, verb, operation)).join("\n")}
<h2>Shared schemas</h2>${shared.join("\n")}
</body></html>`;
}
