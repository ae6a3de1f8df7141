import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { ROUTES } from "../../../worker/app.ts";
import { openApiDocument } from "../../../worker/openapi/document.ts";
import { entriesOf, isSchema, type JsonSchema } from "../../../worker/openapi/json-schema.ts";
import { OPERATIONS } from "../../../worker/openapi/operations.ts";
import { call, callRaw } from "../routes/api.ts";

const DOCUMENT = openApiDocument(ROUTES);

function operationAt(path: string, verb: string): JsonSchema {
  const found = entriesOf(DOCUMENT.paths).find(([name]) => name === path)?.[1];
  const operation = isSchema(found) ? found[verb] : undefined;
  if (!isSchema(operation)) throw new Error(`no ${verb} ${path} in the document`);
  return operation;
}

/** The schema of a request's body or of the answer's data, without the indirection to a component. */
function bodySchema(path: string): JsonSchema {
  return schemaIn(operationAt(path, "post").requestBody);
}

function dataSchema(path: string, verb = "post"): JsonSchema {
  const { responses } = operationAt(path, verb);
  return field(schemaIn(isSchema(responses) ? responses["200"] : {}), "data");
}

function schemaIn(holder: unknown): JsonSchema {
  const content = isSchema(holder) ? holder.content : {};
  const json = isSchema(content) ? content["application/json"] : {};
  return resolved(isSchema(json) ? json.schema : {});
}

function resolved(schema: unknown): JsonSchema {
  if (!isSchema(schema)) return {};
  if (typeof schema.$ref !== "string") return schema;
  const name = schema.$ref.replace("#/components/schemas/", "");
  const { components } = DOCUMENT;
  const schemas = isSchema(components) && isSchema(components.schemas) ? components.schemas : {};
  expect(schemas).toHaveProperty(name);
  return resolved(schemas[name]);
}

function field(schema: JsonSchema, name: string): JsonSchema {
  return resolved(isSchema(schema.properties) ? schema.properties[name] : {});
}

/** The types a schema allows, those of its ways too; integer for what only integers fit. */
function typesOf(schema: JsonSchema): string[] {
  if (Array.isArray(schema.anyOf)) return schema.anyOf.flatMap((way) => typesOf(resolved(way)));
  const values = Array.isArray(schema.enum) ? schema.enum : "const" in schema ? [schema.const] : null;
  if (values) return values.map((value) => (Number.isInteger(value) ? "integer" : typeof value));
  return Array.isArray(schema.type) ? schema.type : [String(schema.type)];
}

describe("the document", () => {
  it("has every route of the API, with its verbs and both forms of an id, and no other", () => {
    const routes = ROUTES.flatMap(([verbs, path]) => {
      const jobId = /:job_id\??/;
      const forms = jobId.test(path)
        ? [path.replace(jobId, "{job_id}"), path.replace(jobId, "job_id")]
        : [path.replace(/:(\w+)/, "{$1}")];
      return forms.flatMap((form) => verbs.map((verb) => `${verb} ${form}`));
    });

    const documented = entriesOf(DOCUMENT.paths).flatMap(([path, verbs]) =>
      entriesOf(verbs).map(([verb]) => `${verb.toUpperCase()} ${path}`),
    );

    expect(documented.sort()).toEqual(routes.sort());
    expect(Object.keys(OPERATIONS).sort()).toEqual(ROUTES.map(([, path]) => path).sort());
  });

  it("names every operation once, and every component it refers to", () => {
    const ids = entriesOf(DOCUMENT.paths).flatMap(([, verbs]) =>
      entriesOf(verbs).map(([, operation]) => (isSchema(operation) ? operation.operationId : null)),
    );
    const text = JSON.stringify(DOCUMENT);

    expect(new Set(ids).size).toBe(ids.length);
    expect(text).not.toMatch(/\$defs|"json":|"absent":/);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(DOCUMENT).toHaveProperty(["components", "schemas", String(name)]);
    }
  });

  it.each(Object.entries(OPERATIONS))("has an example of %s that fits its own schemas", (_path, operation) => {
    if (operation.example === undefined || !("data" in operation.answer)) return;
    const { fields, data } = operation.example;

    expect(problemsOf(operation.answer.data, data)).toEqual([]);
    if (fields !== undefined && operation.fields !== null) expect(problemsOf(operation.fields, fields)).toEqual([]);
  });

  it("says of every call to the API what it answers without a token, and to too many", () => {
    for (const [path, verbs] of entriesOf(DOCUMENT.paths)) {
      if (!path.startsWith("/api/")) continue;
      for (const [, operation] of entriesOf(verbs)) {
        expect(operation).toMatchObject({
          security: [{ token: [] }],
          responses: { 401: {}, 403: {}, 429: {}, 500: {} },
        });
      }
    }
  });

  it("is answered without a token, and so is its page", async () => {
    const answer = await callRaw("/openapi.json", { method: "GET", token: null });
    const page = await callRaw("/docs", { method: "GET", token: null });

    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(DOCUMENT)));
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect((await call("/openapi.json", { method: "POST", token: null })).status).toBe(405);
  });

  it("is a page that needs nothing from elsewhere and leaves out no path", async () => {
    const html = await (await callRaw("/docs", { method: "GET", token: null })).text();

    expect(html).not.toMatch(/<script|<link|src=|url\(|https?:\/\//i);
    for (const [path] of entriesOf(DOCUMENT.paths)) expect(html).toContain(`<code>${path}</code>`);
    for (const word of ["starting_deadline_seconds", "metadata.ttl_seconds_after_finished", "105"]) {
      expect(html).toContain(word);
    }
  });

  it("is a page for small screens too, whose links all lead somewhere, with the fields of every answer", async () => {
    const html = await (await callRaw("/docs", { method: "GET", token: null })).text();

    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);

    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    expect(links.length).toBeGreaterThan(ids.size);
    expect(links.filter((id) => !ids.has(id))).toEqual([]);
    for (const field of ["data.outcome", "data[].error_msg", "data[].data.job_id"])
      expect(html).toContain(`<code>${field}</code>`);
    expect(html).toContain("<code>slot_at</code> *</td><td>integer or null</td>");
    expect(html).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });

  function problemsOf(schema: z.ZodType, value: unknown): unknown[] {
    return schema.safeParse(value).error?.issues ?? [];
  }
});

type FieldRow = [name: string, type: string, isRequired: boolean];

const CREATE_REQUEST: FieldRow[] = [
  ["job_name", "string", true],
  ["job_exec_time", "string", true],
  ["namespace", "string", true],
  ["image", "string", true],
  ["command", "string", true],
  ["timeout", "integer", false],
  ["metadata", "object", false],
  ["route", "string", false],
];

/** The tables of the seed: field, JSON type, whether it is required (a response's fields all are). */
const REQUESTS: Record<string, FieldRow[]> = {
  "/api/once_job/create": CREATE_REQUEST,
  "/api/once_job/update": [["job_id", "string", true], ...CREATE_REQUEST],
  "/api/once_job/delete/job_id": [["job_id", "string", true]],
  // The seed asks for both; ours have defaults.
  "/api/once_job/lists": [
    ["page_num", "integer", false],
    ["page_size", "integer", false],
  ],
  "/api/job_logs/job_id": [["job_id", "string", true]],
};

/** The metadata keys of the seed with their defaults. */
const METADATA: [key: string, preset: string | undefined][] = [
  ["labels", undefined],
  ["annotations", undefined],
  ["parallelism", "1"],
  ["completions", "1"],
  ["restart_policy", "Never"],
  ["active_deadline_seconds", undefined],
  ["backoff_limit", "1"],
  ["ttl_seconds_after_finished", "300"],
  ["envs", undefined],
  ["log_collect", "false"],
  ["args", undefined],
  ["callback_url", undefined],
];

const ONCE_JOB: [name: string, type: string][] = [
  ["id", "integer"],
  ["job_id", "string"],
  ["job_name", "string"],
  ["job_exec_time", "integer"],
  ["namespace", "string"],
  ["metadata", "string"],
  ["image", "string"],
  ["command", "string"],
  ["timeout", "integer"],
  ["job_status", "integer"],
  ["job_exec_information", "string"],
  ["job_times", "integer"],
  ["job_success_times", "integer"],
  ["create_time", "integer"],
  ["update_time", "integer"],
];

describe("the document beside the seed's tables", () => {
  it.each(Object.entries(REQUESTS).flatMap(([path, rows]) => rows.map((row) => [path, ...row] as const)))(
    "%s takes %s, of type %s, required: %s",
    (path, name, type, isRequired) => {
      const schema = bodySchema(path);

      expect(typesOf(field(schema, name))).toContain(type);
      expect(Array.isArray(schema.required) && schema.required.includes(name)).toBe(isRequired);
    },
  );

  it.each(METADATA)("metadata has %s, by default %s", (key, preset) => {
    const metadata = field(bodySchema("/api/once_job/create"), "metadata");
    const map = Array.isArray(metadata.anyOf)
      ? resolved(metadata.anyOf.find((way) => isSchema(way) && way.properties))
      : {};

    expect(typesOf(field(map, key))).toContain("string");
    expect(field(map, key).default).toBe(preset);
  });

  it.each(ONCE_JOB)("a list's OnceJob has %s, of type %s, always", (name, type) => {
    const page = dataSchema("/api/once_job/lists");
    const job = resolved(field(page, "data").items);

    expect(new Set(typesOf(field(job, name)))).toEqual(new Set([type]));
    expect(job.required).toContain(name);
    expect(job.additionalProperties).toBe(false);
  });

  it.each([
    ["total", "string"],
    ["page_num", "integer"],
    ["page_size", "integer"],
    ["data", "array"],
  ])("a list has %s, of type %s, always", (name, type) => {
    const page = dataSchema("/api/once_job/lists", "get");

    expect(typesOf(field(page, name))).toEqual([type]);
    expect(page.required).toContain(name);
  });

  it.each([
    ["id", "integer"],
    ["pod_name", "string"],
    ["run_logs", "string"],
    ["create_time", "integer"],
  ])("a log row has %s, of type %s, always", (name, type) => {
    const row = resolved(dataSchema("/api/job_logs/{job_id}").items);

    expect(typesOf(field(row, name))).toEqual([type]);
    expect(row.required).toContain(name);
  });

  it("an update answers a sentence", () => {
    expect(typesOf(dataSchema("/api/once_job/update"))).toEqual(["string"]);
  });

  it.each(["/api/once_job/create", "/api/once_job/delete/{job_id}"])("%s answers a job_id", (path) => {
    expect(typesOf(field(dataSchema(path), "job_id"))).toEqual(["string"]);
  });
});
