import { isDeepStrictEqual } from "node:util";
import { badRequest, conflict, invalid } from "./failures.ts";
import { at, isJsonObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, textAt } from "./json.ts";
import { jobCauses, jobUpdateCauses, withJobDefaults } from "./kinds/job.ts";
import { podCauses, podUpdateCauses, withPodDefaults } from "./kinds/pod.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import { type Cause, type Failure, type Result, refused, success } from "./status.ts";
import { invalidValue, metadataCauses } from "./validation.ts";
import { wireTypeError } from "./wire-types.ts";

/** What a write takes from outside: the moment, an id, and a random tail for generated names. */
export type WriteContext = { now: string; uid: string; nameTail: string };

/** A pod's generated name: its base cut to 58, then 5 random characters (apiserver names/generate.go). */
const generatedBaseLength = 58;

/** Builds the object that a create stores: checked, with defaults, uid and time. */
export function newObject(
  resource: Resource,
  namespace: string,
  given: Json,
  context: WriteContext,
): Result<KubeObject> {
  if (!isJsonObject(given)) return refused(badRequest("the request body is no JSON object"));
  const body = withoutNulls(given);
  const mismatch = typeMismatch(resource, namespace, body);
  if (mismatch !== undefined) return refused(mismatch);
  const wrongType = wireTypeError(body, resource.kind);
  if (wrongType !== undefined) {
    const message = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${wrongType}`;
    return refused(badRequest(message));
  }
  const { generateName, ...rest } = objectAt(body, "metadata");
  const base = typeof generateName === "string" ? generateName.slice(0, generatedBaseLength) : "";
  const ownName = textAt(body, "metadata", "name");
  const name = ownName !== "" || base === "" ? ownName : base + context.nameTail;
  const metadata: JsonObject = {
    ...rest,
    ...(base === "" ? {} : { generateName: textAt(body, "metadata", "generateName") }),
    name,
    ...(resource.isNamespaced ? { namespace } : {}),
    uid: context.uid,
    creationTimestamp: context.now,
    ...(resource.kind === "Job" || resource.kind === "Pod" ? { generation: 1 } : {}),
  };
  // A caller can't create an object that is already on its way out, nor choose its version.
  for (const key of ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"])
    delete metadata[key];
  const object = withDefaults({ ...body, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata });
  const causes = causesOf(object);
  return causes.length === 0 ? success(object) : refused(invalid(resource, name, causes));
}

/** Null stands for "absent" on the wire: a Go struct decodes to its zero value. */
function withoutNulls(object: JsonObject): JsonObject {
  const plain = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(plain);
    return isJsonObject(value) ? withoutNulls(value) : value;
  };
  const kept = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, plain(value)]));
}

function typeMismatch(resource: Resource, namespace: string, body: JsonObject): Failure | undefined {
  const wanted = apiVersionOf(resource);
  const isOtherKind = body.kind !== undefined && body.kind !== resource.kind;
  if (isOtherKind || (body.apiVersion !== undefined && body.apiVersion !== wanted)) {
    const given = `${textAt(body, "apiVersion")}, Kind=${textAt(body, "kind")}`;
    return badRequest(
      `the object provided (${given}) does not match the expected type (${wanted}, Kind=${resource.kind})`,
    );
  }
  const own = textAt(body, "metadata", "namespace");
  if (resource.isNamespaced && own !== "" && own !== namespace) {
    return badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return undefined;
}

function withDefaults(object: KubeObject): KubeObject {
  switch (object.kind) {
    case "Job":
      return withJobDefaults(object);
    case "Pod":
      return withPodDefaults(object);
    case "Namespace":
      return {
        ...object,
        metadata: {
          ...object.metadata,
          labels: {
            ...objectAt(object, "metadata", "labels"),
            "kubernetes.io/metadata.name": textAt(object, "metadata", "name"),
          },
        },
        spec: { finalizers: ["kubernetes"] },
        status: { phase: "Active" },
      };
    default:
      return object;
  }
}

function causesOf(object: KubeObject): Cause[] {
  if (object.kind === "Job") return jobCauses(object);
  if (object.kind === "Pod") return podCauses(object);
  return metadataCauses(object, object.kind === "Namespace");
}

/**
 * Builds the object that an update or patch stores. `part` says which half the request may change: the main resource leaves the
 * status alone, the status sub-resource leaves all else alone. Answers the same object where nothing changed.
 */
export function changedObject(
  resource: Resource,
  before: KubeObject,
  wanted: Json,
  part: "main" | "status",
): Result<KubeObject> {
  if (!isJsonObject(wanted)) return refused(badRequest("the patched object is no JSON object"));
  const name = textAt(before, "metadata", "name");
  const wrongType = wireTypeError(wanted, resource.kind);
  if (wrongType !== undefined) return refused(badRequest(wrongType));
  const identity = identityFailure(resource, before, wanted);
  if (identity !== undefined) return refused(identity);
  const after: KubeObject =
    part === "status"
      ? { ...before, status: wanted.status ?? {} }
      : {
          ...before,
          ...wanted,
          apiVersion: before.apiVersion,
          kind: before.kind,
          metadata: keptMetadata(before, wanted),
        };
  if (part === "main") {
    if (before.status !== undefined) after.status = before.status;
    const causes = updateCauses(before, after);
    if (causes.length > 0) return refused(invalid(resource, name, causes));
    if (!isDeepStrictEqual(before.spec, after.spec) && typeof before.metadata.generation === "number") {
      after.metadata.generation = before.metadata.generation + 1;
    }
  }
  return success(isDeepStrictEqual(before, after) ? before : after);
}

function identityFailure(resource: Resource, before: KubeObject, wanted: JsonObject): Failure | undefined {
  const name = textAt(before, "metadata", "name");
  for (const field of ["uid", "name", "namespace"]) {
    const value = textAt(wanted, "metadata", field);
    if (value === "" || value === textAt(before, "metadata", field)) continue;
    return invalid(resource, name, [invalidValue(`metadata.${field}`, value, "field is immutable")]);
  }
  const version = textAt(wanted, "metadata", "resourceVersion");
  if (version !== "" && version !== textAt(before, "metadata", "resourceVersion")) {
    return conflict(
      resource,
      name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  }
  return undefined;
}

/** Metadata that only the server sets is taken from the stored object whatever the request says. */
function keptMetadata(before: KubeObject, wanted: JsonObject): JsonObject {
  const metadata: JsonObject = { ...objectAt(wanted, "metadata") };
  const owned = ["name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion", "generateName"];
  for (const key of [...owned, "deletionTimestamp", "deletionGracePeriodSeconds"]) {
    const value = before.metadata[key];
    if (value === undefined) delete metadata[key];
    else metadata[key] = value;
  }
  if (Array.isArray(metadata.finalizers) && metadata.finalizers.length === 0) delete metadata.finalizers;
  return metadata;
}

function updateCauses(before: KubeObject, after: KubeObject): Cause[] {
  const causes = newFinalizerCauses(before, after);
  if (after.kind === "Job") return [...causes, ...jobUpdateCauses(before, after)];
  if (after.kind === "Pod") return [...causes, ...podUpdateCauses(before, after)];
  return [...causes, ...metadataCauses(after, after.kind === "Namespace")];
}

function newFinalizerCauses(before: KubeObject, after: KubeObject): Cause[] {
  if (before.metadata.deletionTimestamp === undefined) return [];
  const had = listAt(before, "metadata", "finalizers");
  const added = listAt(after, "metadata", "finalizers").filter((one) => !had.includes(one));
  if (added.length === 0) return [];
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [{ reason: "FieldValueForbidden", message, field: "metadata.finalizers" }];
}

/** Says whether an object that is being deleted has nothing left to wait for: no finalizer, and no grace still running. */
export function isFreeToGo(object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined) return false;
  if (listAt(object, "metadata", "finalizers").length > 0) return false;
  if (object.kind === "Namespace" && listAt(object, "spec", "finalizers").length > 0) return false;
  return at(object, "metadata", "deletionGracePeriodSeconds") === 0;
}
