import type { IncomingMessage } from "node:http";
import { badRequest } from "./failures.ts";
import type { Json } from "./json.ts";
import { type Result, refused, success } from "./status.ts";

/** The largest request body, bytes (apiserver's MaxRequestBodyBytes). */
const bodyLimitBytes = 3 * 1024 * 1024;

/** Reads a request's JSON body; undefined where it has none, 413 above 3 MiB, 400 where it is no JSON. */
export async function readBody(request: IncomingMessage): Promise<Result<Json | undefined>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= bodyLimitBytes) chunks.push(chunk);
  }
  if (bytes > bodyLimitBytes) {
    const message = `Request entity too large: limit is ${bodyLimitBytes}`;
    return refused({ code: 413, reason: "RequestEntityTooLarge", message });
  }
  if (bytes === 0) return success(undefined);
  try {
    const parsed: Json = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return success(parsed);
  } catch (error) {
    return refused(
      badRequest(`the request body is no JSON: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
}
