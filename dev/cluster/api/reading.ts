import { type Answer, failureAnswer, rawAnswer } from "./answer.ts";
import type { ApiContext } from "./context.ts";
import { badRequest, expired, notFound } from "./failures.ts";
import type { RequestInfo } from "./request-info.ts";
import { apiVersionOf } from "./resources.ts";
import { fieldMatcher, labelMatcher, type Matcher } from "./selectors.ts";
import { type Result, refused, success } from "./status.ts";
import type { Entry } from "./store.ts";
import { tableText, wantsTable } from "./tables.ts";

/** Builds the filter of a list or watch from its labelSelector, fieldSelector and namespace. */
export function requestMatcher(info: RequestInfo): Result<Matcher> {
  const labels = labelMatcher(info.query.get("labelSelector") ?? "");
  if (!labels.ok) return labels;
  const fields = fieldMatcher(info.resource.plural, info.query.get("fieldSelector") ?? "");
  if (!fields.ok) return fields;
  const namespace = info.namespace;
  return success(
    (object) =>
      (namespace === "" || object.metadata.namespace === namespace) && labels.value(object) && fields.value(object),
  );
}

/** Answers one object. */
export function answerGet(context: ApiContext, info: RequestInfo, accept: string): Answer {
  const entry = context.store.get(info.resource, info.namespace, info.name);
  if (entry === undefined) return failureAnswer(notFound(info.resource, info.name));
  if (!wantsTable(accept)) return rawAnswer(200, entry.json);
  return rawAnswer(200, tableText(info.resource, [entry.object], context.store.version, "", context.now()));
}

/** Answers a list: selectors, limit and continue. A page is read from the present state, not from a snapshot. */
export function answerList(context: ApiContext, info: RequestInfo, accept: string): Answer {
  const matcher = requestMatcher(info);
  if (!matcher.ok) return failureAnswer(matcher.failure);
  const start = continueFrom(context, info.query.get("continue") ?? "");
  if (!start.ok) return failureAnswer(start.failure);
  const limit = Number(info.query.get("limit") ?? 0);
  if (!Number.isInteger(limit) || limit < 0)
    return failureAnswer(badRequest(`invalid limit: "${info.query.get("limit")}"`));
  const all = context.store.list(info.resource, info.namespace).filter((entry) => matcher.value(entry.object));
  const left = start.value === "" ? all : all.filter((entry) => positionOf(entry) > start.value);
  const page = limit > 0 ? left.slice(0, limit) : left;
  const last = page.at(-1);
  const token = last === undefined || page.length === left.length ? "" : continueToken(context.store.version, last);
  const version = context.store.version;
  if (wantsTable(accept)) {
    const objects = page.map((entry) => entry.object);
    return rawAnswer(200, tableText(info.resource, objects, version, token, context.now()));
  }
  const remaining = left.length - page.length;
  const metadata = JSON.stringify({
    resourceVersion: String(version),
    ...(token === "" ? {} : { continue: token, remainingItemCount: remaining }),
  });
  const head = `{"kind":"${info.resource.kind}List","apiVersion":"${apiVersionOf(info.resource)}","metadata":${metadata}`;
  return rawAnswer(200, `${head},"items":[${page.map((entry) => entry.json).join(",")}]}`);
}

/** Where an entry stands in list order; a NUL sorts before every character of a name. */
function positionOf(entry: Entry): string {
  return `${entry.namespace}\0${entry.name}`;
}

function continueToken(version: number, last: Entry): string {
  return Buffer.from(JSON.stringify([version, positionOf(last)])).toString("base64url");
}

function continueFrom(context: ApiContext, token: string): Result<string> {
  if (token === "") return success("");
  const parts = parseToken(token);
  if (parts === undefined) return refused(badRequest("continue key is not valid"));
  // A token is honoured as long as a watch from its version would be.
  if (!context.store.remembers(parts.version)) {
    return refused(expired("The provided continue parameter is too old to display a consistent list result."));
  }
  return success(parts.position);
}

function parseToken(token: string): { version: number; position: string } | undefined {
  try {
    const [version, position]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString());
    if (typeof version === "number" && typeof position === "string") return { version, position };
  } catch {
    // Not ours: refused below like any other malformed token.
  }
  return undefined;
}
