import type { ServerResponse } from "node:http";
import { type Answer, failureAnswer } from "./answer.ts";
import type { ApiContext } from "./context.ts";
import { badRequest, expired } from "./failures.ts";
import type { JsonObject, KubeObject } from "./json.ts";
import { requestMatcher } from "./reading.ts";
import type { RequestInfo } from "./request-info.ts";
import { apiVersionOf } from "./resources.ts";
import type { Matcher } from "./selectors.ts";
import { statusObject } from "./status.ts";
import type { Change, Entry } from "./store.ts";
import { tableText, wantsTable } from "./tables.ts";

/** Time between bookmarks, ms (cacher.go, defaultBookmarkFrequency). */
const bookmarkEveryMs = 60_000;
/** A watch without timeoutSeconds lives 30 to 60 minutes (--min-request-timeout). */
const minimumLifeMs = 1_800_000;

/** What a watch is asked for beside its path. */
export type WatchRequest = { info: RequestInfo; accept: string; isInternal: boolean; isExpiredByFault: boolean };

/** Starts a watch on a response that it then owns; a refusal is answered instead. */
export function startWatch(context: ApiContext, request: WatchRequest, response: ServerResponse): Answer | undefined {
  const matcher = requestMatcher(request.info);
  if (!matcher.ok) return failureAnswer(matcher.failure);
  const versionText = request.info.query.get("resourceVersion") ?? "";
  const fromVersion = versionText === "" ? 0 : Number(versionText);
  if (!Number.isInteger(fromVersion) || fromVersion < 0) {
    return failureAnswer(badRequest(`invalid resource version "${versionText}"`));
  }
  new Watch(context, request, response, matcher.value).start(fromVersion);
  return undefined;
}

class Watch {
  readonly #context: ApiContext;
  readonly #request: WatchRequest;
  readonly #response: ServerResponse;
  readonly #matches: Matcher;
  readonly #isTable: boolean;
  #isFrozen = false;

  constructor(context: ApiContext, request: WatchRequest, response: ServerResponse, matches: Matcher) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#matches = matches;
    this.#isTable = wantsTable(request.accept);
  }

  start(fromVersion: number): void {
    const { store, watches } = this.#context;
    const { info } = this.#request;
    this.#response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    this.#response.flushHeaders();
    if (this.#request.isExpiredByFault) {
      this.#expire(fromVersion);
      return;
    }
    const isInitial = fromVersion === 0 || info.query.get("sendInitialEvents") === "true";
    if (isInitial) this.#sendState();
    else {
      const missed = store.changesSince(info.resource, fromVersion);
      if (missed === undefined) {
        this.#expire(fromVersion);
        return;
      }
      for (const change of missed) this.#sendChange(change);
    }
    const stop = store.follow(info.resource, (change) => this.#sendChange(change));
    const asked = Number(info.query.get("timeoutSeconds") ?? 0) * 1000;
    const end = setTimeout(() => this.#finish(), asked > 0 ? asked : minimumLifeMs * (1 + Math.random()));
    const bookmarks = setInterval(() => this.#sendBookmark(false), bookmarkEveryMs);
    this.#response.on("close", () => {
      stop();
      clearTimeout(end);
      clearInterval(bookmarks);
    });
    watches.add({
      path: info.path,
      isInternal: this.#request.isInternal,
      response: this.#response,
      expire: () => this.#expire(fromVersion),
      freeze: () => {
        this.#isFrozen = true;
      },
    });
  }

  /** Without a version a watch begins with the present state as ADDED events. */
  #sendState(): void {
    const { info } = this.#request;
    for (const entry of this.#context.store.list(info.resource, info.namespace)) {
      if (this.#matches(entry.object)) this.#send("ADDED", entry);
    }
    if (info.query.get("sendInitialEvents") === "true") this.#sendBookmark(true);
  }

  /** An object that begins or ceases to match the selector appears or disappears for this watch. */
  #sendChange(change: Change): void {
    const wasIn = change.before !== undefined && this.#matches(change.before.object);
    const isIn = change.type !== "DELETED" && this.#matches(change.entry.object);
    if (isIn) this.#send(wasIn ? "MODIFIED" : "ADDED", change.entry);
    else if (wasIn) this.#send("DELETED", change.entry);
  }

  #send(type: string, entry: Entry): void {
    const { resource } = this.#request.info;
    const object = this.#isTable
      ? tableText(resource, [entry.object], entry.version, "", this.#context.now())
      : entry.json;
    this.#write(`{"type":"${type}","object":${object}}\n`);
  }

  #sendBookmark(isInitialEnd: boolean): void {
    if (this.#request.info.query.get("allowWatchBookmarks") !== "true") return;
    const { resource } = this.#request.info;
    const annotations: JsonObject = isInitialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
    const metadata = { resourceVersion: String(this.#context.store.version), ...annotations };
    const object: KubeObject = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
    this.#write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
  }

  #expire(version: number): void {
    const message = `too old resource version: ${version} (${this.#context.store.version})`;
    this.#write(`${JSON.stringify({ type: "ERROR", object: statusObject(expired(message)) })}\n`);
    this.#response.end();
  }

  #finish(): void {
    if (this.#isFrozen) return;
    this.#sendBookmark(false);
    this.#response.end();
  }

  #write(line: string): void {
    if (!this.#isFrozen && !this.#response.writableEnded) this.#response.write(line);
  }
}
