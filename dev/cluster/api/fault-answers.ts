import { type Answer, failureAnswer, jsonAnswer, textAnswer } from "./answer.ts";
import { badRequest, expired, methodNotAllowed } from "./failures.ts";
import { type FaultAction, FaultRule, type Faults } from "./faults.ts";
import { isJsonObject, type Json, textAt } from "./json.ts";
import type { StreamFault } from "./watch-streams.ts";

/** Where fault injection is served with --faults. */
export const faultsPath = "/watchbell/faults";

const reasons: Record<number, string> = {
  401: "Unauthorized",
  403: "Forbidden",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** What a fault answers in place of the handler, at a moment of the request; undefined: nothing at that moment. */
export function faultAnswer(action: FaultAction, isWatch: boolean, moment: "before" | "after"): Answer | undefined {
  if (action.kind === "expire") {
    const isNow = moment === "before" && !isWatch;
    return isNow ? failureAnswer(expired("too old resource version: fault injection")) : undefined;
  }
  if (action.kind !== "answer" || (action.isAfterWrite === true) !== (moment === "after")) return undefined;
  const headers: Record<string, string> = {};
  if (action.retryAfterSeconds !== undefined) headers["retry-after"] = String(action.retryAfterSeconds);
  // Priority and fairness answers plain text, no Status object.
  if (action.code === 429)
    return textAnswer(429, "Too many requests, please try again later.\n", { "retry-after": "1", ...headers });
  const message =
    action.code === 504 ? "request did not complete within the allotted timeout" : "injected by a fault rule";
  const failure = { code: action.code, reason: reasons[action.code] ?? "InternalError", message };
  const answer = failureAnswer(failure);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/**
 * Serves fault injection over HTTP: GET lists the rules, POST adds one (or, as `{ openWatches: freeze|drop|expire, path }`, hits the
 * watches that are open now, or `{ expireVersions: true }`), DELETE clears them.
 */
export function answerFaultRequest(faults: Faults, method: string, body: Json | undefined): Answer {
  if (method === "GET")
    return jsonAnswer(200, { rules: faults.list().map(({ rule, hits }) => ({ rule: plain(rule), hits })) });
  if (method === "DELETE") {
    faults.clear();
    return jsonAnswer(200, { rules: [] });
  }
  if (method !== "POST") return failureAnswer(methodNotAllowed());
  if (isJsonObject(body) && body.expireVersions === true) {
    faults.expireVersions();
    return jsonAnswer(200, { hits: 0 });
  }
  const streamFault = streamFaultOf(textAt(body, "openWatches"));
  if (streamFault !== undefined)
    return jsonAnswer(200, { hits: faults.onOpenWatches(streamFault, textAt(body, "path")) });
  const rule = FaultRule.safeParse(body);
  if (!rule.success) return failureAnswer(badRequest(`no fault rule: ${rule.error.issues[0]?.message ?? ""}`));
  try {
    faults.add(rule.data);
  } catch (error) {
    return failureAnswer(badRequest(`path is no regular expression: ${error instanceof Error ? error.message : ""}`));
  }
  return jsonAnswer(201, { rules: faults.list().length });
}

function streamFaultOf(text: string): StreamFault | undefined {
  return text === "freeze" || text === "drop" || text === "expire" ? text : undefined;
}

function plain(rule: FaultRule): Json {
  const copy: Json = JSON.parse(JSON.stringify(rule));
  return copy;
}
