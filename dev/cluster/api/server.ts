import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { type Answer, failureAnswer } from "./answer.ts";
import { type AuditLog, preciseNow } from "./audit.ts";
import type { Authenticator } from "./authenticator.ts";
import { readBody } from "./body.ts";
import type { ApiContext } from "./context.ts";
import { answerDiscovery, publicPaths } from "./discovery.ts";
import { badRequest, methodNotAllowed, noSuchPath } from "./failures.ts";
import { answerFaultRequest, faultAnswer, faultsPath } from "./fault-answers.ts";
import type { FaultAction, Faults } from "./faults.ts";
import type { Json } from "./json.ts";
import { answerCreate, answerDelete, answerDeleteCollection, answerPatch, answerUpdate } from "./mutating.ts";
import { answerOpenApi } from "./openapi.ts";
import { answerBinding, startLog } from "./pods.ts";
import { answerGet, answerList } from "./reading.ts";
import { type RequestInfo, requestInfo } from "./request-info.ts";
import { startWatch } from "./watching.ts";

/** What the HTTP side of the API server is made of. */
export type ApiServerOptions = {
  context: ApiContext;
  faults: Faults;
  /** Serves fault injection over HTTP too. */
  isFaultPathOpen: boolean;
  authenticator: Authenticator;
  audit: AuditLog | undefined;
  tls: { key: string; cert: string };
};

/** One request on its way: what it asks for and what is noted about it. */
type Call = {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  user: string;
  isInternal: boolean;
  info: RequestInfo | undefined;
  body: Json | undefined;
};

/** Builds the HTTPS server; it does not listen yet. */
export function createApiServer(options: ApiServerOptions): Server {
  const server = createServer({ ...options.tls, keepAliveTimeout: 120_000 }, (request, response) => {
    const receivedAt = preciseNow();
    serve(options, request, response, receivedAt).catch((error: unknown) => {
      // A bug of ours must not take the cluster down, and must not pass unseen either.
      console.error(`cluster: ${request.method} ${request.url} failed:`, error);
      if (!response.headersSent)
        send(response, failureAnswer({ code: 500, reason: "InternalError", message: String(error) }));
      else response.destroy();
    });
  });
  return server;
}

async function serve(
  options: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  receivedAt: number,
): Promise<void> {
  const url = new URL(request.url ?? "/", "https://127.0.0.1");
  const caller = options.authenticator(request.headers.authorization);
  const info = requestInfo(request.method ?? "GET", url);
  const call: Call = {
    request,
    response,
    url,
    user: caller?.name ?? "system:anonymous",
    isInternal: caller?.isInternal ?? false,
    info,
    body: undefined,
  };
  const audit = options.audit;
  if (audit !== undefined) {
    response.on("close", () => {
      audit.record({ request, info, user: call.user, code: response.statusCode, receivedAt, body: call.body });
    });
  }
  if (caller === undefined && !publicPaths.includes(url.pathname)) {
    return send(response, failureAnswer({ code: 401, reason: "Unauthorized", message: "Unauthorized" }));
  }
  if (/protobuf|cbor/.test(request.headers["content-type"] ?? "")) {
    const message = "the body of the request was in an unknown format - accepted media types include: application/json";
    return send(response, failureAnswer({ code: 415, reason: "UnsupportedMediaType", message }));
  }
  const body = await readBody(request);
  if (!body.ok) return send(response, failureAnswer(body.failure));
  call.body = body.value;
  if (options.isFaultPathOpen && url.pathname === faultsPath) {
    return send(response, answerFaultRequest(options.faults, request.method ?? "GET", call.body));
  }
  const verb = info?.verb ?? (request.method ?? "GET").toLowerCase();
  const { delayMs, action } = options.faults.meet(verb, url.pathname, call.isInternal);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (!response.destroyed) await carryOut(options, call, action);
}

/** Carries the request out, with a fault before, instead of, or after it. */
async function carryOut(options: ApiServerOptions, call: Call, action: FaultAction | undefined): Promise<void> {
  const { response } = call;
  const isWatch = call.info?.verb === "watch";
  if (action?.kind === "freeze" && !isWatch) return;
  if (action?.kind === "drop" && action.isAfterWrite !== true) {
    response.destroy();
    return;
  }
  const early = action === undefined ? undefined : faultAnswer(action, isWatch, "before");
  if (early !== undefined) return send(response, early);
  const answer = await answerFor(options, call, action);
  if (action?.kind === "drop") {
    response.destroy();
    return;
  }
  if (answer === undefined) {
    if (action?.kind === "freeze") options.context.watches.freeze(response);
    return;
  }
  const late = action === undefined ? undefined : faultAnswer(action, isWatch, "after");
  send(response, late ?? answer);
}

/** Every route on one page. Undefined: the handler owns the response (a stream). */
async function answerFor(
  options: ApiServerOptions,
  call: Call,
  action: FaultAction | undefined,
): Promise<Answer | undefined> {
  const { context } = options;
  const { info, response, body, request } = call;
  if (info === undefined) {
    if (call.url.pathname.startsWith("/openapi/")) return answerOpenApi(call.url.pathname);
    return answerDiscovery(call.url.pathname, request.headers.host ?? "");
  }
  const timeout = info.query.get("timeout");
  if (timeout !== null && !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(timeout)) {
    return failureAnswer(
      badRequest(`invalid timeout specified in the request URL - parse error: time: invalid duration "${timeout}"`),
    );
  }
  if (info.subresource !== "" && !info.resource.subresources.some((one) => one.name === info.subresource)) {
    return failureAnswer(noSuchPath());
  }
  const accept = request.headers.accept ?? "";
  switch (info.verb) {
    case "get":
      return info.subresource === "log" ? startLog(context, info, response) : answerGet(context, info, accept);
    case "list":
      return answerList(context, info, accept);
    case "watch":
      return startWatch(
        context,
        { info, accept, isInternal: call.isInternal, isExpiredByFault: action?.kind === "expire" },
        response,
      );
    case "create":
      if (body === undefined) return failureAnswer(badRequest("the request has no body"));
      if (info.subresource === "binding") return answerBinding(context, info, body);
      return info.name === "" ? answerCreate(context, info, body) : failureAnswer(methodNotAllowed());
    case "update":
      return answerUpdate(context, info, body ?? null);
    case "patch":
      return answerPatch(context, info, body ?? null, request.headers["content-type"] ?? "");
    case "delete":
      return answerDelete(context, info, body);
    case "deletecollection":
      return answerDeleteCollection(context, info, body);
    default:
      return failureAnswer(methodNotAllowed());
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(answer.code, {
    "content-type": answer.contentType,
    "content-length": Buffer.byteLength(answer.body),
    ...answer.headers,
  });
  response.end(answer.body);
}
