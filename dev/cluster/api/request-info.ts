import { findResource, type Resource } from "./resources.ts";

/** What a request is about, as authorisation, audit and fault rules see it (apiserver's RequestInfo). */
export type RequestInfo = {
  /** Kubernetes verb: create, get, list, watch, update, patch, delete, deletecollection. */
  verb: string;
  path: string;
  query: URLSearchParams;
  resource: Resource;
  namespace: string;
  name: string;
  subresource: string;
};

const base = /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))\/(.+)$/;

/** Reads a request's verb and object; undefined where the path is no resource of this server. */
export function requestInfo(method: string, url: URL): RequestInfo | undefined {
  const match = base.exec(url.pathname);
  if (match === null) return undefined;
  const group = match[2] ?? "";
  const version = match[1] ?? match[3] ?? "";
  const parts = (match[4] ?? "").split("/").map(decodeURIComponent);
  // `namespaces/x/pods` is in a namespace; `namespaces/x` and `namespaces/x/status` are the namespace itself.
  const inNamespace = parts[0] === "namespaces" && findResource(group, version, parts[2] ?? "") !== undefined;
  const [plural = "", name = "", subresource = "", ...rest] = inNamespace ? parts.slice(2) : parts;
  const resource = findResource(group, version, plural);
  if (resource === undefined || rest.length > 0 || (inNamespace && !resource.isNamespaced)) return undefined;
  const isWatch = ["1", "true"].includes(url.searchParams.get("watch") ?? "") && method === "GET" && subresource === "";
  const info = { path: url.pathname, query: url.searchParams, resource, name, subresource };
  return { ...info, namespace: inNamespace ? (parts[1] ?? "") : "", verb: verbOf(method, name !== "", isWatch) };
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): string {
  switch (method) {
    case "GET":
    case "HEAD":
      return isWatch ? "watch" : isNamed ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return isNamed ? "delete" : "deletecollection";
    default:
      return method.toLowerCase();
  }
}
