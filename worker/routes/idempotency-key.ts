import type { Context } from "hono";
import { ApiError } from "../errors.ts";
import type { IdempotencyKey } from "../jobs/create-job.ts";
import { shown } from "../jobs/sentences.ts";
import type { AppEnv } from "./job-request.ts";

const MAX_KEY_LENGTH = 255;
/** A String of Structured Fields (RFC 9651, 3.3.3), the form that the draft asks for. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** The form most clients send all the same; without blanks and commas, since two headers arrive as one with a comma. */
const BARE = /^[!#-+\--~]+$/;

/**
 * Reads the header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07, 2.1), quoted or bare, which is the same
 * key; null: there is none. A malformed one is 100: like a query, it is no part of the job. `path` the key is valid for.
 */
export function readIdempotencyKey(c: Context<AppEnv>, path: string): IdempotencyKey | null {
  const header = c.req.header("idempotency-key")?.trim();
  if (header === undefined) return null;
  const key = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, "$1") ?? BARE.exec(header)?.[0] ?? "";
  if (key === "" || key.length > MAX_KEY_LENGTH) {
    const rule = `1 to ${MAX_KEY_LENGTH} printable ASCII characters, in double quotes where it has blanks, commas or quotes`;
    throw new ApiError("invalidParameter", `The header Idempotency-Key ${shown(header)} must be one key of ${rule}.`);
  }
  return { tokenId: c.get("tokenId"), path, key };
}
