import { type ErrorKind, refusalFacts } from "../errors.ts";
import type { JsonSchema } from "./json-schema.ts";

/** When each refusal is answered (contract, part 2). */
const WHEN: Record<ErrorKind, string> = {
  invalidParameter: "a value of the query, the path or a header is wrong",
  unauthorized: "no token, or a wrong one",
  forbidden: "a token without that right",
  notFound: "there is no such route or cluster",
  wrongVerb: "the path has no such verb; the header Allow names those it has",
  upgradeRequired: "it needs Upgrade: websocket",
  jobIdMissing: "no job id was given",
  jobUnknown: "there is no such job or run",
  bodyUnreadable: "the body is missing, or was cut off",
  bodyTooLarge: "the body has more than 256 KiB",
  ipIllegal: "the caller's address is not on the allow-list",
  bodyUndecodable: "the body is not JSON, not an object, or nested too deeply",
  overtime: "the body did not arrive within 30 s",
  verifyJob: "a field of the body is invalid; cause names field and value",
  limitedFlow: "too many requests; the header Retry-After says when to come back",
  alreadyExists: "the name is taken, or the Idempotency-Key is another body's or a deleted job's",
  serverClosed: "the installation is draining and takes no changes to jobs; Retry-After says when to ask again",
  unknownRoute: "route names no registered cluster",
  unknown: "anything else; the details are in the log",
  decode: "the query is not percent-encoded UTF-8, or a stored value can't be read",
  encode: "the answer can't be encoded; the details are in the log",
  publish: "the timer could not be armed; nothing was stored",
  genJob: "the Kubernetes Job can't be built",
  deleteTimeout: "the cluster has not confirmed within 15 s; what was asked for goes on",
  jobSubmitted: "submitted and not yet created: only with force; or, for a rerun, not finished",
  deleteRefused: "the cluster refused the deletion; cause carries its words",
};

/** The responses of these refusals, by HTTP status; refusals of one status share a response. */
export function refusalResponses(kinds: readonly ErrorKind[]): Record<string, JsonSchema> {
  const byStatus = new Map<number, ErrorKind[]>();
  for (const kind of new Set(kinds)) {
    const { status } = refusalFacts(kind);
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  const responses = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(responses.map(([status, ofStatus]) => [String(status), responseOf(ofStatus)]));
}

function responseOf(kinds: readonly ErrorKind[]): JsonSchema {
  const facts = kinds.map((kind) => ({ ...refusalFacts(kind), when: WHEN[kind] }));
  const schema = {
    type: "object",
    properties: {
      code: { enum: [...new Set(facts.map(({ code }) => code))] },
      cause: { type: "string", minLength: 1 },
      error_msg: { enum: [...new Set(facts.map(({ errorMsg }) => errorMsg))] },
      data: { type: "null" },
    },
    required: ["code", "cause", "error_msg", "data"],
    additionalProperties: false,
  };
  return {
    description: facts.map(({ code, errorMsg, when }) => `${code} ${errorMsg}: ${when}.`).join(" "),
    content: { "application/json": { schema } },
    ...(kinds.some((kind) => kind === "limitedFlow" || kind === "serverClosed") && {
      headers: { "Retry-After": { schema: { type: "string" } } },
    }),
  };
}
