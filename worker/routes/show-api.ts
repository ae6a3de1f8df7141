import { type DocumentedRoute, openApiDocument } from "../openapi/document.ts";
import type { JsonSchema } from "../openapi/json-schema.ts";
import { pageOf } from "../openapi/page.ts";

/** Built at the first request of an isolate; the routes never change. */
let known: JsonSchema | null = null;

function documentOf(routes: readonly DocumentedRoute[]): JsonSchema {
  known ??= openApiDocument(routes);
  return known;
}

/** GET /openapi.json → the OpenAPI 3.1 document of these routes. */
export function showOpenApi(routes: readonly DocumentedRoute[]): Response {
  return Response.json(documentOf(routes));
}

/** GET /docs → the same as a page, whole in itself: it loads nothing and runs no script. */
export function showDocs(routes: readonly DocumentedRoute[]): Response {
  return new Response(pageOf(documentOf(routes)), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    },
  });
}
