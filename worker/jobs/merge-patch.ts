/** What is no list: the only thing that a merge patch merges. */
export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object, neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Applies a JSON merge patch (RFC 7396, section 2): objects merge, null removes, all else, lists too, takes the place of what
 * was there. Pure: neither argument changes. Recursive, so the caller bounds the patch's depth.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map<string, unknown>(isJsonObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  // Defines its keys rather than assigning them: a patch may name `__proto__`.
  return Object.fromEntries(merged);
}

/** Whether objects and lists stand in each other more than `levels` deep; never recurses deeper than that itself. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
