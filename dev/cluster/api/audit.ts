import { randomUUID } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { type Json, textAt } from "./json.ts";
import type { RequestInfo } from "./request-info.ts";
import { apiVersionOf } from "./resources.ts";

/** Where one line per request goes; the file is in the real server's format (audit.k8s.io/v1, level Metadata). */
export type AuditLog = {
  record: (entry: AuditEntry) => void;
  close: () => void;
};

/** One finished request. */
export type AuditEntry = {
  request: IncomingMessage;
  info: RequestInfo | undefined;
  user: string;
  code: number;
  /** Epoch ms with microseconds behind the point. */
  receivedAt: number;
  body: Json | undefined;
};

/** Epoch ms with microseconds behind the point. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** RFC 3339 in UTC with microseconds. */
export function microTime(epochMs: number): string {
  const micros = Math.round(epochMs * 1000);
  const fraction = String(micros % 1_000_000).padStart(6, "0");
  return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** Opens the audit log for appending; lines are written at once, so that a kill -9 loses none. */
export function openAuditLog(path: string): AuditLog {
  const file = openSync(path, "a", 0o600);
  return {
    record: (entry) => {
      writeSync(file, `${JSON.stringify(auditEvent(entry))}\n`);
    },
    close: () => closeSync(file),
  };
}

function auditEvent(entry: AuditEntry): object {
  const { request, info } = entry;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: randomUUID(),
    stage: "ResponseComplete",
    requestURI: request.url,
    verb: info?.verb ?? request.method?.toLowerCase(),
    user: { username: entry.user },
    sourceIPs: [request.socket.remoteAddress],
    userAgent: request.headers["user-agent"],
    ...(info === undefined ? {} : { objectRef: objectRef(info, entry.body) }),
    responseStatus: { metadata: {}, code: entry.code },
    requestReceivedTimestamp: microTime(entry.receivedAt),
    stageTimestamp: microTime(preciseNow()),
  };
}

function objectRef(info: RequestInfo, body: Json | undefined): object {
  const group = info.resource.group;
  // The name of a create is in its body; the real log fills it in from there too.
  const name = info.name !== "" ? info.name : textAt(body, "metadata", "name");
  return {
    resource: info.resource.plural,
    ...(info.namespace === "" ? {} : { namespace: info.namespace }),
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { apiGroup: group }),
    apiVersion: apiVersionOf(info.resource).split("/").at(-1),
    ...(info.subresource === "" ? {} : { subresource: info.subresource }),
  };
}
