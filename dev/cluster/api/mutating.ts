import { type Answer, failureAnswer, jsonAnswer, rawAnswer } from "./answer.ts";
import { type ApiContext, writeContext } from "./context.ts";
import { type DeleteOptions, decideDelete, deleteOptions } from "./deleting.ts";
import { alreadyExists, badRequest, notFound } from "./failures.ts";
import { type Json, type KubeObject, textAt } from "./json.ts";
import { mergePatch, strategicMergePatch } from "./patch.ts";
import { requestMatcher } from "./reading.ts";
import type { RequestInfo } from "./request-info.ts";
import { apiVersionOf, namespaces } from "./resources.ts";
import { type Failure, type Result, refused, success } from "./status.ts";
import type { Entry } from "./store.ts";
import { changedObject, isFreeToGo, newObject } from "./writing.ts";

/** The warning that a delete of a Job without a policy gets (batch/v1 strategy). */
const orphanWarning =
  '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"';

/** Namespaces that can't be deleted (the NamespaceLifecycle admission plugin). */
const immortalNamespaces = ["default", "kube-system", "kube-public"];

/** Creates an object: 201, or why not. */
export function answerCreate(context: ApiContext, info: RequestInfo, body: Json): Answer {
  const { resource, namespace } = info;
  const denied = resource.isNamespaced ? namespaceFailure(context, namespace) : undefined;
  if (denied !== undefined) return failureAnswer(denied);
  const built = newObject(resource, namespace, body, writeContext(context));
  if (!built.ok) return failureAnswer(built.failure);
  const name = textAt(built.value, "metadata", "name");
  const existing = context.store.get(resource, namespace, name);
  if (existing !== undefined) {
    return failureAnswer(alreadyExists(resource, name, existing.object.metadata.deletionTimestamp !== undefined));
  }
  // A dry run checks everything and stores nothing.
  if (info.query.get("dryRun") === "All") return jsonAnswer(201, built.value);
  return rawAnswer(201, context.store.put(resource, built.value).json);
}

function namespaceFailure(context: ApiContext, namespace: string): Failure | undefined {
  const entry = context.store.get(namespaces, "", namespace);
  if (entry === undefined) return notFound(namespaces, namespace);
  if (entry.object.metadata.deletionTimestamp === undefined) return undefined;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const causes = [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ];
  return { code: 403, reason: "Forbidden", message, details: { name: namespace, kind: "namespaces", causes } };
}

/** Replaces (PUT) an object or its status. */
export function answerUpdate(context: ApiContext, info: RequestInfo, body: Json): Answer {
  return answerChange(context, info, () => success(body));
}

/** Patches an object or its status with a merge patch or a strategic merge patch. */
export function answerPatch(context: ApiContext, info: RequestInfo, body: Json, contentType: string): Answer {
  const type = contentType.split(";")[0]?.trim();
  switch (type) {
    case "application/merge-patch+json":
      return answerChange(context, info, (before) => success(mergePatch(before, body)));
    case "application/strategic-merge-patch+json":
      return answerChange(context, info, (before) => success(strategicMergePatch(before, body)));
    default:
      return failureAnswer({
        code: 415,
        reason: "UnsupportedMediaType",
        message: `the body of the request was in an unknown format - accepted media types include: application/merge-patch+json, application/strategic-merge-patch+json`,
      });
  }
}

type Change = (before: KubeObject) => Result<Json>;

function answerChange(context: ApiContext, info: RequestInfo, change: Change): Answer {
  const { resource, namespace, name, subresource } = info;
  const entry = context.store.get(resource, namespace, name);
  if (entry === undefined) return failureAnswer(notFound(resource, name));
  const wanted = change(entry.object);
  if (!wanted.ok) return failureAnswer(wanted.failure);
  const changed =
    subresource === "finalize"
      ? finalizedNamespace(entry.object, wanted.value)
      : changedObject(resource, entry.object, wanted.value, subresource === "status" ? "status" : "main");
  if (!changed.ok) return failureAnswer(changed.failure);
  if (changed.value === entry.object || info.query.get("dryRun") === "All") return rawAnswer(200, entry.json);
  return rawAnswer(200, storeChanged(context, info, changed.value).json);
}

/** A namespace's own finalizers lie in its spec and change through `finalize` only. */
function finalizedNamespace(before: KubeObject, wanted: Json): Result<KubeObject> {
  if (textAt(wanted, "metadata", "name") !== textAt(before, "metadata", "name")) {
    return refused(badRequest("the name of the object does not match the name on the URL"));
  }
  return success({ ...before, spec: { finalizers: [] } });
}

function storeChanged(context: ApiContext, info: RequestInfo, object: KubeObject): Entry {
  return isFreeToGo(object) ? context.store.remove(info.resource, object) : context.store.put(info.resource, object);
}

/** Deletes one object. */
export function answerDelete(context: ApiContext, info: RequestInfo, body: Json | undefined): Answer {
  const options = deleteOptions(body, info.query);
  if (!options.ok) return failureAnswer(options.failure);
  const entry = context.store.get(info.resource, info.namespace, info.name);
  if (entry === undefined) return failureAnswer(notFound(info.resource, info.name));
  const isSilent = info.resource.kind !== "Job" || options.value.propagation !== undefined;
  const answer = deleteEntry(context, info, entry, options.value);
  return isSilent ? answer : { ...answer, headers: { ...answer.headers, warning: orphanWarning } };
}

function deleteEntry(context: ApiContext, info: RequestInfo, entry: Entry, options: DeleteOptions): Answer {
  if (info.resource === namespaces && immortalNamespaces.includes(entry.name)) {
    const message = `namespaces "${entry.name}" is forbidden: this namespace may not be deleted`;
    return failureAnswer({
      code: 403,
      reason: "Forbidden",
      message,
      details: { name: entry.name, kind: "namespaces" },
    });
  }
  const decided = decideDelete(info.resource, entry.object, options, context.now());
  if (!decided.ok) return failureAnswer(decided.failure);
  if (info.query.get("dryRun") === "All") return rawAnswer(200, entry.json);
  if (decided.value.kind === "marked")
    return rawAnswer(200, context.store.put(info.resource, decided.value.object).json);
  const removed = context.store.remove(info.resource, entry.object);
  if (info.resource.kind === "Pod") return rawAnswer(200, removed.json);
  const details = {
    name: entry.name,
    ...(info.resource.group === "" ? {} : { group: info.resource.group }),
    kind: info.resource.plural,
    uid: textAt(entry.object, "metadata", "uid"),
  };
  return jsonAnswer(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
}

/** Deletes every object that the selectors match, one after the other as the real server does. */
export function answerDeleteCollection(context: ApiContext, info: RequestInfo, body: Json | undefined): Answer {
  const options = deleteOptions(body, info.query);
  if (!options.ok) return failureAnswer(options.failure);
  const matcher = requestMatcher(info);
  if (!matcher.ok) return failureAnswer(matcher.failure);
  const found = context.store.list(info.resource, info.namespace).filter((entry) => matcher.value(entry.object));
  for (const entry of found) deleteEntry(context, info, entry, options.value);
  const kind = `${info.resource.kind}List`;
  const metadata = { resourceVersion: String(context.store.version) };
  return jsonAnswer(200, {
    kind,
    apiVersion: apiVersionOf(info.resource),
    metadata,
    items: found.map((entry) => entry.object),
  });
}
