/** One kind of object that this API server keeps. */
export type Resource = {
  /** API group; empty for the core group. */
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  isNamespaced: boolean;
  shortNames: string[];
  verbs: string[];
  /** Sub-paths with the kind and verbs that discovery names. */
  subresources: { name: string; kind: string; verbs: string[]; group?: string; version?: string }[];
  /** Groups of resources kubectl asks for together (`kubectl get all`). */
  categories: string[];
};

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const status = (kind: string) => ({ name: "status", kind, verbs: ["get", "patch", "update"] });

function core(plural: string, kind: string, rest: Partial<Resource>): Resource {
  return {
    group: "",
    version: "v1",
    plural,
    singular: kind.toLowerCase(),
    kind,
    isNamespaced: true,
    shortNames: [],
    verbs: allVerbs,
    subresources: [],
    categories: [],
    ...rest,
  };
}

/** Every resource, in the order discovery lists them; adding one here serves it, with no validation of its own. */
export const resources: Resource[] = [
  core("events", "Event", { shortNames: ["ev"] }),
  core("namespaces", "Namespace", {
    isNamespaced: false,
    shortNames: ["ns"],
    verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
    subresources: [status("Namespace"), { name: "finalize", kind: "Namespace", verbs: ["update"] }],
  }),
  core("nodes", "Node", { isNamespaced: false, shortNames: ["no"], subresources: [status("Node")] }),
  core("pods", "Pod", {
    shortNames: ["po"],
    categories: ["all"],
    subresources: [
      status("Pod"),
      { name: "binding", kind: "Binding", verbs: ["create"] },
      { name: "log", kind: "Pod", verbs: ["get"] },
    ],
  }),
  core("jobs", "Job", {
    group: "batch",
    categories: ["all"],
    subresources: [status("Job")],
  }),
];

/** `v1` or `batch/v1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Finds a resource by group, version and plural; undefined where this server has none. */
export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return resources.find((r) => r.group === group && r.version === version && r.plural === plural);
}

function required(group: string, plural: string): Resource {
  const found = findResource(group, "v1", plural);
  if (found === undefined) throw new Error(`the resource table lacks ${plural}`);
  return found;
}

/** The namespaces resource, which every create in a namespace looks up. */
export const namespaces: Resource = required("", "namespaces");
