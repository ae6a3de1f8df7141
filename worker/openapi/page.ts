import { entriesOf, isSchema, type JsonSchema } from "./json-schema.ts";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; overflow-wrap: anywhere; }
h2 { border-bottom: 1px solid #ccc; margin-top: 3rem; } h3 { margin-top: 2.5rem; } a { color: #0550ae; }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: #f4f4f4; border-radius: 3px; padding: 0 .25em; }
pre { padding: .75em; overflow: auto; white-space: pre-wrap; } h3 code { font-size: 15px; background: none; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
td, th { border-bottom: 1px solid #ddd; padding: .3em .6em .3em 0; text-align: left; vertical-align: top; }
.fields td:nth-child(1) { width: 32%; } .fields td:nth-child(2) { width: 17%; } .fields td:nth-child(3) { width: 13%; }
.statuses td:first-child { width: 4em; } b.verb { display: inline-block; min-width: 4.8em; font-size: 13px; }
nav a { display: block; text-decoration: none; padding: .1em 0; } nav a:hover { text-decoration: underline; }
@media (max-width: 40rem) {
  .fields, .fields tbody, .fields tr { display: block; width: auto; } .fields tr { border-bottom: 1px solid #ddd; padding: .35em 0; }
  .fields tr:first-child { display: none; }
  .fields td { border: 0; padding: 0 .6em 0 0; display: inline; } .fields td:last-child { display: block; }
  .fields td:nth-child(3):not(:empty)::before { content: "default "; color: #666; }
}`;

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(value: unknown): string {
  return String(value ?? "").replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
}

/** Prose of the document: what is between backticks is code. */
function proseOf(text: unknown): string {
  return escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** A response's description, each code on a line of its own. */
function codesOf(description: unknown): string {
  return proseOf(description).replace(/\. (?=\d{3} \w+: )/g, ".<br>");
}

/** What a field may be, in a few words of HTML; a shared schema is a link to it. */
function typeText(schema: JsonSchema): string {
  if (typeof schema.$ref === "string") {
    const name = escaped(schema.$ref.split("/").at(-1));
    return `<a href="#${name}">${name}</a>`;
  }
  if (Array.isArray(schema.anyOf)) {
    return [...new Set(waysOf(schema.anyOf.filter(isSchema)).map(typeText))].join(" or ");
  }
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => escaped(JSON.stringify(value))).join(", ");
  if (schema.const !== undefined) return escaped(JSON.stringify(schema.const));
  if (schema.type === "array") return `list of ${typeText(isSchema(schema.items) ? schema.items : {})}`;
  return escaped(Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "anything"));
}

/** Empty text stands for an absent value, and null beside it too; alone null is a value. */
function waysOf(ways: readonly JsonSchema[]): readonly JsonSchema[] {
  const mayBeAbsent = ways.some((way) => way.const === "");
  return mayBeAbsent ? ways.filter((way) => way.const !== "" && way.type !== "null") : ways;
}

/** Bounds in words; those of every safe integer, which zod adds to each, say nothing. */
function rangeText({ minimum, maximum }: JsonSchema): string {
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? "" : `at most ${most}`;
}

function limitsText(schema: JsonSchema): string {
  const ways = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isSchema) : [schema];
  const words = ways.flatMap((way) => [
    rangeText(way),
    way.maxLength === undefined ? "" : `at most ${way.maxLength} characters`,
    way.maxItems === undefined ? "" : `at most ${way.maxItems}`,
  ]);
  return words.filter((word) => word !== "").join(", ");
}

function fieldRow(name: string, schema: JsonSchema, isRequired: boolean): string {
  const preset = schema.default === undefined ? "" : JSON.stringify(schema.default);
  const note = [proseOf(schema.description), escaped(limitsText(schema))].filter((part) => part !== "").join(" · ");
  return `<tr><td><code>${escaped(name)}</code>${isRequired ? " *" : ""}</td><td>${typeText(schema)}</td><td>${escaped(preset)}</td><td>${note}</td></tr>`;
}

/** The rows of an object's fields; those of an object within it follow, with its name before theirs. */
function fieldRows(schema: JsonSchema, prefix = ""): string {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return entriesOf(schema.properties)
    .map(([name, value]) => {
      const field = isSchema(value) ? value : {};
      return fieldRow(prefix + name, field, required.includes(name)) + innerRows(field, prefix + name);
    })
    .join("");
}

/** The rows of the objects that a field holds, in a list or as one of its ways. */
function innerRows(field: JsonSchema, name: string): string {
  const way = Array.isArray(field.anyOf) ? field.anyOf.filter(isSchema).find(({ properties }) => properties) : field;
  return isSchema(way?.items) ? fieldRows(way.items, `${name}[].`) : fieldRows(way ?? {}, `${name}.`);
}

function table(rows: string): string {
  return (
    rows && `<table class="fields"><tr><th>field</th><th>type</th><th>default</th><th>meaning</th></tr>${rows}</table>`
  );
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
    return `<tr><td>${escaped(status)}</td><td>${codesOf(description)}</td></tr>`;
  });
  const success = jsonContent(entriesOf(operation.responses).find(([status]) => status === "200")?.[1]);
  const answer =
    isSchema(success.schema) && isSchema(success.schema.properties) ? success.schema.properties.data : null;
  const data = isSchema(answer) ? table(fieldRow("data", answer, true) + innerRows(answer, "data")) : "";
  return `<h3 id="${escaped(operation.operationId)}"><b class="verb">${verb.toUpperCase()}</b> <code>${escaped(path)}</code></h3>
<p>${proseOf(operation.summary)}. ${proseOf(operation.description)}</p>
${parameterTable(operation.parameters)}${table(fieldRows(isSchema(body.schema) ? body.schema : {}))}
${exampleOf("Body", body.example)}${data && `<p>Answer</p>${data}`}${exampleOf("Such as", success.example)}
<table class="statuses"><tr><th>HTTP</th><th>code, name, when</th></tr>${answers.join("")}</table>`;
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
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(info.title)} API</title><style>${STYLE}</style></head><body>
<h1>${escaped(info.title)} API ${escaped(info.version)}</h1><p>${proseOf(info.description)}</p>
<p>The same for machines: <a href="/openapi.json">/openapi.json</a>. Every call but these and /healthz needs <code>Authorization: Bearer &lt;token&gt;</code>.</p>
<nav>${links.join("\n")}</nav>
<h2>Paths</h2>${operations.map(({ path, verb, operation }) => operationHtml(path, verb, operation)).join("\n")}
<h2>Shared schemas</h2>${shared.join("\n")}
</body></html>`;
}
