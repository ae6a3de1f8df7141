import { sha256 } from "../sha256.ts";

/** 32 letters and digits, so that five random bits choose one; those that are mistaken for others are left out. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const JOB_ID_LENGTH = 26;
/** Ids given within one millisecond. */
const IDS_PER_MS = 2_048;
/** Ids of later moments, in 2109, are no longer exact in a double. */
const MAX_ID_AT = 2 ** 42 - 1;

let lastRowId = 0;

/** A new job id: 130 random bits as 26 lower-case letters and digits, a valid Kubernetes label value. */
export function newJobId(): string {
  return letters(crypto.getRandomValues(new Uint8Array(JOB_ID_LENGTH)));
}

/**
 * The id of the job that a create with an Idempotency-Key makes: a hash of all that the key is valid for, so that a retry
 * finds its job without a table of keys (design, "Creating"). `place`: in the batch; null outside of one.
 */
export async function jobIdOfKey(request: {
  tokenId: string;
  path: string;
  key: string;
  place: number | null;
}): Promise<string> {
  const { tokenId, path, key, place } = request;
  const hash = await sha256(JSON.stringify([tokenId, path, key, place]));
  return letters(hash.subarray(0, JOB_ID_LENGTH));
}

function letters(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join("");
}

/** A new job's integer id: rises with time (`now`, epoch ms), unique within the isolate, exact in a double until 2109. */
export function newRowId(now: number): number {
  lastRowId = Math.max(lastRowId + 1, now * IDS_PER_MS);
  return lastRowId;
}

/** The moment an integer id was given, epoch ms: lists find a range of times as a range of ids, without an index of their own. */
export function rowIdGivenAt(id: number): number {
  return Math.floor(id / IDS_PER_MS);
}

/** The least integer id given at that moment (epoch ms, infinite too) or later. */
export function firstRowIdAt(at: number): number {
  return Math.min(Math.max(Math.ceil(at), 0), MAX_ID_AT) * IDS_PER_MS;
}
