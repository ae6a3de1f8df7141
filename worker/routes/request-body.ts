import type { Context } from "hono";
import { ApiError } from "../errors.ts";
import { isDeeperThan } from "../jobs/merge-patch.ts";

/** Bodies above this are refused (contract, part 2). */
const MAX_BODY_BYTES = 256 * 1024;
/** Lists and objects inside each other: no field needs half of it, and what walks a value must end. */
const MAX_DEPTH = 64;
/** A body must have arrived within this (contract, part 2). */
const BODY_TIMEOUT_MS = 30_000;

/** A request's body as a JSON object; a missing one is 102, what is no JSON object 103. */
export async function readJsonObject(c: Context): Promise<Record<string, unknown>> {
  const body = await readOptionalJsonObject(c);
  if (body === null) throw new ApiError("bodyUnreadable", "The request has no body; it must be a JSON object.");
  return body;
}

/** A request's body as a JSON object, or null where there is none; GET and HEAD have none. */
export async function readOptionalJsonObject(c: Context): Promise<Record<string, unknown> | null> {
  const bytes = await readBytes(c.req.raw);
  if (bytes.length === 0) return null;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (error) {
    throw new ApiError(
      "bodyUndecodable",
      `The body is not JSON in UTF-8: ${error instanceof Error ? error.message : ""}.`,
    );
  }
  if (!isObject(value)) {
    throw new ApiError("bodyUndecodable", `The body is ${kindOf(value)}; it must be a JSON object.`);
  }
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw new ApiError("bodyUndecodable", `The body is nested more than ${MAX_DEPTH} levels deep.`);
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

function tooLarge(): ApiError {
  return new ApiError("bodyTooLarge", `The body has more than ${MAX_BODY_BYTES} bytes, the limit.`);
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  // The header is only a hint that saves reading: what arrives is counted all the same.
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<"timeout">((resolve) => {
    timer = setTimeout(() => resolve("timeout"), BODY_TIMEOUT_MS);
  });
  try {
    return await readAll(reader, timeout);
  } catch (error) {
    // Nobody reads on; a cancel that fails changes nothing about the answer.
    reader.cancel().catch(() => undefined);
    throw error instanceof ApiError ? error : new ApiError("bodyUnreadable", "The body was cut off before its end.");
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  timeout: Promise<"timeout">,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = await Promise.race([reader.read(), timeout]);
    if (next === "timeout") {
      throw new ApiError("overtime", `The body did not arrive within ${BODY_TIMEOUT_MS / 1_000} seconds.`);
    }
    if (next.done) break;
    length += next.value.byteLength;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(next.value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
