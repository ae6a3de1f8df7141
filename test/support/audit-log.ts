import { readFileSync } from "node:fs";
import { z } from "zod";

const Line = z.looseObject({
  user: z.looseObject({ username: z.string() }).optional(),
  requestReceivedTimestamp: z.string(),
  verb: z.string(),
  requestURI: z.string(),
  objectRef: z
    .looseObject({ resource: z.string(), subresource: z.string().optional(), name: z.string().optional() })
    .optional(),
  responseStatus: z.looseObject({ code: z.number() }).optional(),
});

/** A Job create that the API server took, by its own clock: epoch ms with its microseconds as fraction. */
export type JobCreate = { name: string; receivedAt: number; code: number };

/** One answered request: `what` is its verb with the resource, such as `get pods/log`, or its path where it names none. */
export type AuditedCall = { user: string; what: string; name: string; receivedAt: number; code: number };

/** Every request that somebody made, watches when they end. */
export function auditedCalls(auditLogPath: string, user: string): AuditedCall[] {
  return readLines(auditLogPath)
    .filter((line) => line.user?.username === user)
    .map(({ verb, objectRef, requestURI, requestReceivedTimestamp, responseStatus }) => ({
      user,
      what: `${verb} ${[objectRef?.resource ?? requestURI, objectRef?.subresource].filter(Boolean).join("/")}`,
      name: objectRef?.name ?? "",
      receivedAt: parseMicros(requestReceivedTimestamp),
      code: responseStatus?.code ?? 0,
    }));
}

/** Every Job create in the API server's audit log (the honest clock for "when did it arrive"). */
export function jobCreates(auditLogPath: string): JobCreate[] {
  return readLines(auditLogPath).flatMap((line) => {
    if (line.verb !== "create" || line.objectRef?.resource !== "jobs") return [];
    const code = line.responseStatus?.code ?? 0;
    return [{ name: line.objectRef.name ?? "", receivedAt: parseMicros(line.requestReceivedTimestamp), code }];
  });
}

function readLines(auditLogPath: string): z.infer<typeof Line>[] {
  const lines = readFileSync(auditLogPath, "utf8").split("\n");
  // The last line may be half written.
  lines.pop();
  return lines.map((text) => Line.parse(JSON.parse(text)));
}

/** `Date.parse` drops what is below a millisecond. */
function parseMicros(timestamp: string): number {
  const fraction = /\.(\d{1,6})/.exec(timestamp)?.[1] ?? "";
  return Date.parse(timestamp.replace(/\.\d+/, "")) + Number(fraction.padEnd(6, "0")) / 1_000;
}
