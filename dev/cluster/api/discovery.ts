import { type Answer, failureAnswer, jsonAnswer, textAnswer } from "./answer.ts";
import { noSuchPath } from "./failures.ts";
import type { JsonObject } from "./json.ts";
import { resources } from "./resources.ts";

/** The version that /version names: what this server behaves like, marked as ours. */
export const gitVersion = "v1.36.3+watchbell";

const version: JsonObject = {
  major: "1",
  minor: "36",
  gitVersion,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-11-24T00:00:00Z",
  goVersion: `node${process.versions.node}`,
  compiler: "v8",
  platform: `${process.platform}/${process.arch}`,
};

/** Paths that anybody may read, as system:public-info-viewer allows on a real cluster. */
export const publicPaths = ["/version", "/version/", "/healthz", "/livez", "/readyz"];

/** Answers the paths that are no resource: health, version, discovery. */
export function answerDiscovery(path: string, host: string): Answer {
  const trimmed = path.length > 1 ? path.replace(/\/$/, "") : path;
  switch (trimmed) {
    case "/healthz":
    case "/livez":
    case "/readyz":
      return textAnswer(200, "ok");
    case "/version":
      return jsonAnswer(200, version);
    case "/api":
      return jsonAnswer(200, {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: host }],
      });
    case "/apis":
      return jsonAnswer(200, { kind: "APIGroupList", apiVersion: "v1", groups: [batchGroup] });
    case "/apis/batch":
      return jsonAnswer(200, { kind: "APIGroup", apiVersion: "v1", ...batchGroup });
    case "/api/v1":
      return jsonAnswer(200, resourceList("", "v1"));
    case "/apis/batch/v1":
      return jsonAnswer(200, resourceList("batch", "batch/v1"));
    case "/":
      return jsonAnswer(200, { paths: ["/api", "/api/v1", "/apis", "/apis/batch", "/apis/batch/v1", ...publicPaths] });
    default:
      return failureAnswer(noSuchPath());
  }
}

const batchVersion = { groupVersion: "batch/v1", version: "v1" };
const batchGroup: JsonObject = { name: "batch", versions: [batchVersion], preferredVersion: batchVersion };

function resourceList(group: string, groupVersion: string): JsonObject {
  const list: JsonObject[] = [];
  for (const resource of resources.filter((one) => one.group === group)) {
    const shared = { namespaced: resource.isNamespaced };
    list.push({
      name: resource.plural,
      singularName: resource.singular,
      ...shared,
      kind: resource.kind,
      verbs: resource.verbs,
      ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
      ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    });
    for (const { name, kind, verbs } of resource.subresources) {
      list.push({ name: `${resource.plural}/${name}`, singularName: "", ...shared, kind, verbs });
    }
  }
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: list };
}
