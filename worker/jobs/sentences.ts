import type { z } from "zod";

const MAX_SHOWN_LENGTH = 80;

/** These may hold secrets or are long: their problems name the key that is wrong, and the value is not repeated. */
const NOT_SHOWN = new Set(["metadata.envs", "metadata.labels", "metadata.annotations", "metadata.job_patch"]);

/** Turns zod's first issue with a body into one plain sentence that names field and value (contract, part 2). */
export function sentenceOf(
  issues: readonly z.core.$ZodIssue[],
  body: Record<string, unknown>,
  knownMetadataKeys: readonly string[] = [],
): string {
  const issue = issues[0];
  if (!issue) return "the body does not fit";
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const key = JSON.stringify(issue.keys[0]);
    if (field === "") return `there is no field ${key}`;
    return `${field} has the key ${key}, which is none of ${knownMetadataKeys.join(", ")}`;
  }
  const value = valueAt(body, issue.path);
  if (value === undefined) return `${field} is missing`;
  if (NOT_SHOWN.has(field)) return `${field} ${issue.message}`;
  return `${field} ${shown(value)} ${issue.message}`;
}

/** A value as a sentence shows it: JSON, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`;
}

/** What stands at a path of keys and indexes; undefined: nothing. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = new Map(Object.entries(value)).get(String(part));
  }
  return value;
}
