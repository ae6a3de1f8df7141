import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** Applies a JSON merge patch (RFC 7386): null removes, objects merge, all else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Lists that Kubernetes merges by a key, of the kinds served here; every other list is replaced. */
const mergeKeys: Record<string, string> = {
  conditions: "type",
  addresses: "type",
  ownerReferences: "uid",
  containers: "name",
  initContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  ports: "containerPort",
};

/** Lists of plain values that merge as sets. */
const mergedSets = ["finalizers"];

/** Applies a strategic merge patch, as far as the kinds served here need: keyed lists, `$patch: delete`, `$deleteFromPrimitiveList`. */
export function strategicMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  if (patch.$patch === "replace") return withoutDirectives(patch);
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$deleteFromPrimitiveList/")) removeFromSet(result, key.slice(key.indexOf("/") + 1), value);
    else if (key.startsWith("$")) continue;
    else if (value === null) delete result[key];
    else result[key] = mergeMember(key, result[key], value);
  }
  return result;
}

function mergeMember(key: string, current: Json | undefined, value: Json): Json {
  if (!Array.isArray(value)) return strategicMergePatch(current, value);
  const before = Array.isArray(current) ? current : [];
  if (mergedSets.includes(key)) return [...new Set([...before, ...value])];
  const mergeKey = mergeKeys[key];
  return mergeKey === undefined ? value : mergeKeyed(before, value, mergeKey);
}

function mergeKeyed(before: Json[], patch: Json[], mergeKey: string): Json[] {
  const merged = [...before];
  for (const item of patch) {
    if (!isJsonObject(item)) continue;
    const index = merged.findIndex((old) => isJsonObject(old) && old[mergeKey] === item[mergeKey]);
    if (item.$patch === "delete") {
      if (index >= 0) merged.splice(index, 1);
    } else if (index >= 0) merged[index] = strategicMergePatch(merged[index], item);
    else merged.push(withoutDirectives(item));
  }
  return merged;
}

function removeFromSet(result: JsonObject, key: string, gone: Json): void {
  const current = result[key];
  if (Array.isArray(current) && Array.isArray(gone)) result[key] = current.filter((item) => !gone.includes(item));
}

function withoutDirectives(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("$")));
}
