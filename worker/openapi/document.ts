import { z } from "zod";
import { JobId } from "../../protocol/words.ts";
import { ClusterId } from "../clusters/registering.ts";
import type { ErrorKind } from "../errors.ts";
import { changesJobs } from "../route-rules.ts";
import { type Components, entriesOf, isSchema, type JsonSchema, jsonSchemaOf, queryFieldOf } from "./json-schema.ts";
import { OPERATIONS, type Operation } from "./operations.ts";
import { refusalResponses } from "./refusals.ts";

/** A route as app.ts has it: its verbs and its path. */
export type DocumentedRoute = readonly [verbs: readonly string[], path: string, ...rest: unknown[]];

/** One place of a path in the document: the path, the verb, and where the job's id is. */
type Place = { path: string; verb: string; operation: Operation; isChange: boolean; idIn: "path" | "fields" | null };

const API_REFUSALS: readonly ErrorKind[] = ["unauthorized", "ipIllegal", "limitedFlow", "decode", "unknown"];
const BODY_REFUSALS: readonly ErrorKind[] = ["bodyUnreadable", "bodyTooLarge", "bodyUndecodable", "overtime"];

const JOB_ID = jsonSchemaOf(JobId, "input", new Map());
const CLUSTER = jsonSchemaOf(ClusterId, "input", new Map());
const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "Same key and equal JSON: the same job. Valid for one token and path, as long as the job's index row is kept.",
  // Quoted or bare (draft-ietf-httpapi-idempotency-key-header-07).
  schema: { type: "string", pattern: '^("([ !#-\\[\\]-~]|\\\\["\\\\])+"|[!#-+\\--~]+)$', maxLength: 255 },
};

const LAST_EVENT_ID = {
  name: "Last-Event-ID",
  in: "header",
  description: "The id of the last event that was received.",
  schema: { type: "string" },
};

/** The OpenAPI 3.1 document of these routes. A route that nothing is written about is left out; a test finds it. */
export function openApiDocument(routes: readonly DocumentedRoute[]): JsonSchema {
  const components: Components = new Map();
  const paths: Record<string, JsonSchema> = {};
  for (const place of routes.flatMap(placesOf)) {
    paths[place.path] = { ...paths[place.path], [place.verb.toLowerCase()]: operationOf(place, components) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Watchbell",
      version: "0.1.0",
      description:
        "Delayed Kubernetes Jobs. Every answer is an envelope; success is code 0 and HTTP 200. Paths that end in an id take it in the path, or `job_id` stands there and the id is in the body or the query.",
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: Object.fromEntries(components),
      securitySchemes: { token: { type: "http", scheme: "bearer" }, joinToken: { type: "http", scheme: "bearer" } },
    },
  };
}

function placesOf([verbs, path]: DocumentedRoute): Place[] {
  const operation = OPERATIONS[path];
  if (operation === undefined) return [];
  const jobId = /:job_id\??/;
  const isChange = changesJobs(verbs, path);
  const forms: [string, Place["idIn"]][] = jobId.test(path)
    ? [
        [path.replace(jobId, "{job_id}"), "path"],
        [path.replace(jobId, "job_id"), "fields"],
      ]
    : [[path.replace(/:(\w+)/g, "{$1}"), null]];
  return forms.flatMap(([form, idIn]) => verbs.map((verb) => ({ path: form, verb, operation, isChange, idIn })));
}

function operationOf(place: Place, components: Components): JsonSchema {
  const { operation, verb, path } = place;
  const isApi = path.startsWith("/api/") || path === "/metrics";
  const hasBody = verb === "POST" && fieldsOf(place) !== null;
  const refusals = [...ownRefusals(place), ...(isApi ? API_REFUSALS : []), ...(hasBody ? BODY_REFUSALS : [])];
  if (place.isChange) refusals.push("serverClosed");
  const parameters = [...pathParameters(path), ...(hasBody ? [] : queryParameters(place, components))];
  if (operation.takesIdempotencyKey) parameters.push(IDEMPOTENCY_KEY);
  if (operation.takesLastEventId) parameters.push(LAST_EVENT_ID);
  return {
    operationId: operationIdOf(place),
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody && { requestBody: requestBodyOf(place, components) }),
    responses: { ...successOf(operation, components), ...refusalResponses(refusals) },
    security: isApi ? [{ token: [] }] : path.startsWith("/relay/") ? [{ joinToken: [] }] : [],
  };
}

/** A query's value is 100 where a body's is 104; an id in the middle of a path can't be left out. */
function ownRefusals({ operation, verb, path, idIn }: Place): ErrorKind[] {
  const { refusals } = operation;
  const isOneOrOther = refusals.includes("invalidParameter");
  return refusals.filter((kind) => {
    if (kind === "verifyJob") return !(verb === "GET" && isOneOrOther);
    return !(kind === "jobIdMissing" && idIn === "path" && !path.endsWith("}"));
  });
}

/** Such as `post_once_job_describe`; `_by_field` where the id is in the body or the query. */
function operationIdOf({ path, verb, idIn }: Place): string {
  const words =
    path
      .replace(/^\/api/, "")
      .replace(/\/(\{\w+\}|job_id)(?=\/|$)/, "")
      .match(/[a-z_]+/g) ?? [];
  return [verb.toLowerCase(), ...words, ...(idIn === "fields" ? ["by_field"] : [])].join("_");
}

/** The fields of body or query, the id among them where the path has the literal `job_id`. */
function fieldsOf({ operation, idIn }: Place): z.ZodObject | null {
  if (idIn !== "fields" || operation.fields === null) return operation.fields;
  return operation.fields.extend({ job_id: JobId });
}

function pathParameters(path: string): JsonSchema[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return names.map((name) => ({ name, in: "path", required: true, schema: name === "cluster" ? CLUSTER : JOB_ID }));
}

function queryParameters(place: Place, components: Components): JsonSchema[] {
  const fields = fieldsOf(place);
  if (fields === null) return [];
  const { properties, required } = jsonSchemaOf(fields, "input", components);
  return entriesOf(properties).map(([name, field]) => {
    const { description, ...schema } = queryFieldOf(isSchema(field) ? field : {});
    const isRequired = Array.isArray(required) && required.includes(name);
    return { name, in: "query", required: isRequired, ...(description !== undefined && { description }), schema };
  });
}

function requestBodyOf(place: Place, components: Components): JsonSchema {
  const { operation, idIn } = place;
  const fields = fieldsOf(place) ?? z.object({});
  const example = operation.example?.fields;
  return {
    required: operation.isBodyNeeded || idIn === "fields",
    content: {
      "application/json": {
        schema: jsonSchemaOf(fields, "input", components),
        ...(example !== undefined && idIn !== "fields" && { example }),
      },
    },
  };
}

function successOf({ answer, example }: Operation, components: Components): Record<string, JsonSchema> {
  if ("status" in answer) return { [answer.status]: { description: "The WebSocket." } };
  if ("media" in answer) return { 200: { description: "The document.", content: { [answer.media]: {} } } };
  if ("events" in answer) {
    const content = { "text/event-stream": { schema: { type: "string" }, example: answer.events } };
    return { 200: { description: "The events.", content } };
  }
  const envelope = z.strictObject({
    code: z.literal(0),
    cause: z.literal(""),
    error_msg: z.literal(""),
    data: answer.data,
  });
  const schema = jsonSchemaOf(envelope, "output", components);
  const data = example && { example: { code: 0, cause: "", error_msg: "", data: example.data } };
  return { 200: { description: "Success.", content: { "application/json": { schema, ...data } } } };
}
