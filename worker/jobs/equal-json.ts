import { hexOf, sha256 } from "../sha256.ts";

/**
 * A JSON value as one text that is the same for equal values: keys in order, no white space. For values of JSON.parse whose
 * nesting is bounded (request-body.ts refuses deeper ones).
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(",")}}`;
}

/** SHA-256 of a JSON value, hexadecimal: equal for equal values, however they were written. */
export async function jsonHash(value: unknown): Promise<string> {
  return hexOf(await sha256(canonicalJson(value)));
}
