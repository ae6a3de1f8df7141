import { type Answer, failureAnswer, jsonAnswer } from "./answer.ts";
import { noSuchPath } from "./failures.ts";
import type { JsonObject } from "./json.ts";
import { apiVersionOf, type Resource, resources } from "./resources.ts";

/**
 * Answers the little of OpenAPI v3 that kubectl asks for before it creates something: whether this server checks fields itself
 * (`fieldValidation`), in which case kubectl leaves that to the server. No schemas: `kubectl explain` does not work.
 */
export function answerOpenApi(path: string): Answer {
  if (path === "/openapi/v3") {
    const urls = {
      "api/v1": { serverRelativeURL: "/openapi/v3/api/v1" },
      "apis/batch/v1": { serverRelativeURL: "/openapi/v3/apis/batch/v1" },
    };
    return jsonAnswer(200, { paths: urls });
  }
  if (path === "/openapi/v3/api/v1") return jsonAnswer(200, document(""));
  if (path === "/openapi/v3/apis/batch/v1") return jsonAnswer(200, document("batch"));
  return failureAnswer(noSuchPath());
}

function document(group: string): JsonObject {
  const paths: JsonObject = {};
  for (const resource of resources.filter((one) => one.group === group)) paths[pathOf(resource)] = operations(resource);
  return {
    openapi: "3.0.0",
    info: { title: "Watchbell's embedded cluster", version: "v1" },
    paths,
    components: { schemas: {} },
  };
}

function pathOf(resource: Resource): string {
  const root = resource.group === "" ? "/api/v1" : `/apis/${apiVersionOf(resource)}`;
  const scope = resource.isNamespaced ? "/namespaces/{namespace}" : "";
  return `${root}${scope}/${resource.plural}/{name}`;
}

function operations(resource: Resource): JsonObject {
  const parameters = ["fieldValidation", "dryRun"].map((name) => ({ name, in: "query", schema: { type: "string" } }));
  const kind = { group: resource.group, kind: resource.kind, version: resource.version };
  return { patch: { "x-kubernetes-group-version-kind": kind, parameters, responses: {} } };
}
