import { readFileSync } from "node:fs";
import { z } from "zod";

const Line = z.looseObject({
  requestReceivedTimestamp: z.string(),
  verb: z.string(),
  requestURI: z.string(),
  objectRef: z.looseObject({ resource: z.string(), name: z.string().optional() }).optional(),
  responseStatus: z.looseObject({ code: z.number() }).optional(),
});

/** A Job create that the API server took, by its own clock: epoch ms with its microseconds as fraction. */
export type JobCreate = { name: string; receivedAt: number; code: number };

/** Every Job create in the API server's audit log (the honest clock for "when did it arrive"). */
export function jobCreates(auditLogPath: string): JobCreate[] {
  const lines = readFileSync(auditLogPath, "utf8").split("\n");
  // The last line may be half written.
  lines.pop();
  return lines.flatMap((text) => {
    const line = Line.parse(JSON.parse(text));
    if (line.verb !== "create" || line.objectRef?.resource !== "jobs") return [];
    const code = line.responseStatus?.code ?? 0;
    return [{ name: line.objectRef.name ?? "", receivedAt: parseMicros(line.requestReceivedTimestamp), code }];
  });
}

/** `Date.parse` drops what is below a millisecond. */
function parseMicros(timestamp: string): number {
  const fraction = /\.(\d{1,6})/.exec(timestamp)?.[1] ?? "";
  return Date.parse(timestamp.replace(/\.\d+/, "")) + Number(fraction.padEnd(6, "0")) / 1_000;
}
